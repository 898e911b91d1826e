//! Receipts as containment writes them, for the tests of their renderings.

use std::time::Duration;

use evict::domain::{
    Alert, AlertHeader, Call, Correlation, Flag, Malformed, Masked, Mode, NothingToDo,
    NothingToDoReason, Outcome, Parsed, Receipt, ReceiptUser, SessionsValidFrom, Severity, Shape,
    Subject, SubjectKind, SubjectRef, TenantId, Times, WrittenBy, cut_at, log_hash, still_alive,
};
use evict::receipt::AlertReport;
use jiff::Timestamp;

pub(crate) const INCIDENT: &str = "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn id(number: u32) -> String {
    format!("6cace4d5-19d5-4695-92e7-{number:012x}")
}

pub(crate) fn upn(upn: &str) -> SubjectRef {
    let mut subject = SubjectRef::new(SubjectKind::User);
    subject.upn = Some(upn.parse().unwrap());
    subject
}

pub(crate) fn named(kind: SubjectKind, name: &str) -> SubjectRef {
    let mut subject = SubjectRef::new(kind);
    subject.name = Some(name.to_owned());
    subject
}

pub(crate) fn tenant() -> TenantId {
    "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap()
}

/// A receipt of the `number`th user, resolved and called as its outcome requires.
pub(crate) fn receipt(number: u32, subject: &SubjectRef, outcome: Outcome) -> Receipt {
    let user = match (&subject.upn, &outcome) {
        (None, _)
        | (
            _,
            Outcome::NotFound
            | Outcome::Ambiguous { .. }
            | Outcome::NotAUser { .. }
            | Outcome::HandedOver,
        ) => None,
        (Some(upn), _) => Some(ReceiptUser {
            id: id(number).parse().unwrap(),
            user_principal_name: upn.clone(),
        }),
    };
    let was_called = matches!(outcome, Outcome::Revoked { .. });
    let before = Some(time("2026-10-01T08:00:00Z")).filter(|_| was_called);
    let sessions_valid_from = match outcome {
        Outcome::Revoked { verified } => SessionsValidFrom {
            before,
            after: if verified {
                Some(time("2026-11-23T20:10:27Z"))
            } else {
                before
            },
        },
        Outcome::AlreadyCut => SessionsValidFrom {
            before: Some(time("2026-11-23T20:10:29Z")),
            after: None,
        },
        _ => SessionsValidFrom::default(),
    };
    let calls = was_called.then(|| Call {
        operation: "POST /users/{id}/revokeSignInSessions".to_owned(),
        at: time("2026-11-23T20:10:28Z"),
        status: Some(200),
        request_id: Some("43ca8df5-daa3-4602-a019-7d1e3203d924".to_owned()),
        client_request_id: None,
    });
    let is_proved = matches!(outcome, Outcome::Revoked { verified: true });
    let is_named = user.is_some() || subject.id.is_some();
    let mut receipt = Receipt {
        found_by: None,
        subject: Masked(subject.written()),
        subject_id: subject.id.filter(|_| user.is_none()),
        subject_hash: (!is_named).then(|| log_hash(tenant(), &subject.written())),
        user,
        outcome,
        detail: None,
        policy: None,
        times: Times {
            alert_at: Some(time("2026-11-23T20:10:01Z")),
            received_at: Some(time("2026-11-23T20:10:24Z")),
            cut_at: sessions_valid_from.after.filter(|_| is_proved),
            proved_at: is_proved.then(|| time("2026-11-23T20:10:29Z")),
        },
        source: Some("sentinel-incident-trigger"),
        sessions_valid_from,
        calls: calls.into_iter().collect(),
        attempts: 3,
        elapsed: Duration::from_millis(412),
        at: time("2026-11-23T20:10:29Z"),
        requested_by: None,
        requested_by_claim: None,
        requested_because: None,
        incident: None,
        still_alive: Vec::new(),
        correlation: Correlation {
            alert_id: Some("a30f4300-bbee-4636-9d33-bc6d96f0da84".to_owned()),
            incident_id: Some(INCIDENT.to_owned()),
            message_id: Some("f2b1c2d3".to_owned()),
            correlation_id: None,
            invocation_id: "6ecd8c99-4036-403d-bf84-cf8400f67836".to_owned(),
        },
    };
    receipt.still_alive = still_alive(&receipt.outcome, cut_at(&receipt));
    receipt
}

pub(crate) fn header(shape: Shape) -> AlertHeader {
    let mut header = AlertHeader::new(shape);
    header.severity = Some("High".to_owned());
    header.alert_id = Some("a30f4300-bbee-4636-9d33-bc6d96f0da84".to_owned());
    header.incident_id = Some(INCIDENT.to_owned());
    header.tenant = Some("f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap());
    header.flagged_at = Some(time("2026-11-23T20:10:01Z"));
    header
}

/// An account that an alert flags.
pub(crate) fn flagged(account: SubjectRef) -> Subject {
    Subject {
        account,
        flag: Flag::open(WrittenBy::Machine),
    }
}

/// An account that a person asks for, with the severity of the header.
pub(crate) fn asked_for(account: SubjectRef) -> Subject {
    Subject {
        account,
        flag: Flag {
            severity: Some(Severity::High),
            ..Flag::open(WrittenBy::Person)
        },
    }
}

pub(crate) fn alert(subjects: Vec<SubjectRef>) -> Parsed {
    Parsed::Alert(Alert {
        header: header(Shape::SentinelIncidentTrigger),
        subjects: subjects.into_iter().map(flagged).collect(),
        mentioned: Vec::new(),
        unread: Vec::new(),
    })
}

pub(crate) fn nothing(reason: NothingToDoReason) -> Parsed {
    Parsed::NothingToDo(NothingToDo {
        header: AlertHeader::new(Shape::SentinelIncidentTrigger),
        subjects: Vec::new(),
        mentioned: Vec::new(),
        unread: Vec::new(),
        incident: None,
        reason,
    })
}

pub(crate) fn malformed() -> Malformed {
    Malformed {
        header: AlertHeader::new(Shape::Manual),
        path: "$.users[3]".to_owned(),
        expected: "expected a text or an object, and a number stands there".to_owned(),
    }
}

pub(crate) fn report<'a>(parsed: &'a Parsed, receipts: &'a [Receipt]) -> AlertReport<'a> {
    AlertReport {
        parsed,
        receipts,
        mode: Mode::Enforce,
        requested_by: None,
    }
}

/// `count` subjects, each with the receipt that `outcome` and `policy` give it.
pub(crate) fn crowd(
    count: u32,
    outcome: &Outcome,
    policy: Option<&'static str>,
) -> (Parsed, Vec<Receipt>) {
    let subjects: Vec<_> = (0..count)
        .map(|number| upn(&format!("user{number}@contoso.com")))
        .collect();
    let receipts = (0..count)
        .zip(&subjects)
        .map(|(number, subject)| Receipt {
            policy,
            ..receipt(number, subject, outcome.clone())
        })
        .collect();
    (alert(subjects), receipts)
}
