//! What the handler really writes: receipts made and rendered by its own code, and the events that its sources name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use evict::domain::{
    Call, Caller, Correlation, Fix, FoundBy, Masked, Outcome, Receipt, ReceiptUser,
    SessionsValidFrom, SubjectKind, Times, WithholdReason,
};
use evict::host::Function;
use evict::receipt::log_line;
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;
use template::judge::files_below;

use crate::kusto::{Compared, Field, Verdict};
use crate::support::{path, text};

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
    values: BTreeMap<&'static str, BTreeSet<String>>,
}

/// What the Functions host puts into `Properties` (Azure/azure-functions-host and azure-webjobs-sdk, `LogConstants`).
const HOST_PROPERTIES: [&str; 2] = ["InvocationId", "Category"];

impl Vocabulary {
    /// What the language service finds wrong in a query, and what the query reads or looks for that the handler never writes. By
    /// convention a query calls a line of the handler `Line`, a receipt `Record`, and the host's properties `Properties`.
    pub(crate) fn problems(&self, verdict: &Verdict) -> Vec<String> {
        let mut found = verdict.problems.clone();
        for Field {
            of,
            name,
            line,
            statement,
        } in &verdict.fields
        {
            let is_known = match of.as_str() {
                "Line" => self.line_has(verdict, *statement, name),
                "Record" => self.receipt_fields.contains(name),
                "Properties" => HOST_PROPERTIES.contains(&name.as_str()),
                _ => false,
            };
            found.extend((!is_known).then(|| format!("line {line}: {of} has no field {name}")));
        }
        for Compared {
            column,
            value,
            line,
            ..
        } in &verdict.compared
        {
            let words = self.values.get(column.as_str());
            let is_known = words.is_none_or(|words| words.contains(value));
            found.extend((!is_known).then(|| format!("line {line}: {column} is never {value}")));
        }
        found
    }

    /// Whether a line has a field: one of the events that its statement asks for has it, or any event if it asks for none.
    fn line_has(&self, verdict: &Verdict, statement: usize, field: &str) -> bool {
        let asks = |it: &&Compared| it.statement == statement && it.column == "Event";
        let asked: Vec<_> = verdict
            .compared
            .iter()
            .filter(asks)
            .map(|it| &it.value)
            .collect();
        let is_asked = |name: &String| asked.is_empty() || asked.contains(&name);
        let mut events = self.events.iter().filter(|(name, _)| is_asked(name));
        self.line_fields.contains(field) || events.any(|(_, own)| own.contains(field))
    }

    /// Adds what a source says to the log: each `tracing::…!` with its message and the names of its fields.
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else {
                continue;
            };
            let before = tokens[at.saturating_sub(5)..at].iter();
            let before: String = before.map(ToString::to_string).collect();
            let (message, fields) = match before.strip_prefix("tracing::") {
                Some("error!" | "warn!" | "info!" | "debug!") => arguments(group.stream()),
                Some(other) if other.ends_with("_span!") => arguments(group.stream()),
                _ => {
                    self.read(group.stream());
                    continue;
                }
            };
            if before.ends_with("_span!") {
                self.line_fields.extend(fields);
            } else {
                self.events.entry(message).or_default().extend(fields);
            }
        }
    }
}

/// The message of a macro's call, and its fields: `name = value`, `name`, `%name` or `?name`.
fn arguments(tokens: TokenStream) -> (String, BTreeSet<String>) {
    let tokens: Vec<_> = tokens.into_iter().map(|it| it.to_string()).collect();
    let (mut message, mut fields) = (String::new(), BTreeSet::new());
    for argument in tokens.split(|it| it == ",") {
        match argument {
            [text] if text.starts_with('"') => text.trim_matches('"').clone_into(&mut message),
            _ => {
                let name = argument
                    .iter()
                    .take_while(|it| *it != "=")
                    .filter(|it| *it != "%" && *it != "?");
                fields.insert(name.cloned().collect());
            }
        }
    }
    (message, fields)
}

const ID: &str = "6cace4d5-19d5-4695-92e7-000000000001";

fn outcomes() -> Vec<Outcome> {
    let withheld = WithholdReason::ALL.map(|reason| Outcome::Withheld { reason });
    let mut outcomes = vec![
        Outcome::Revoked { verified: true },
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
    outcomes.extend(withheld);
    outcomes
}

/// The log line of a receipt, with everything in it that a receipt can have: of a user who is known, or of one who is not.
fn logged(outcome: Outcome, is_known: bool) -> Value {
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
            request_id: Some(ID.to_owned()),
            client_request_id: Some(ID.to_owned()),
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

pub(crate) fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for outcome in outcomes() {
        for is_known in [true, false] {
            let line = logged(outcome.clone(), is_known);
            paths(&line, "", &mut vocabulary.receipt_fields);
        }
    }
    let sources = path("src");
    for file in files_below(&sources, "rs").unwrap() {
        // Only the handler's own sources count, without their tests.
        let below = file.strip_prefix(&sources).unwrap().with_extension("");
        if !below.iter().any(|it| it == "tests") {
            vocabulary.read(fs::read_to_string(file).unwrap().parse().unwrap());
        }
    }
    let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    // Of `src/telemetry/line.rs`, of which a test below says that it is so.
    vocabulary
        .line_fields
        .extend(["time", "level", "message"].map(str::to_owned));
    vocabulary.values = BTreeMap::from([
        (
            "Outcome",
            outcomes().iter().map(|it| it.as_str().to_owned()).collect(),
        ),
        (
            "Reason",
            own(&WithholdReason::ALL.map(WithholdReason::as_str)),
        ),
        ("Event", vocabulary.events.keys().cloned().collect()),
        ("Level", own(&["ERROR", "WARN", "INFO", "DEBUG"])),
        ("Name", own(&Function::ALL.map(Function::name))),
    ]);
    vocabulary
}

#[test]
fn a_line_begins_with_its_time_and_its_level_and_calls_its_event_message() {
    let line = text("src/telemetry/line.rs");
    assert!(line.contains(r#"{{"time":"{time}","level":"{level}""#));
    assert!(line.contains(r#"*name == "message""#));
}

#[test]
fn the_vocabulary_is_all_that_the_handler_writes() {
    let vocabulary = vocabulary();
    assert_eq!(
        vocabulary.receipt_fields.len(),
        30,
        "{:?}",
        vocabulary.receipt_fields
    );
    let names = |names: &[&str]| {
        names
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let ended = [
        "faas.outcome",
        "res.status",
        "messages.receipts",
        "messages.rejected",
        "messages.handover",
    ];
    assert_eq!(vocabulary.events["invocation.ended"], names(&ended));
    assert_eq!(vocabulary.events["receipt.made"], names(&["receipt"]));
    assert!(vocabulary.events["graph.call.failed"].contains("error"));
    assert!(vocabulary.line_fields.contains("faas.invocation_id"));
    assert!(
        vocabulary.events.len() > 20,
        "{:?}",
        vocabulary.events.keys()
    );
}
