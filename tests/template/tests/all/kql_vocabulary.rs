//! What the handler really writes: receipts made and rendered by its own code, and the events that its sources name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evict::domain::{
    Call, Caller, Correlation, Fix, FoundBy, Masked, Outcome, Receipt, ReceiptUser,
    SessionsValidFrom, SubjectKind, Times, WithholdReason,
};
use evict::host::Function;
use evict::receipt::log_line;
use serde_json::Value;
use template::bicep::files_below;
use template::events::{Events, events_in};
use template::kql::Verdict;

/// What stands in the handler's records.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// The fields of receipts as they stand in the log.
    pub(crate) receipt_fields: BTreeSet<String>,
    /// Each event with its own fields.
    events: BTreeMap<String, BTreeSet<String>>,
    /// Fields that stand in every line, or come from the spans around an event.
    line_fields: BTreeSet<String>,
    /// For a column: the words that it can hold.
    values: BTreeMap<String, BTreeSet<String>>,
}

/// What the Functions host puts into `Properties` (Azure/azure-functions-host and azure-webjobs-sdk, `LogConstants`).
const HOST_PROPERTIES: [&str; 2] = ["InvocationId", "Category"];

impl Vocabulary {
    /// What a query reads or looks for that the handler never writes. By convention a query calls a line of the handler `Line`, a
    /// receipt `Record`, and the host's own properties keep the name of their column, `Properties`.
    pub(crate) fn strangers(&self, verdict: &Verdict) -> Vec<String> {
        let unread = verdict.fields.iter().filter_map(|field| {
            let is_known = match field.of.as_str() {
                "Line" => self.line_has(verdict, field.statement, &field.name),
                "Record" => self.receipt_fields.contains(&field.name),
                "Properties" => HOST_PROPERTIES.contains(&field.name.as_str()),
                _ => false,
            };
            let what = || {
                format!(
                    "line {}: {} has no field {}",
                    field.line, field.of, field.name
                )
            };
            (!is_known).then(what)
        });
        let unsaid = verdict.compared.iter().filter_map(|it| {
            let is_known = self.values.get(&it.column)?.contains(&it.value);
            let what = || format!("line {}: {} is never {}", it.line, it.column, it.value);
            (!is_known).then(what)
        });
        unread.chain(unsaid).collect()
    }

    /// Whether a line has a field: one of the events that its statement asks for has it, or any event if it asks for none.
    fn line_has(&self, verdict: &Verdict, statement: usize, field: &str) -> bool {
        let asked: Vec<_> = verdict
            .compared
            .iter()
            .filter(|it| it.statement == statement && it.column == "Event")
            .collect();
        let has = |name: &str| self.events.get(name).is_some_and(|own| own.contains(field));
        self.line_fields.contains(field)
            || asked.iter().any(|it| has(&it.value))
            || (asked.is_empty() && self.events.keys().any(|name| has(name)))
    }
}

const ID: &str = "6cace4d5-19d5-4695-92e7-000000000001";

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

const REASONS: [WithholdReason; 10] = [
    WithholdReason::TokenTenant,
    WithholdReason::OtherTenant,
    WithholdReason::ProtectedUser,
    WithholdReason::ProtectedGroup,
    WithholdReason::MembershipUnknown,
    WithholdReason::ProtectedGroupMissing,
    WithholdReason::BelowMinimumSeverity,
    WithholdReason::BlastRadius,
    WithholdReason::Observe,
    WithholdReason::ClearedBySource,
];

fn outcomes() -> Vec<Outcome> {
    let mut outcomes = vec![
        Outcome::Revoked { verified: true },
        Outcome::Revoked { verified: false },
        Outcome::AlreadyCut,
        Outcome::NotEffective { home_domain: None },
        Outcome::NotFound,
        Outcome::Ambiguous { candidates: 2 },
        Outcome::NotAUser {
            kind: SubjectKind::Machine,
        },
        Outcome::Failed {
            fix: Fix::Permission,
        },
        Outcome::Deferred,
        Outcome::HandedOver,
    ];
    outcomes.extend(REASONS.map(|reason| Outcome::Withheld { reason }));
    outcomes
}

/// The log line of a receipt, with everything in it that a receipt can have.
pub(crate) fn logged(outcome: Outcome, is_known: bool) -> Value {
    let known = |id: &str| is_known.then(|| id.to_owned());
    let time = |text: &str| text.parse().ok();
    let user = is_known.then(|| ReceiptUser {
        id: ID.parse().unwrap(),
        user_principal_name: "alice@contoso.com".parse().unwrap(),
    });
    let receipt = Receipt {
        found_by: Some(FoundBy::ObjectId),
        subject: Masked(ID.to_owned()),
        subject_id: (!is_known).then(|| ID.parse().unwrap()),
        subject_hash: (!is_known).then(|| ID.parse().unwrap()),
        user,
        outcome,
        detail: None,
        policy: is_known.then_some("EVICT_MAX_USERS_PER_ALERT"),
        sessions_valid_from: SessionsValidFrom {
            before: time("2026-10-01T08:00:00Z"),
            after: time("2026-11-23T20:10:27Z"),
        },
        times: Times {
            alert_at: time("2026-11-23T20:10:01Z"),
            received_at: time("2026-11-23T20:10:24Z"),
            cut_at: time("2026-11-23T20:10:27Z"),
            proved_at: time("2026-11-23T20:10:29Z"),
        },
        source: Some("sentinel-incident-trigger"),
        calls: vec![Call {
            operation: "POST /users/{id}/revokeSignInSessions".to_owned(),
            at: "2026-11-23T20:10:28Z".parse().unwrap(),
            status: Some(200),
            request_id: Some("43ca8df5-daa3-4602-a019-7d1e3203d924".to_owned()),
            client_request_id: Some("5c1f0a52-6a0e-4a6b-9a35-5e0a1c2f7b11".to_owned()),
        }],
        attempts: 3,
        elapsed: Duration::from_millis(412),
        at: "2026-11-23T20:10:29Z".parse().unwrap(),
        still_alive: Vec::new(),
        requested_by: is_known.then(|| Caller {
            object_id: ID.parse().unwrap(),
            application_id: ID.parse().ok(),
        }),
        requested_by_claim: is_known.then(|| Masked("oncall".to_owned())),
        requested_because: is_known.then(|| Masked("INC-4711".to_owned())),
        incident: None,
        correlation: Correlation {
            alert_id: known("a30f4300"),
            incident_id: known("20731ab2"),
            message_id: known("f2b1c2d3"),
            correlation_id: known("c0ffee"),
            invocation_id: "6ecd8c99".to_owned(),
        },
    };
    serde_json::from_str(&log_line(&receipt, ID.parse().unwrap())).unwrap()
}

/// The fields of a record, those within others as `outer.inner`.
fn paths(record: &Value, outer: &str, found: &mut BTreeSet<String>) {
    for (name, value) in record.as_object().into_iter().flatten() {
        let path = format!("{outer}{name}");
        paths(value, &format!("{path}."), found);
        found.insert(path);
    }
}

/// The events of the handler's own sources, its tests left out.
pub(crate) fn events() -> Events {
    let mut found = Events::default();
    for path in files_below(&repository().join("src"), "rs").unwrap() {
        let below = path.strip_prefix(repository()).unwrap();
        let is_test = below.with_extension("").iter().any(|it| it == "tests");
        if !is_test {
            found.extend(events_in(&fs::read_to_string(path).unwrap()));
        }
    }
    found
}

pub(crate) fn vocabulary() -> Vocabulary {
    let mut receipt_fields = BTreeSet::new();
    let mut words = BTreeSet::new();
    for outcome in outcomes() {
        words.insert(outcome.as_str().to_owned());
        for is_known in [true, false] {
            let line = logged(outcome.clone(), is_known);
            paths(&line, "", &mut receipt_fields);
        }
    }
    let Events {
        events,
        span_fields,
    } = events();
    let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    // Of `src/telemetry/line.rs`, of which a test below says that it is so.
    let mut line_fields: BTreeSet<String> = own(&["time", "level", "message"]);
    line_fields.extend(span_fields);
    let reasons = REASONS.map(|reason| reason.as_str().to_owned());
    let values = BTreeMap::from([
        ("Outcome".to_owned(), words),
        ("Reason".to_owned(), BTreeSet::from(reasons)),
        ("Event".to_owned(), events.keys().cloned().collect()),
        ("Level".to_owned(), own(&["ERROR", "WARN", "INFO", "DEBUG"])),
        ("Name".to_owned(), own(&Function::ALL.map(Function::name))),
    ]);
    Vocabulary {
        receipt_fields,
        events,
        line_fields,
        values,
    }
}

#[test]
fn a_line_begins_with_its_time_and_its_level_and_calls_its_event_message() {
    let line = fs::read_to_string(repository().join("src/telemetry/line.rs")).unwrap();
    assert!(line.contains(r#"{{"time":"{time}","level":"{level}""#));
    assert!(line.contains(r#"*name == "message""#));
}

#[test]
fn every_field_that_a_receipt_can_have_in_the_log_is_in_the_vocabulary() {
    // The renderer's own names: `LastStatus` of its struct is `lastStatus` in the line.
    let fields = vocabulary().receipt_fields;
    for field in [
        "receipt",
        "verified",
        "reason",
        "user",
        "subjectId",
        "subjectHash",
        "policy",
        "before",
        "after",
        "calls",
        "lastStatus",
        "lastRequestId",
        "attempts",
        "elapsedMilliseconds",
        "at",
        "requestedBy",
        "requestedBy.objectId",
        "requestedBy.applicationId",
        "requestedByClaim",
        "requestedBecause",
        "alertId",
        "incidentId",
        "messageId",
        "correlationId",
        "invocationId",
    ] {
        assert!(fields.contains(field), "{field} of {fields:?}");
    }
    assert_eq!(fields.len(), 30, "{fields:?}");
}
