//! The JSON of receipts: the reply, the events, the log line, and what stays alive.

use evict::domain::{
    Call, Masked, NothingToDoReason, Outcome, Parsed, Receipt, SubjectKind, WithholdReason, cut_at,
    log_hash, still_alive,
};
use evict::receipt::{EVENT_LIMIT, EventKey, events, log_line, reply_json};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::receipts::{
    alert, crowd, malformed, named, nothing, receipt, report, tenant, time, upn,
};

const KEY: EventKey<'static> = EventKey::Message("f2b1c2d3");

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn capped(count: u32) -> (Parsed, Vec<Receipt>) {
    crowd(
        count,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    )
}

#[test]
fn a_receipt_has_the_fields_of_the_contract() {
    let subject = upn("alice@contoso.com");
    let receipt = receipt(1, &subject, Outcome::Revoked { verified: true });
    assert_eq!(
        serde_json::to_value(&receipt).unwrap(),
        value(include_str!("../../fixtures/receipts/revoked.json"))
    );
}

#[test]
fn the_reply_tells_of_the_alert_its_receipts_their_sum_and_the_comment() {
    let subjects = vec![
        upn("alice@contoso.com"),
        named(SubjectKind::Group, "Finance"),
    ];
    let receipts = vec![
        receipt(1, &subjects[0], Outcome::Revoked { verified: true }),
        receipt(
            2,
            &subjects[1],
            Outcome::NotAUser {
                kind: SubjectKind::Group,
            },
        ),
    ];
    let parsed = alert(subjects);
    let reply = value(&reply_json(&report(&parsed, &receipts)));
    let names: Vec<_> = reply.as_object().unwrap().keys().collect();
    assert_eq!(names, ["alert", "comment", "receipts", "summary"]);
    insta::assert_json_snapshot!(reply["alert"], @r#"
        {
          "alertId": "a30f4300-bbee-4636-9d33-bc6d96f0da84",
          "flaggedAt": "2026-11-23T20:10:01Z",
          "incidentId": "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7",
          "mode": "enforce",
          "severity": "High",
          "shape": "sentinel-incident-trigger",
          "tenant": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a",
          "verdict": "alert"
        }
        "#);
    insta::assert_json_snapshot!(reply["summary"], @r#"
        {
          "already_cut": 0,
          "ambiguous": 0,
          "deferred": 0,
          "failed": 0,
          "handed_over": 0,
          "not_a_user": 1,
          "not_effective": 0,
          "not_found": 0,
          "revoked": 1,
          "withheld": 0
        }
        "#);
    assert_eq!(
        reply["receipts"][0],
        serde_json::to_value(&receipts[0]).unwrap()
    );
    assert_eq!(reply["receipts"].as_array().unwrap().len(), 2);
    assert_eq!(
        reply["comment"],
        evict::receipt::comment(&report(&parsed, &receipts))
    );
}

#[test]
fn the_sum_counts_every_outcome_under_its_own_word() {
    let outcomes = [
        Outcome::Revoked { verified: true },
        Outcome::AlreadyCut,
        Outcome::Withheld {
            reason: WithholdReason::Observe,
        },
        Outcome::NotEffective { home_domain: None },
        Outcome::NotFound,
        Outcome::Ambiguous { candidates: 2 },
        Outcome::NotAUser {
            kind: SubjectKind::Group,
        },
        Outcome::Failed {
            fix: evict::domain::Fix::Permission,
        },
        Outcome::Deferred,
        Outcome::HandedOver,
    ];
    for outcome in outcomes {
        let (parsed, receipts) = crowd(2, &outcome, None);
        let reply = value(&reply_json(&report(&parsed, &receipts)));
        for (word, count) in reply["summary"].as_object().unwrap() {
            let expected = if word == outcome.as_str() { 2 } else { 0 };
            assert_eq!(count, expected, "{word} of {}", outcome.as_str());
        }
        assert_eq!(reply["summary"].as_object().unwrap().len(), 10);
    }
}

#[test]
fn the_reply_says_why_there_is_nothing_to_do_or_what_cannot_be_read() {
    let reply = |parsed: &Parsed| value(&reply_json(&report(parsed, &[])));
    insta::assert_json_snapshot!(reply(&nothing(NothingToDoReason::EntitiesPending))["alert"], @r#"
        {
          "mode": "enforce",
          "nothingToDo": "entities_pending",
          "shape": "sentinel-incident-trigger",
          "verdict": "nothing_to_do"
        }
        "#);
    insta::assert_json_snapshot!(reply(&Parsed::Malformed(malformed()))["alert"], @r#"
        {
          "mode": "enforce",
          "problem": {
            "expected": "expected a text or an object, and a number stands there",
            "path": "$.users[3]"
          },
          "shape": "manual",
          "verdict": "malformed"
        }
        "#);
    let question = nothing(NothingToDoReason::SubscriptionValidation {
        code: "512d38b6".to_owned(),
    });
    assert_eq!(reply(&question)["validationResponse"], "512d38b6");
}

#[test]
fn the_reply_to_a_capped_alert_bears_the_messages_that_lift_the_cap() {
    let (parsed, receipts) = capped(9_000);
    let reply = value(&reply_json(&report(&parsed, &receipts)));
    let messages = reply["alert"]["confirm"].as_array().unwrap();
    assert!(messages.len() > 1);
    let mut users = 0;
    for message in messages {
        assert!(serde_json::to_string_pretty(message).unwrap().len() < 192 * 1024);
        assert_eq!(
            message["expect"],
            message["users"].as_array().unwrap().len()
        );
        users += message["users"].as_array().unwrap().len();
    }
    assert_eq!(users, 9_000);
}

#[test]
fn an_event_is_a_cloud_event_that_names_nobody_outside_its_data() {
    let subjects = vec![upn("alice@contoso.com"), upn("gone@contoso.com")];
    let receipts = vec![
        receipt(1, &subjects[0], Outcome::Revoked { verified: true }),
        receipt(2, &subjects[1], Outcome::NotFound),
    ];
    let parsed = alert(subjects);
    let events = events(&report(&parsed, &receipts), "/evict/contoso-soc", KEY);
    let mut events: Vec<_> = events.iter().map(|event| value(event)).collect();
    for (event, receipt) in events.iter_mut().zip(&receipts) {
        let data = event.as_object_mut().unwrap().remove("data").unwrap();
        assert_eq!(data, serde_json::to_value(receipt).unwrap());
        assert!(!event.to_string().contains("contoso.com"));
    }
    insta::assert_json_snapshot!(events, @r#"
        [
          {
            "datacontenttype": "application/json",
            "id": "b9508196-0fc0-5993-b192-be6742dad9a2",
            "source": "/evict/contoso-soc",
            "specversion": "1.0",
            "subject": "6cace4d5-19d5-4695-92e7-000000000001",
            "time": "2026-11-23T20:10:29Z",
            "type": "evict.receipt.v1"
          },
          {
            "datacontenttype": "application/json",
            "id": "efaf0f24-b948-51d1-8bfb-7f98e5b257d2",
            "source": "/evict/contoso-soc",
            "specversion": "1.0",
            "time": "2026-11-23T20:10:29Z",
            "type": "evict.receipt.v1"
          }
        ]
        "#);
}

#[test]
fn a_redelivery_repeats_the_id_and_nothing_else_does() {
    let subjects = vec![upn("alice@contoso.com"), upn("bob@contoso.com")];
    let first: Vec<_> = subjects
        .iter()
        .map(|subject| receipt(1, subject, Outcome::Revoked { verified: true }))
        .collect();
    let second: Vec<_> = subjects
        .iter()
        .map(|subject| receipt(1, subject, Outcome::AlreadyCut))
        .collect();
    let parsed = alert(subjects);
    let ids = |receipts: &[Receipt], key| -> Vec<Value> {
        events(&report(&parsed, receipts), "/evict", key)
            .iter()
            .map(|event| value(event)["id"].clone())
            .collect()
    };
    let of_first = ids(&first, KEY);
    assert_eq!(of_first, ids(&second, KEY));
    assert_ne!(of_first[0], of_first[1]);
    let mut all = of_first;
    for key in [
        EventKey::Message("another"),
        EventKey::Broker {
            sequence_number: 1,
            enqueued_at: jiff::Timestamp::UNIX_EPOCH,
        },
        EventKey::Broker {
            sequence_number: 2,
            enqueued_at: jiff::Timestamp::UNIX_EPOCH,
        },
        EventKey::Body(b"f2b1c2d3"),
        EventKey::Invocation("f2b1c2d3"),
    ] {
        all.extend(ids(&first, key));
    }
    let distinct: std::collections::HashSet<_> = all.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn two_subjects_that_are_written_alike_have_events_of_their_own() {
    let subjects = vec![
        named(SubjectKind::Other, "admin"),
        named(SubjectKind::Other, "admin"),
    ];
    let receipts: Vec<_> = subjects
        .iter()
        .map(|subject| {
            receipt(
                1,
                subject,
                Outcome::NotAUser {
                    kind: SubjectKind::Other,
                },
            )
        })
        .collect();
    let parsed = alert(subjects);
    let events = events(&report(&parsed, &receipts), "/evict", KEY);
    assert_ne!(value(&events[0])["id"], value(&events[1])["id"]);
}

#[test]
fn the_events_of_a_capped_alert_bear_the_messages_that_lift_the_cap() {
    let (parsed, mut receipts) = capped(1_500);
    receipts[0].outcome = Outcome::Revoked { verified: true };
    let events = events(&report(&parsed, &receipts), "/evict", KEY);
    let confirmations: Vec<_> = events
        .iter()
        .map(|event| {
            assert!(sent(event) <= EVENT_LIMIT);
            value(event)["data"]["confirm"].clone()
        })
        .collect();
    assert!(confirmations[0].is_null() && !confirmations[1].is_null());
    let users: usize = confirmations
        .iter()
        .filter_map(|message| message["users"].as_array())
        .map(Vec::len)
        .sum();
    assert_eq!(users, 1_499);
}

/// The size of a message as the host sends it: indented, with Windows line ends.
fn sent(message: &str) -> usize {
    let pretty = serde_json::to_string_pretty(&value(message)).unwrap();
    pretty.len() + pretty.matches('\n').count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_event_keeps_to_its_limit_whatever_it_has_to_tell(
        text in "(\\PC|[\"\\\\\u{1}\u{2028}]){0,8}",
        times in 0_usize..3_000,
        calls in 0_usize..40,
        capped in any::<bool>(),
    ) {
        let (parsed, mut receipts) = crowd(300, &Outcome::Withheld { reason: WithholdReason::BlastRadius },
            capped.then_some("EVICT_MAX_USERS_PER_ALERT"));
        let text = text.repeat(times);
        let receipt = &mut receipts[0];
        receipt.subject.0.clone_from(&text);
        receipt.detail = Some(text.clone());
        let correlation = &mut receipt.correlation;
        correlation.alert_id = Some(text.clone());
        correlation.incident_id = Some(text.clone());
        correlation.message_id = Some(text.clone());
        correlation.correlation_id = Some(text.clone());
        correlation.invocation_id.clone_from(&text);
        receipt.calls = vec![Call {
            operation: text.clone(),
            at: time("2026-11-23T20:10:28.123456789Z"),
            status: Some(504),
            request_id: Some(text.clone()),
            client_request_id: None,
        }; calls];
        receipt.still_alive = vec![evict::domain::StillAlive { what: text.clone(), until: Some(receipt.at) }; 12];
        if !capped {
            receipt.outcome = Outcome::NotEffective { home_domain: Some(text) };
        }
        let events = events(&report(&parsed, &receipts), "/evict/contoso-soc", KEY);
        for event in &events {
            prop_assert!(sent(event) <= EVENT_LIMIT, "{}", sent(event));
        }
        let left_out = value(&events[0])["data"]["callsLeftOut"].as_u64();
        prop_assert_eq!(left_out, (calls > 16).then(|| calls as u64 - 16));
    }
}

#[test]
fn a_log_line_tells_what_happened_to_which_object_id_and_names_nobody() {
    let subject = upn("alice@contoso.com");
    let mut cut = receipt(1, &subject, Outcome::Revoked { verified: true });
    cut.detail = Some("alice@contoso.com was cut".to_owned());
    cut.correlation.message_id = Some("alice@contoso.com".to_owned());
    cut.correlation.correlation_id = Some("Alice Stone".to_owned());
    let mut unknown = receipt(2, &subject, Outcome::NotFound);
    unknown.subject_id = "482C590E-0D97-42BF-8DC8-3011AC8EFE12".parse().ok();
    unknown.subject_hash = None;
    unknown.correlation.alert_id = Some("CONTOSO\\alice".to_owned());
    let withheld = crowd(
        1,
        &Outcome::Withheld {
            reason: WithholdReason::ProtectedGroup,
        },
        Some("EVICT_PROTECTED_GROUPS"),
    )
    .1
    .remove(0);
    let external = receipt(
        3,
        &subject,
        Outcome::NotEffective {
            home_domain: Some("alice.example".to_owned()),
        },
    );
    let lines: Vec<_> = [cut, unknown, withheld, external]
        .iter()
        .map(|receipt| log_line(receipt, tenant()))
        .collect();
    for line in &lines {
        assert!(
            !line.to_lowercase().contains("alice") && !line.contains('\n'),
            "{line}"
        );
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
        {"receipt":"revoked","verified":true,"user":"6cace4d5-19d5-4695-92e7-000000000001","before":"2026-10-01T08:00:00Z","after":"2026-11-23T20:10:27Z","alertAt":"2026-11-23T20:10:01Z","receivedAt":"2026-11-23T20:10:24Z","cutAt":"2026-11-23T20:10:27Z","provedAt":"2026-11-23T20:10:29Z","source":"sentinel-incident-trigger","calls":1,"lastStatus":200,"lastRequestId":"43ca8df5-daa3-4602-a019-7d1e3203d924","attempts":3,"elapsedMilliseconds":412,"at":"2026-11-23T20:10:29Z","alertId":"a30f4300-bbee-4636-9d33-bc6d96f0da84","incidentId":"/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7","messageId":"***","correlationId":"***","invocationId":"6ecd8c99-4036-403d-bf84-cf8400f67836"}
        {"receipt":"not_found","subjectId":"482c590e-0d97-42bf-8dc8-3011ac8efe12","alertAt":"2026-11-23T20:10:01Z","receivedAt":"2026-11-23T20:10:24Z","source":"sentinel-incident-trigger","calls":0,"attempts":3,"elapsedMilliseconds":412,"at":"2026-11-23T20:10:29Z","alertId":"***","incidentId":"/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7","messageId":"f2b1c2d3","invocationId":"6ecd8c99-4036-403d-bf84-cf8400f67836"}
        {"receipt":"withheld","reason":"protected_group","user":"6cace4d5-19d5-4695-92e7-000000000000","policy":"EVICT_PROTECTED_GROUPS","alertAt":"2026-11-23T20:10:01Z","receivedAt":"2026-11-23T20:10:24Z","source":"sentinel-incident-trigger","calls":0,"attempts":3,"elapsedMilliseconds":412,"at":"2026-11-23T20:10:29Z","alertId":"a30f4300-bbee-4636-9d33-bc6d96f0da84","incidentId":"/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7","messageId":"f2b1c2d3","invocationId":"6ecd8c99-4036-403d-bf84-cf8400f67836"}
        {"receipt":"not_effective","user":"6cace4d5-19d5-4695-92e7-000000000003","alertAt":"2026-11-23T20:10:01Z","receivedAt":"2026-11-23T20:10:24Z","source":"sentinel-incident-trigger","calls":0,"attempts":3,"elapsedMilliseconds":412,"at":"2026-11-23T20:10:29Z","alertId":"a30f4300-bbee-4636-9d33-bc6d96f0da84","incidentId":"/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7","messageId":"f2b1c2d3","invocationId":"6ecd8c99-4036-403d-bf84-cf8400f67836"}
        "#);
}

#[test]
fn why_and_by_whose_claim_a_cut_was_asked_for_stands_in_the_log_by_number_id_or_hash() {
    let told = |claim: &str, because: &str| {
        let mut receipt = receipt(1, &upn("alice@contoso.com"), Outcome::AlreadyCut);
        receipt.requested_by_claim = Some(Masked(claim.to_owned()));
        receipt.requested_because = Some(Masked(because.to_owned()));
        let line = value(&log_line(&receipt, tenant()));
        (
            line["requestedByClaim"].as_str().unwrap().to_owned(),
            line["requestedBecause"].as_str().unwrap().to_owned(),
        )
    };
    let hash = |text: &str| format!("hash:{}", log_hash(tenant(), text));
    let id = "1c5989f1-ba2d-4e83-858b-fed0a712755f";
    for claim in [
        id.to_owned(),
        format!("{id}, by a checked token for the boss"),
    ] {
        assert_eq!(
            told(&claim, "INC-4711"),
            (id.to_owned(), "INC-4711".to_owned())
        );
    }
    for claim in ["Alice", "oncall@contoso.com", &format!("{id}alice"), "4711"] {
        assert_eq!(told(claim, "CHG0031337").0, hash(claim));
    }
    for because in [
        "Alice",
        "ALICE",
        "tokens of alice on a paste site",
        "INC-4711 alice",
        "A1234",
        "=1+1",
        "",
    ] {
        assert_eq!(told(id, because).1, hash(because));
    }
}

#[test]
fn a_log_line_is_one_line_whatever_it_is_made_of() {
    let subject = named(SubjectKind::Other, "a\nb\r\nc\u{2028}d");
    let mut receipt = receipt(
        1,
        &subject,
        Outcome::NotAUser {
            kind: SubjectKind::Other,
        },
    );
    receipt.correlation.alert_id = Some("x\nerror: forged".to_owned());
    let line = log_line(&receipt, tenant());
    assert!(
        !line.contains(['\n', '\r', '\u{2028}']) && !line.contains("forged"),
        "{line}"
    );
}

#[test]
fn what_stays_alive_is_told_with_its_bounds_for_every_outcome() {
    let at = Some(time("2026-11-23T20:00:00Z"));
    let outcomes = [
        Outcome::Revoked { verified: true },
        Outcome::NotEffective {
            home_domain: Some("fabrikam.com".to_owned()),
        },
        Outcome::NotEffective { home_domain: None },
        Outcome::Withheld {
            reason: WithholdReason::ProtectedUser,
        },
        Outcome::Ambiguous { candidates: 2 },
        Outcome::Failed {
            fix: evict::domain::Fix::Permission,
        },
        Outcome::Deferred,
        Outcome::HandedOver,
        Outcome::NotFound,
        Outcome::NotAUser {
            kind: SubjectKind::System,
        },
    ];
    let lines: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| {
            still_alive(outcome, at).into_iter().map(|alive| {
                let until = alive
                    .until
                    .map_or("no bound".to_owned(), |until| until.to_string());
                format!("{}: {} [{until}]", outcome.as_str(), alive.what)
            })
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
        revoked: Everything, for the few minutes that a cut may take to hold everywhere. [no bound]
        revoked: Access tokens issued before the cut, where an application does not use continuous access evaluation: 60 to 90 minutes, unless a token lifetime policy of the tenant says otherwise. [2026-11-23T21:30:00Z]
        revoked: Access tokens issued before the cut, where an application uses continuous access evaluation: refused in near real time, within 15 minutes. [2026-11-23T20:15:00Z]
        revoked: The same tokens, if the evaluation does not reach the application: they are issued for up to 28 hours. [2026-11-25T00:00:00Z]
        revoked: Sessions that an application keeps by a cookie of its own: Entra ID cannot end them. [no bound]
        revoked: New sign-ins: a cut does not disable the account, and whoever knows the credentials can sign in again. [no bound]
        revoked: What was set up before: consents to applications, app passwords, inbox rules, registered devices and sign-in methods. [no bound]
        not_effective: Every session and token: the user signs in at the home tenant (probably fabrikam.com), and only that tenant can end them. [no bound]
        not_effective: Every session and token: the user signs in at the home tenant, and only that tenant can end them. [no bound]
        withheld: Every session and token: nothing was cut. [no bound]
        ambiguous: Every session and token: nothing was cut. [no bound]
        failed: Possibly every session and token: no cut is proved. [no bound]
        deferred: Possibly every session and token: no cut is proved. [no bound]
        handed_over: Every session and token, until the queue has finished this. [no bound]
        "#);
    assert_eq!(
        still_alive(&Outcome::AlreadyCut, at),
        still_alive(&Outcome::Revoked { verified: false }, at)
    );
}

#[test]
fn the_moment_of_the_cut_is_graph_s_answer_and_never_an_earlier_one() {
    let subject = upn("alice@contoso.com");
    let mut cut = receipt(1, &subject, Outcome::Revoked { verified: true });
    assert_eq!(cut_at(&cut), Some(time("2026-11-23T20:10:28Z")));
    cut.calls.push(Call {
        operation: "POST".to_owned(),
        at: time("2026-11-23T21:00:00Z"),
        status: Some(503),
        request_id: None,
        client_request_id: None,
    });
    assert_eq!(cut_at(&cut), Some(time("2026-11-23T20:10:28Z")));
    cut.calls.clear();
    assert_eq!(cut_at(&cut), cut.sessions_valid_from.after);
    let before = receipt(1, &subject, Outcome::AlreadyCut);
    assert_eq!(cut_at(&before), before.sessions_valid_from.before);
    assert_eq!(cut_at(&receipt(1, &subject, Outcome::Deferred)), None);
}
