//! Any payload with any outcomes, in every rendering: within its limits, valid JSON where JSON is required, no sender's
//! markup in the comment, no person's name in the log, and no user lost.

use std::time::Duration;

use evict::alert::parse;
use evict::domain::{
    Call, Correlation, Fix, Masked, Mode, Outcome, Parsed, Receipt, ReceiptUser, SessionsValidFrom,
    Story, SubjectKind, SubjectRef, TenantId, Times, WithholdReason, cut_at, log_hash, still_alive,
};
use evict::receipt::{
    AlertReport, COMMENT_LIMIT, EVENT_LIMIT, EventKey, QUEUE_MESSAGE_LIMIT, RejectedFrom, comment,
    comment_under_way, events, first_message, handover, incident_comment, log_line, rejected,
    reply_json, told_so_far, unfinished,
};
use jiff::Timestamp;
use serde_json::Value;

/// The tags that our comments use.
const TAGS: &[&str] = &[
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<ul>",
    "</ul>",
    "<li>",
    "</li>",
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<th>",
    "</th>",
    "<td>",
    "</td>",
    "<pre><code>",
    "</code></pre>",
];

/// Renders a payload whose subjects have the outcomes of the first eight bytes.
///
/// # Panics
/// A rendering breaks one of its promises.
pub fn check(bytes: &[u8]) {
    let Some((endings, body)) = bytes.split_at_checked(8) else {
        return;
    };
    let parsed = parse(body);
    let receipts: Vec<Receipt> = parsed
        .accounts()
        .iter()
        .zip(endings.iter().cycle())
        .map(|(subject, ending)| receipt(subject, *ending, body))
        .collect();
    let report = AlertReport {
        parsed: &parsed,
        receipts: &receipts,
        mode: if endings[0] % 2 == 0 {
            Mode::Enforce
        } else {
            Mode::Observe
        },
        requested_by: None,
    };
    check_comment(&comment(&report));
    check_story(&report, body);
    let reply: Value = serde_json::from_str(&reply_json(&report)).unwrap();
    assert_eq!(reply["receipts"].as_array().unwrap().len(), receipts.len());
    for receipt in &receipts {
        check_log(receipt);
    }
    check_messages(&report, body);
}

fn tenant() -> TenantId {
    "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap()
}

fn receipt(subject: &SubjectRef, ending: u8, body: &[u8]) -> Receipt {
    let said = String::from_utf8_lossy(body).into_owned();
    let outcome = if subject.kind == SubjectKind::User {
        outcome(ending, &said)
    } else {
        Outcome::NotAUser { kind: subject.kind }
    };
    let at: Timestamp = "2026-11-23T20:10:29Z".parse().unwrap();
    let was_called = matches!(outcome, Outcome::Revoked { .. } | Outcome::Failed { .. });
    let upn = subject
        .upn
        .clone()
        .filter(|_| !matches!(outcome, Outcome::NotFound));
    let mut receipt = Receipt {
        found_by: None,
        subject: Masked(subject.written()),
        subject_id: subject.id,
        subject_hash: Some(log_hash(tenant(), &subject.written())),
        user: upn.map(|user_principal_name| ReceiptUser {
            id: "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap(),
            user_principal_name,
        }),
        outcome,
        detail: ending.is_multiple_of(3).then(|| said.clone()),
        policy: ending
            .is_multiple_of(2)
            .then_some("EVICT_MAX_USERS_PER_ALERT"),
        sessions_valid_from: SessionsValidFrom::default(),
        times: Times::default(),
        source: None,
        calls: vec![
            Call {
                operation: "POST /users/{id}/revokeSignInSessions".to_owned(),
                at,
                status: Some(200),
                request_id: Some(said.clone()),
                client_request_id: None,
            };
            if was_called { usize::from(ending) } else { 0 }
        ],
        attempts: 3,
        elapsed: Duration::from_millis(412),
        at,
        requested_by: None,
        requested_by_claim: ending.is_multiple_of(5).then(|| Masked(said.clone())),
        requested_because: ending.is_multiple_of(7).then(|| Masked(said.clone())),
        incident: None,
        still_alive: Vec::new(),
        correlation: Correlation {
            alert_id: Some(said.clone()),
            message_id: Some(said.clone()),
            correlation_id: Some(said),
            invocation_id: "6ecd8c99-4036-403d-bf84-cf8400f67836".to_owned(),
            ..Correlation::default()
        },
    };
    receipt.still_alive = still_alive(&receipt.outcome, cut_at(&receipt));
    receipt
}

fn outcome(ending: u8, said: &str) -> Outcome {
    match ending % 13 {
        0 => Outcome::Revoked { verified: true },
        1 => Outcome::Revoked { verified: false },
        2 => Outcome::AlreadyCut,
        3 => Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        4 => Outcome::Withheld {
            reason: WithholdReason::Observe,
        },
        5 => Outcome::Withheld {
            reason: WithholdReason::ProtectedUser,
        },
        6 => Outcome::NotEffective {
            home_domain: Some(said.to_owned()),
        },
        7 => Outcome::NotFound,
        8 => Outcome::Ambiguous { candidates: 2 },
        9 => Outcome::Failed {
            fix: Fix::Permission,
        },
        10 => Outcome::Failed { fix: Fix::Alert },
        11 => Outcome::Deferred,
        _ => Outcome::HandedOver,
    }
}

/// The comment on an incident, before the first part and after the last.
fn check_story(report: &AlertReport<'_>, body: &[u8]) {
    let nothing = Story {
        first: first_message(EventKey::Body(body)),
        told: Vec::new(),
        left_out: 0,
        left_out_cut: 0,
    };
    let at = Timestamp::UNIX_EPOCH;
    check_comment(&incident_comment(report, &nothing, at));
    let told = told_so_far(&nothing, report.receipts);
    check_comment(&incident_comment(report, &told, at));
    let ended = report.receipts.iter().cloned().enumerate().step_by(2);
    let ended = ended.collect();
    check_comment(&comment_under_way(
        report.parsed,
        report.mode,
        &ended,
        &told,
        at,
    ));
}

/// The comment is within its limit, with our own tags alone and without invisible characters.
fn check_comment(comment: &str) {
    assert!(comment.encode_utf16().count() <= COMMENT_LIMIT);
    let mut text = comment.to_owned();
    for tag in TAGS {
        text = text.replace(tag, "");
    }
    assert!(!text.contains(['<', '>']), "{text}");
    assert!(!text.contains("://") && !text.contains("www."), "{text}");
    assert!(
        !comment.contains("\n\n"),
        "a blank line ends a block of HTML"
    );
    let hidden = |c: char| (c.is_control() && c != '\n') || evict::domain::is_invisible(c);
    assert!(!text.chars().any(hidden), "{text:?}");
}

/// A log line is one line of JSON that names users by id alone.
fn check_log(receipt: &Receipt) {
    let line = log_line(receipt, tenant());
    assert!(!line.contains('\n'));
    let value: Value = serde_json::from_str(&line).unwrap();
    for (name, value) in value.as_object().unwrap() {
        if let Some(text) = value.as_str() {
            assert!(!text.contains(['@', ' ', '<', '"', '\\']), "{name}: {text}");
            assert!(!text.starts_with(['=', '+', '-', '\t']), "{name}: {text}");
        }
    }
}

/// Events and messages: each is within its limit, and the messages contain everybody who has to go on.
fn check_messages(report: &AlertReport<'_>, body: &[u8]) {
    let events = events(
        report,
        "/evict/f6fadfa7-e5c1-4b62-9362-da5cc13da58a",
        EventKey::Body(body),
    );
    assert_eq!(events.len(), report.receipts.len());
    for event in &events {
        let value: Value = serde_json::from_str(event).unwrap();
        // In the host's form, which is longer.
        assert!(serde_json::to_string_pretty(&value).unwrap().len() <= EVENT_LIMIT);
    }
    let from = RejectedFrom {
        correlation: &report
            .receipts
            .first()
            .map_or_else(Correlation::default, |receipt| receipt.correlation.clone()),
        delivery_count: Some(10),
        at: "2026-11-23T20:10:29Z".parse().unwrap(),
    };
    let on = |is: fn(&Outcome) -> bool| {
        let on = report
            .receipts
            .iter()
            .filter(|receipt| is(&receipt.outcome));
        on.count()
    };
    let handed_over = handover(report, None);
    assert_eq!(
        users(&handed_over),
        on(|outcome| matches!(outcome, Outcome::HandedOver))
    );
    let put_back = unfinished(report, &from);
    assert_eq!(users(&put_back), on(Outcome::is_worth_putting_back));
    if let Parsed::Malformed(malformed) = report.parsed {
        for message in rejected(malformed, body, &from) {
            assert!(message.len() <= QUEUE_MESSAGE_LIMIT);
            serde_json::from_str::<Value>(&message).unwrap();
        }
    }
}

/// The number of users that messages ask for, each read as by the queue's function.
fn users(messages: &[String]) -> usize {
    let users = messages.iter().map(|message| {
        assert!(message.len() <= QUEUE_MESSAGE_LIMIT);
        match parse(message.as_bytes()) {
            Parsed::Alert(_) => {}
            other => panic!("{other:?}"),
        }
        let value: Value = serde_json::from_str(message).unwrap();
        value["users"].as_array().unwrap().len()
    });
    users.sum()
}
