//! Messages that the application puts back change no verdict. A user who goes on, by a hand-over, a last delivery or a
//! replay from `evict-rejected`, gets the decision of the first message, and nobody else does. A property over alerts
//! of every shape with a state, policies, and unfinished outcomes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use evict::alert::parse;
use evict::domain::{
    Caller, Correlation, Fix, HandedOn, Mode, Outcome, Parsed, Policy, Receipt, Severity, State,
    Subject, WithholdReason, WrittenBy,
};
use evict::guard::{Screened, plan};
use evict::receipt::{AlertReport, RejectedFrom, handover, unfinished};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::receipts::{receipt, tenant, time};

/// The way in which a message goes on.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// From an HTTP caller, who may be authenticated, to the queue.
    FromCaller { proved: bool },
    /// The remainder of a delivery.
    FromDelivery,
    /// Into `evict-rejected`, and back unchanged.
    Rejected,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        any::<bool>().prop_map(|proved| Way::FromCaller { proved }),
        Just(Way::FromDelivery),
        Just(Way::Rejected),
    ]
}

/// Every sample that flags an account, as JSON.
fn samples() -> Vec<Value> {
    let mut found = Vec::new();
    for folder in ["inbound", "inbound/variants"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(folder);
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        paths.sort();
        let read = paths.iter().map(|path| fs::read(path).unwrap());
        let alerts = read.filter(|bytes| matches!(parse(bytes), Parsed::Alert(_)));
        found.extend(alerts.filter_map(|bytes| serde_json::from_slice(&bytes).ok()));
    }
    found
}

/// The values to replace in a sample: each place takes the next one in turn.
#[derive(Debug, Clone)]
struct Changes {
    grades: Vec<Option<&'static str>>,
    states: Vec<Option<&'static str>>,
    /// How many more accounts of that kind a list gets.
    more: usize,
}

fn changes() -> impl Strategy<Value = Changes> {
    let grade = select(vec![
        None,
        Some("high"),
        Some("Medium"),
        Some("low"),
        Some("Informational"),
        Some("none"),
        Some("unknown"),
    ]);
    let state = prop_oneof![
        6 => Just(None),
        1 => select(vec![Some("New"), Some("Closed"), Some("resolved"), Some("dismissed"), Some("atRisk")]),
    ];
    (
        proptest::collection::vec(grade, 3),
        proptest::collection::vec(state, 3),
        prop_oneof![2 => Just(0_usize), 1 => 1_usize..6],
    )
        .prop_map(|(grades, states, more)| Changes {
            grades,
            states,
            more,
        })
}

/// The sample with the changes.
fn changed(value: &Value, changes: &Changes, place: &mut usize) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let lower = name.to_lowercase();
                let drawn = if lower.contains("severity") || lower.contains("risklevel") {
                    &changes.grades
                } else if ["status", "riskstate"].contains(&lower.as_str()) {
                    &changes.states
                } else {
                    return (name.clone(), changed(value, changes, place));
                };
                *place += 1;
                let word = drawn[*place % drawn.len()].filter(|_| value.is_string());
                (
                    name.clone(),
                    word.map_or_else(|| value.clone(), |word| json!(word)),
                )
            });
            Value::Object(fields.collect())
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list
                .iter()
                .map(|value| changed(value, changes, place))
                .collect();
            let is_one = |end: &&Value| end.is_object() || end.is_string();
            if let Some(end) = list.last().filter(is_one).cloned() {
                list.extend((0..changes.more).map(|number| another(&end, number)));
            }
            Value::Array(list)
        }
        other => other.clone(),
    }
}

/// The same, about another user.
fn another(value: &Value, number: usize) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, value)| (name.clone(), another(value, number)))
                .collect()
        }
        Value::Array(list) => list.iter().map(|value| another(value, number)).collect(),
        Value::String(text) => match text.parse::<Uuid>() {
            Ok(id) => json!(Uuid::from_u128(id.as_u128() ^ (number as u128 + 1))),
            Err(_) if text.starts_with("S-1-5-21-") => json!(format!("{text}{number}")),
            Err(_) => json!(text.replace("contoso.com", &format!("other{number}.contoso.com"))),
        },
        other => other.clone(),
    }
}

/// An alert of the manual form, whose users have independent severities: people's orders, and the rest of alerts.
fn of_people() -> impl Strategy<Value = Value> {
    let grade = || {
        select(vec![
            None,
            Some("high"),
            Some("Medium"),
            Some("low"),
            Some("unknown"),
        ])
    };
    let users = proptest::collection::vec((0_usize..40, grade()), 1..5);
    let alert = proptest::option::of(0_usize..3);
    (grade(), users, alert, any::<bool>()).prop_map(|(of_all, users, alert, automated)| {
        let user = |(number, severity): (usize, Option<&str>)| {
            json!({"upn": format!("user{number}@contoso.com"), "severity": severity})
        };
        let users: Vec<Value> = users.into_iter().map(user).collect();
        let alert = alert.map(|number| format!("INC-{number}"));
        json!({"users": users, "severity": of_all, "alert": alert, "automated": automated})
    })
}

/// One alert, or several unrelated ones in one batch.
fn body(samples: &[Value]) -> impl Strategy<Value = String> + use<> {
    let sample = (select(samples.to_vec()), changes())
        .prop_map(|(sample, changes)| changed(&sample, &changes, &mut 0));
    let one = prop_oneof![3 => sample, 1 => of_people()];
    proptest::collection::vec(one, 1..4).prop_map(|mut parts| {
        if parts.len() == 1 {
            return parts.remove(0).to_string();
        }
        let event = |(number, data): (usize, Value)| {
            let id = number.to_string();
            json!({"specversion": "1.0", "type": "alert", "source": "/soc", "id": id, "data": data})
        };
        let events: Vec<Value> = parts.into_iter().enumerate().map(event).collect();
        json!(events).to_string()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let least = select(vec![
        None,
        Some(Severity::Low),
        Some(Severity::Medium),
        Some(Severity::High),
    ]);
    (
        prop_oneof![0_usize..4, Just(25)],
        0_usize..6,
        any::<bool>(),
        least,
    )
        .prop_map(
            |(max_users_per_alert, max_users_per_hour, observes, min_severity)| Policy {
                tenant: tenant(),
                protected_users: Vec::new(),
                protected_groups: Vec::new(),
                mode: if observes {
                    Mode::Observe
                } else {
                    Mode::Enforce
                },
                max_users_per_alert,
                max_users_per_hour,
                min_severity,
            },
        )
}

/// The obstacle of a user who passes the plan; `None` if the user was finished.
fn trouble() -> impl Strategy<Value = Option<Outcome>> {
    let withheld = |reason| Outcome::Withheld { reason };
    select(vec![
        None,
        Some(Outcome::Deferred),
        Some(Outcome::Failed {
            fix: Fix::Permission,
        }),
        Some(withheld(WithholdReason::MembershipUnknown)),
        Some(withheld(WithholdReason::ProtectedGroupMissing)),
        Some(withheld(WithholdReason::TokenTenant)),
    ])
}

/// Everything about a subject that affects the decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Decisive {
    account: Vec<String>,
    by_person: bool,
    /// A person's request counts at any severity, which only decides the order.
    severity: Option<Severity>,
    is_open: bool,
}

fn decisive(subject: &Subject) -> Decisive {
    let account = &subject.account;
    let texts = [
        account.id.map(|id| id.to_string()),
        account.upn.as_ref().map(|upn| upn.as_str().to_owned()),
        account.sid.as_ref().map(ToString::to_string),
        account.mail.as_ref().map(|mail| mail.as_str().to_owned()),
        account.tenant.map(|tenant| tenant.to_string()),
        account
            .account
            .as_ref()
            .map(|name| name.as_str().to_owned()),
    ];
    let by_person = subject.flag.written_by == WrittenBy::Person;
    Decisive {
        account: texts.into_iter().map(Option::unwrap_or_default).collect(),
        by_person,
        severity: subject.flag.severity,
        is_open: subject.flag.state == State::Open,
    }
}

/// Which subjects the plan lets through, in their order.
fn let_through(policy: &Policy, parsed: &Parsed) -> Vec<bool> {
    let screened = plan(policy, parsed.header(), parsed.subjects()).screened;
    screened
        .iter()
        .map(|one| *one == Screened::LookUp)
        .collect()
}

/// The messages in which unfinished users go on, and those users.
fn go_on(
    policy: &Policy,
    parsed: &Parsed,
    way: Way,
    troubles: &[Option<Outcome>],
) -> (Vec<String>, Vec<Decisive>) {
    let passes = let_through(policy, parsed);
    let mut left = Vec::new();
    let mut receipts: Vec<Receipt> = Vec::new();
    for (index, (subject, passes)) in parsed.subjects().iter().zip(passes).enumerate() {
        let trouble = troubles[index % troubles.len()].clone().filter(|_| passes);
        let outcome = match (trouble, way) {
            (None, _) => Outcome::Withheld {
                reason: WithholdReason::BlastRadius,
            },
            (Some(outcome), Way::Rejected) => outcome,
            (Some(Outcome::Deferred), _) => Outcome::HandedOver,
            // A final outcome does not go on by this way.
            (Some(outcome), _) => outcome,
        };
        let goes = match way {
            Way::Rejected => outcome.is_worth_putting_back(),
            Way::FromCaller { .. } | Way::FromDelivery => outcome == Outcome::HandedOver,
        };
        left.extend(goes.then(|| decisive(subject)));
        receipts.push(receipt(
            u32::try_from(index).unwrap(),
            &subject.account,
            outcome,
        ));
    }
    let proved = matches!(way, Way::FromCaller { proved: true });
    let report = AlertReport {
        parsed,
        receipts: &receipts,
        mode: policy.mode,
        requested_by: proved.then(|| Caller {
            object_id: Uuid::from_u128(1),
            application_id: None,
        }),
    };
    let messages = match way {
        Way::FromCaller { .. } => handover(&report, None),
        Way::FromDelivery => {
            let handed_on = HandedOn {
                deliveries: 3,
                queued_at: Some(time("2026-11-23T20:10:01Z")),
                correlation_id: Some("c-1".to_owned()),
                ..HandedOn::default()
            };
            handover(&report, Some(&handed_on))
        }
        Way::Rejected => unfinished(
            &report,
            &RejectedFrom {
                correlation: &Correlation::default(),
                delivery_count: Some(10),
                at: time("2026-11-23T20:19:00Z"),
            },
        ),
    };
    (messages, left)
}

/// Compares what goes on by each of these ways with the original.
fn holds(
    body: &str,
    policy: &Policy,
    ways: &[(Way, Vec<Option<Outcome>>)],
) -> Result<BTreeSet<String>, TestCaseError> {
    let first = parse(body.as_bytes());
    let mut shapes = BTreeSet::new();
    if !matches!(first, Parsed::Alert(_)) {
        return Ok(shapes);
    }
    let expects = first.header().expect.is_some();
    let mut open = vec![first];
    for (way, troubles) in ways {
        let mut next = Vec::new();
        for before in &open {
            let (messages, mut left) = go_on(policy, before, *way, troubles);
            if !left.is_empty() {
                shapes.insert(before.header().shape.as_str().to_owned());
            }
            let mut named = Vec::new();
            for message in &messages {
                let after = parse(message.as_bytes());
                prop_assert!(matches!(after, Parsed::Alert(_)), "{message}");
                let (then, now) = (before.header(), after.header());
                prop_assert_eq!(&now.alert_id, &then.alert_id);
                prop_assert_eq!(&now.incident_id, &then.incident_id);
                prop_assert_eq!(&now.reason, &then.reason);
                prop_assert_eq!(now.expect.is_some(), then.expect.is_some());
                if let Some(claim) = &then.requested_by {
                    prop_assert!(
                        now.requested_by
                            .as_ref()
                            .is_some_and(|now| now.ends_with(claim)),
                        "{message}"
                    );
                }
                // No user who goes on gets another verdict of the plan.
                prop_assert!(
                    let_through(policy, &after).iter().all(|passes| *passes),
                    "{message}"
                );
                named.extend(after.subjects().iter().map(decisive));
                next.push(after);
            }
            left.sort();
            named.sort();
            prop_assert_eq!(&named, &left, "{:?}", messages);
        }
        open = next;
        // All parts together cut no more than the alert could.
        let passes = open.iter().flat_map(|parsed| let_through(policy, parsed));
        prop_assert!(
            expects || passes.filter(|passes| *passes).count() <= policy.max_users_per_alert
        );
    }
    Ok(shapes)
}

#[test]
fn what_goes_on_is_decided_about_as_it_was_and_all_parts_share_one_cap() {
    let samples = samples();
    let hops = proptest::collection::vec((way(), proptest::collection::vec(trouble(), 1..6)), 1..4);
    let strategy = (body(&samples), policy(), hops);
    let config = Config {
        cases: 4_000,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[16; 32]);
    let shapes = std::cell::RefCell::new(BTreeSet::new());
    let result = TestRunner::new_with_rng(config, rng).run(&strategy, |(body, policy, hops)| {
        shapes.borrow_mut().extend(holds(&body, &policy, &hops)?);
        Ok(())
    });
    result.unwrap();
    // Every shape with a state went on at least once.
    let shapes: Vec<_> = shapes.into_inner().into_iter().collect();
    insta::assert_snapshot!(shapes.join("\n"), @r"
    azure-monitor-activity
    azure-monitor-common
    cloudevents
    defender-for-cloud-export
    defender-xdr-legacy-incident
    defender-xdr-streaming
    entra-diagnostics
    event-grid
    graph-alert-v2
    graph-incident
    graph-risk-detection
    graph-risky-user
    logicapp-servicebus
    manual
    manual-text
    mde-alert
    sentinel-alert-trigger
    sentinel-entities
    sentinel-entity-trigger
    sentinel-incident-resource
    sentinel-incident-trigger
    sentinel-securityalert-record
    ");
}
