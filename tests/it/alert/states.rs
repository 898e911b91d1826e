//! For all shapes with such a state: an account that the sender clears or only mentions is never looked up, whatever
//! surrounds it, and a flagged account is.

use evict::alert::parse;
use evict::domain::{AlertHeader, Policy, Shape, State, Subject};
use evict::guard::{Screened, plan};
use proptest::prelude::*;
use serde_json::{Value, json};

const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
const BOB: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";

/// A payload that names a user and has a state word for that user's flag.
type Payload = fn(user: &str, word: &str) -> Value;

fn account(user: &str) -> Value {
    json!({"kind": "Account", "type": "Microsoft.SecurityInsights/Entities", "properties": {"aadUserId": user}})
}

fn entity(user: &str) -> Value {
    json!({"Type": "account", "AadUserId": user})
}

fn evidence(user: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": {"azureAdUserId": user}})
}

/// Every shape with the state of an alert or incident: its status, or its classification if it has one.
fn alerts() -> Vec<(&'static str, Payload)> {
    vec![
        ("sentinel-incident-trigger", |user, word| {
            json!({"objectSchemaType": "Incident", "object": {"id": format!("/i/{user}"), "properties": {
                "status": word, "incidentNumber": 1, "relatedEntities": [account(user)]}}})
        }),
        ("sentinel-incident-resource", |user, word| {
            json!({"id": format!("/i/{user}"), "type": "Microsoft.SecurityInsights/Incidents", "properties": {
                "status": word, "relatedEntities": [account(user)]}})
        }),
        (
            "sentinel-entities",
            |user, word| json!({"incident": {"id": format!("/i/{user}"), "status": word, "incidentNumber": 1}, "entities": [account(user)]}),
        ),
        (
            "sentinel-alert-trigger",
            |user, word| json!({"SystemAlertId": user, "AlertType": "x", "Status": word, "Entities": [entity(user)]}),
        ),
        (
            "sentinel-securityalert-record",
            |user, word| json!({"Type": "SecurityAlert", "SystemAlertId": user, "Status": word, "Entities": json!([entity(user)]).to_string()}),
        ),
        (
            "defender-for-cloud-export",
            |user, word| json!({"AzureResourceId": "/x", "SystemAlertId": user, "Status": word, "Entities": [entity(user)]}),
        ),
        ("defender-for-cloud-export", |user, word| {
            json!({"type": "Microsoft.Security/Locations/alerts", "name": user, "properties": {
                "status": word, "entities": [{"type": "account", "aadUserId": user}]}})
        }),
        (
            "graph-alert-v2",
            |user, word| json!({"id": user, "serviceSource": "x", "status": word, "evidence": [evidence(user)]}),
        ),
        (
            "graph-incident",
            |user, word| json!({"id": user, "displayName": "x", "status": word, "alerts": [{"id": user, "evidence": [evidence(user)]}]}),
        ),
        (
            "graph-incident",
            |user, word| json!({"id": "1", "displayName": "x", "status": "active", "alerts": [{"id": user, "status": word, "evidence": [evidence(user)]}]}),
        ),
        (
            "mde-alert",
            |user, word| json!({"id": user, "machineId": "1", "status": word, "evidence": [{"entityType": "User", "aadUserId": user}]}),
        ),
        (
            "defender-xdr-legacy-incident",
            |user, word| json!({"incidentId": 1, "status": word, "alerts": [{"alertId": user, "entities": [{"entityType": "User", "aadUserId": user}]}]}),
        ),
        (
            "defender-xdr-legacy-incident",
            |user, word| json!({"alertId": user, "serviceSource": "x", "status": word, "entities": [{"entityType": "User", "aadUserId": user}]}),
        ),
        ("azure-monitor-common", |user, word| {
            json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertId": user, "monitorCondition": word},
                "alertContext": {"condition": {"allOf": [{"dimensions": [{"name": "UserId", "value": user}]}]}}}})
        }),
        ("azure-monitor-activity", |user, word| {
            json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertId": user, "monitorCondition": word},
                "alertContext": {"caller": "alice@contoso.com", "claims": {"oid": user, "upn": format!("{user}@contoso.com")}}}})
        }),
    ]
}

/// Every shape with the state of a user's risk.
fn risks() -> Vec<(&'static str, Payload)> {
    vec![
        (
            "graph-risky-user",
            |user, word| json!({"id": user, "riskState": word, "riskLevel": "high", "riskLastUpdatedDateTime": "2026-11-20T10:00:00Z"}),
        ),
        (
            "graph-risk-detection",
            |user, word| json!({"id": "d", "userId": user, "riskEventType": "x", "riskLevel": "high", "riskState": word}),
        ),
        (
            "entra-diagnostics",
            |user, word| json!({"category": "RiskyUsers", "time": "11/20/2026 1:02:40 PM", "properties": {"id": user, "riskState": word, "riskLevel": "high"}}),
        ),
        (
            "entra-diagnostics",
            |user, word| json!({"category": "UserRiskEvents", "time": "11/20/2026 1:02:40 PM", "properties": {"id": "d", "userId": user, "riskState": word}}),
        ),
        ("graph-risky-user", |user, word| {
            json!({"Type": "AADRiskyUsers", "TimeGenerated": "2026-11-20T10:00:00Z", "Id": user, "RiskState": word,
                "RiskLastUpdatedDateTime": "2026-11-20T10:00:00Z"})
        }),
        ("graph-risk-detection", |user, word| {
            json!({"Type": "AADUserRiskEvents", "TimeGenerated": "2026-11-20T10:00:00Z", "Id": "d", "UserId": user,
                "RiskEventType": "x", "RiskState": word})
        }),
    ]
}

/// Every shape whose evidence states the role of an account.
fn roles() -> Vec<(&'static str, Payload)> {
    vec![
        ("graph-alert-v2", |user, word| {
            let mut piece = evidence(user);
            piece["roles"] = json!([word]);
            json!({"id": user, "serviceSource": "x", "evidence": [piece]})
        }),
        ("graph-alert-v2", |user, word| {
            let mut piece = evidence(user);
            piece["verdict"] = json!(if word == "compromised" {
                "malicious"
            } else {
                "noThreatsFound"
            });
            json!({"id": user, "serviceSource": "x", "evidence": [piece]})
        }),
        (
            "graph-alert-v2",
            |user, word| json!({"Id": user, "ServiceSource": "x", "Evidence": [{"Roles": word, "AdditionalProperties": evidence(user)}]}),
        ),
        ("graph-incident", |user, word| {
            let mut piece = evidence(user);
            piece["roles"] = json!([word]);
            json!({"id": "1", "displayName": "x", "alerts": [{"id": user, "evidence": [piece]}]})
        }),
        (
            "mde-alert",
            |user, word| json!({"id": user, "machineId": "1", "evidence": [{"entityType": "User", "aadUserId": user, "roles": [word]}]}),
        ),
        (
            "defender-xdr-legacy-incident",
            |user, word| json!({"alertId": user, "serviceSource": "x", "entities": [{"entityType": "User", "aadUserId": user, "evidenceRole": word}]}),
        ),
        ("defender-xdr-streaming", |user, word| {
            json!({"category": "AdvancedHunting-AlertEvidence", "properties": {"AlertId": user, "EntityType": "User",
                "AccountObjectId": user, "EvidenceRole": word}})
        }),
        (
            "defender-xdr-streaming",
            |user, word| json!({"AlertId": user, "EntityType": "User", "AccountObjectId": user, "EvidenceRole": word}),
        ),
    ]
}

/// The ways in which a payload may be wrapped on its way here.
fn envelopes() -> Vec<fn(Value) -> Value> {
    vec![
        |payload| payload,
        |payload| json!([payload]),
        |payload| json!({"value": [payload]}),
        |payload| json!({"records": [payload]}),
        |payload| json!({"headers": {}, "body": payload}),
        |payload| json!({"specversion": "1.0", "type": "x", "source": "/x", "id": "1", "data": payload}),
        |payload| json!([{"eventType": "x", "dataVersion": "1", "data": payload}]),
        |payload| json!({"ContentData": payload.to_string()}),
        |payload| json!(payload.to_string()),
    ]
}

fn policy() -> Policy {
    Policy {
        tenant: "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap(),
        protected_users: Vec::new(),
        protected_groups: Vec::new(),
        mode: evict::domain::Mode::Enforce,
        max_users_per_alert: 25,
        max_users_per_hour: 100,
        min_severity: None,
    }
}

/// Whether the directory would be asked for a user.
fn is_looked_up(payload: &Value, user: &str) -> bool {
    let parsed = parse(payload.to_string().as_bytes());
    let subjects: Vec<Subject> = parsed.subjects().to_vec();
    let plan = plan(&policy(), parsed.header(), &subjects);
    let id = user.parse().ok();
    subjects
        .iter()
        .zip(&plan.screened)
        .any(|(subject, screened)| subject.account.id == id && *screened == Screened::LookUp)
}

fn choice<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = T> {
    prop::sample::select(values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whom_the_sender_clears_is_never_looked_up_whatever_stands_beside(
        at in any::<prop::sample::Index>(),
        beside in any::<prop::sample::Index>(),
        envelope in any::<prop::sample::Index>(),
        outer in any::<prop::sample::Index>(),
        first in any::<bool>(),
        alert_word in choice(vec!["Closed", "resolved", "RESOLVED", "Dismissed"]),
        risk_word in choice(vec!["none", "remediated", "Dismissed", "confirmedSafe"]),
        role_word in choice(vec!["contextual", "scanned", "attacked", "destination", "related"]),
    ) {
        let cleared: Vec<(Payload, &str, &str)> = alerts().into_iter().map(|(_, payload)| (payload, alert_word, "New"))
            .chain(risks().into_iter().map(|(_, payload)| (payload, risk_word, "atRisk")))
            .chain(roles().into_iter().map(|(_, payload)| (payload, role_word, "compromised")))
            .collect();
        let (payload, word, _) = cleared[at.index(cleared.len())];
        let (other, _, open) = cleared[beside.index(cleared.len())];
        let (alice, bob) = (payload(ALICE, word), other(BOB, open));
        let envelopes = envelopes();
        let wrap = |payload| envelopes[outer.index(envelopes.len())](envelopes[envelope.index(envelopes.len())](payload));
        let wrapped = wrap(alice.clone());
        prop_assert!(!is_looked_up(&wrapped, ALICE), "{wrapped}");
        let wrapped = wrap(bob.clone());
        prop_assert!(is_looked_up(&wrapped, BOB), "{wrapped}");
        let batch = if first { json!([alice, bob]) } else { json!([bob, alice]) };
        prop_assert!(!is_looked_up(&batch, ALICE), "{batch}");
        prop_assert!(is_looked_up(&batch, BOB), "{batch}");
    }

    #[test]
    fn of_one_alert_the_latest_word_decides_whatever_its_place(
        at in any::<prop::sample::Index>(), over_last in any::<bool>(), over_first_in_batch in any::<bool>(),
    ) {
        // The shapes that state when they were written, each with its property for that.
        let timed: Vec<(Payload, [&str; 2], &[&str])> = vec![
            (risks()[0].1, ["dismissed", "atRisk"], &["riskLastUpdatedDateTime"]),
            (risks()[1].1, ["dismissed", "atRisk"], &["lastUpdatedDateTime"]),
            (risks()[3].1, ["dismissed", "atRisk"], &["time"]),
            (alerts()[0].1, ["Closed", "Active"], &["object", "properties", "lastModifiedTimeUtc"]),
            (alerts()[4].1, ["Dismissed", "New"], &["TimeGenerated"]),
            (alerts()[7].1, ["resolved", "new"], &["lastUpdateDateTime"]),
            (alerts()[10].1, ["Resolved", "New"], &["lastUpdateTime"]),
        ];
        let (payload, [over, open], path) = timed[at.index(timed.len())];
        let at_time = |word: &str, time: &str| {
            let mut said = payload(ALICE, word);
            let mut place = &mut said;
            for name in path {
                place = &mut place[*name];
            }
            *place = json!(time);
            said
        };
        // In several forms: the later time is not the greater text.
        let (early, late) = ("11/20/2026 9:58:12 AM", "2026-11-20T10:02:40Z");
        let (over, open) = if over_last {
            (at_time(over, late), at_time(open, early))
        } else {
            (at_time(over, early), at_time(open, late))
        };
        let batch = if over_first_in_batch { json!([over, open]) } else { json!([open, over]) };
        prop_assert_eq!(is_looked_up(&batch, ALICE), !over_last, "{}", batch);
    }

    #[test]
    fn a_persons_message_is_never_over(status in "[A-Za-z]{3,10}") {
        let parsed = parse(json!({"user": ALICE, "reason": format!("{status}, resolved, dismissed")}).to_string().as_bytes());
        prop_assert!(parsed.subjects().iter().all(|subject| subject.flag.state == State::Open));
    }
}

#[test]
fn each_payload_of_these_tests_has_the_shape_that_it_stands_for() {
    for (shape, payload) in alerts().into_iter().chain(risks()).chain(roles()) {
        let payload = payload(ALICE, "x");
        let parsed = parse(payload.to_string().as_bytes());
        let AlertHeader { shape: found, .. } = parsed.header();
        assert_eq!(found.as_str(), shape, "{payload}");
        assert!(
            is_looked_up(&payload, ALICE)
                || shape.contains("streaming")
                || shape.contains("graph-alert"),
            "{payload}"
        );
    }
    assert_eq!(
        Shape::ALL
            .iter()
            .filter(|shape| **shape == Shape::None)
            .count(),
        1
    );
}
