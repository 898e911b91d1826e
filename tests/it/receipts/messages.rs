//! The messages that go on: handed over, put back, rejected. None loses a user or a byte, and none is too large.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evict::domain::{
    AlertHeader, Correlation, Fix, HandedOn, Outcome, Parsed, Shape, Story, SubjectKind,
    SubjectRef, Told, WithholdReason, WrittenBy,
};
use evict::receipt::{
    QUEUE_MESSAGE_LIMIT, RejectedFrom, awaiting, handover, put_back, rejected, unfinished,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::receipts::{asked_for, crowd, header, id, malformed, named, report, time, upn};

/// The size of a message as the host sends it: indented, with Windows line ends.
fn sent(message: &str) -> usize {
    let value: Value = serde_json::from_str(message).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    pretty.len() + pretty.matches('\n').count()
}

fn full() -> SubjectRef {
    let mut subject = upn("alice@contoso.com");
    subject.id = Some(id(1).parse().unwrap());
    subject.sid = Some(
        "S-1-5-21-898359651-226337246-2910964862-31937"
            .parse()
            .unwrap(),
    );
    subject.mail = Some("alice.stone@contoso.com".parse().unwrap());
    subject.tenant = Some("f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap());
    subject.account = Some("CONTOSO\\alice".parse().unwrap());
    subject.name = Some("Alice Stone".to_owned());
    subject
}

fn correlation() -> Correlation {
    Correlation {
        message_id: Some("f2b1c2d3".to_owned()),
        invocation_id: "6ecd8c99-4036-403d-bf84-cf8400f67836".to_owned(),
        ..Correlation::default()
    }
}

fn from(correlation: &Correlation) -> RejectedFrom<'_> {
    RejectedFrom {
        correlation,
        delivery_count: Some(10),
        at: time("2026-11-23T20:19:00Z"),
    }
}

#[test]
fn what_is_put_back_is_a_manual_message_with_all_that_is_known() {
    let mut header = header(Shape::Manual);
    header.reason = Some("Tokens seen on a paste site".to_owned());
    header.requested_by = Some("oncall@contoso.com".to_owned());
    let messages = put_back(
        &header,
        &[asked_for(full()), asked_for(upn("bob@contoso.com"))],
        QUEUE_MESSAGE_LIMIT,
    );
    assert_eq!(messages.len(), 1);
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    insta::assert_json_snapshot!(message, @r#"
        {
          "alert": "a30f4300-bbee-4636-9d33-bc6d96f0da84",
          "incident": "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7",
          "reason": "Tokens seen on a paste site",
          "requestedBy": "oncall@contoso.com",
          "severity": "High",
          "users": [
            {
              "account": "CONTOSO\\alice",
              "id": "6cace4d5-19d5-4695-92e7-000000000001",
              "mail": "alice.stone@contoso.com",
              "sid": "S-1-5-21-898359651-226337246-2910964862-31937",
              "tenant": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a",
              "upn": "alice@contoso.com"
            },
            {
              "upn": "bob@contoso.com"
            }
          ]
        }
        "#);
}

#[test]
fn a_number_is_expected_only_if_one_was_and_each_message_expects_its_own() {
    let subjects: Vec<_> = (0..5)
        .map(|n| asked_for(upn(&format!("user{n}@contoso.com"))))
        .collect();
    let mut header = header(Shape::Manual);
    header.expect = Some(40);
    let messages = put_back(&header, &subjects, 600);
    let counts: Vec<_> = messages
        .iter()
        .map(|message| {
            let message: Value = serde_json::from_str(message).unwrap();
            assert_eq!(
                message["expect"],
                message["users"].as_array().unwrap().len()
            );
            message["expect"].as_u64().unwrap()
        })
        .collect();
    assert!(
        counts.len() > 1 && counts.iter().sum::<u64>() == 5,
        "{counts:?}"
    );
    header.expect = None;
    assert!(!put_back(&header, &subjects, 600)[0].contains("expect"));
}

#[test]
fn what_is_no_user_never_becomes_one_by_being_put_back() {
    let mut machine = named(SubjectKind::Machine, "LAPTOP-7$");
    machine.account = Some("CONTOSO\\LAPTOP-7$".parse().unwrap());
    let subjects = [machine, named(SubjectKind::User, "Alice Stone")].map(asked_for);
    assert!(put_back(&header(Shape::Manual), &subjects, QUEUE_MESSAGE_LIMIT).is_empty());
}

#[test]
fn only_what_is_handed_over_is_handed_over() {
    let (parsed, mut receipts) = crowd(3, &Outcome::Revoked { verified: true }, None);
    receipts[1].outcome = Outcome::HandedOver;
    let messages = handover(&report(&parsed, &receipts), None);
    assert_eq!(messages.len(), 1);
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    assert_eq!(
        message["users"],
        serde_json::json!([{ "upn": "user1@contoso.com" }])
    );
}

#[test]
fn what_goes_on_says_how_far_its_message_had_come() {
    let (parsed, mut receipts) = crowd(2, &Outcome::Revoked { verified: true }, None);
    receipts[1].outcome = Outcome::HandedOver;
    let handed_on = HandedOn {
        deliveries: 3,
        queued_at: Some("2026-11-23T20:10:27Z".parse().unwrap()),
        correlation_id: Some("INC-4711".to_owned()),
        alert_at: Some("2026-11-23T20:10:01Z".parse().unwrap()),
        source: Some(Shape::GraphAlertV2),
        story: None,
        received_body: None,
    };
    let messages = handover(&report(&parsed, &receipts), Some(&handed_on));
    let read = evict::alert::parse(messages[0].as_bytes());
    assert_eq!(read.header().handed_on, Some(handed_on));
}

#[test]
fn what_awaits_entities_keeps_what_its_sender_wrote_where_it_fits() {
    let header = AlertHeader::new(Shape::SentinelIncidentTrigger);
    for (length, is_kept) in [(150_000, true), (QUEUE_MESSAGE_LIMIT, false)] {
        let body = "\u{85}\"".repeat(length / 8);
        let handed_on = HandedOn {
            received_body: Some(body.clone()),
            ..HandedOn::default()
        };
        let message = awaiting(&header, &handed_on);
        assert!(message.len() <= QUEUE_MESSAGE_LIMIT);
        let read = evict::alert::parse(message.as_bytes());
        let earlier = read.header().handed_on.as_ref().unwrap();
        assert!(earlier.received_body == Some(body).filter(|_| is_kept));
    }
}

/// One of each final outcome, with all details.
fn every_outcome() -> Vec<Told> {
    let kinds = SubjectKind::ALL.map(|kind| Outcome::NotAUser { kind });
    let reasons = WithholdReason::ALL.map(|reason| Outcome::Withheld { reason });
    let fixes = Fix::ALL.map(|fix| Outcome::Failed { fix });
    let others = [
        Outcome::Revoked { verified: true },
        Outcome::Revoked { verified: false },
        Outcome::AlreadyCut,
        Outcome::NotEffective { home_domain: None },
        Outcome::NotEffective {
            home_domain: Some("fabrikam.com".to_owned()),
        },
        Outcome::NotFound,
        Outcome::Ambiguous { candidates: 3 },
    ];
    let all = others.into_iter().chain(kinds).chain(reasons).chain(fixes);
    all.enumerate()
        .map(|(number, outcome)| Told {
            account: format!("user{number}@contoso.com"),
            id: (number % 2 == 0).then(|| "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap()),
            cut_at: outcome
                .is_cut()
                .then(|| "2026-11-23T20:10:28Z".parse().unwrap()),
            outcome,
        })
        .collect()
}

fn story(told: Vec<Told>) -> Story {
    Story {
        first: uuid::Uuid::from_u128(7),
        told,
        left_out: 2,
        left_out_cut: 1,
    }
}

#[test]
fn what_goes_on_carries_what_the_incident_was_told_word_for_word() {
    let (parsed, mut receipts) = crowd(2, &Outcome::Revoked { verified: true }, None);
    receipts[1].outcome = Outcome::HandedOver;
    let handed_on = HandedOn {
        story: Some(story(every_outcome())),
        ..HandedOn::default()
    };
    let messages = handover(&report(&parsed, &receipts), Some(&handed_on));
    let read = evict::alert::parse(messages[0].as_bytes());
    assert_eq!(read.header().handed_on, Some(handed_on));
}

/// A comment is not an order: no comment text causes a cut or a refusal.
#[test]
fn what_cannot_be_read_of_a_story_is_counted_and_passed_over() {
    let read = |comment: Value| {
        let message = serde_json::json!({
            "user": "alice@contoso.com",
            "handedOn": {"deliveries": 1, "comment": comment},
        });
        let read = evict::alert::parse(message.to_string().as_bytes());
        assert_eq!(read.verdict(), "alert");
        read.header().handed_on.clone().unwrap().story
    };
    let first = "00000000-0000-0000-0000-000000000007";
    for none in [
        serde_json::json!("x"),
        serde_json::json!({}),
        serde_json::json!({"first": "x"}),
        serde_json::json!({"told": []}),
    ] {
        assert_eq!(read(none), None);
    }
    let story = read(serde_json::json!({"first": first, "leftOut": 3, "told": [
        {"account": "bob@contoso.com", "outcome": "not_found"},
        {"account": "bob@contoso.com", "outcome": "deferred"},
        {"account": "bob@contoso.com", "outcome": "withheld", "reason": "mercy"},
        {"account": "", "outcome": "not_found"},
        {"outcome": "not_found"},
        7,
    ]}))
    .unwrap();
    assert_eq!(story.left_out, 3 + 5);
    assert_eq!(story.told.len(), 1);
}

#[test]
fn what_goes_on_in_several_messages_has_a_comment_for_each() {
    let (mut parsed, mut receipts) = crowd(2, &Outcome::Revoked { verified: true }, None);
    let Parsed::Alert(alert) = &mut parsed else {
        unreachable!()
    };
    alert.subjects[1].flag.written_by = WrittenBy::Person;
    for receipt in &mut receipts {
        receipt.outcome = Outcome::HandedOver;
    }
    let of = |deliveries| {
        let handed_on = HandedOn {
            deliveries,
            story: Some(story(every_outcome())),
            ..HandedOn::default()
        };
        let messages = handover(&report(&parsed, &receipts), Some(&handed_on));
        let stories = messages.iter().map(|message| {
            let read = evict::alert::parse(message.as_bytes());
            read.header().handed_on.clone().unwrap().story.unwrap()
        });
        stories.collect::<Vec<_>>()
    };
    let (earlier, later) = (of(1), of(2));
    assert_eq!((earlier.len(), later.len()), (2, 2));
    assert_eq!(earlier[0], story(every_outcome()));
    assert_eq!(earlier[0], later[0]);
    assert!(earlier[1].told.is_empty() && earlier[1].left_out == 0);
    assert_ne!(earlier[0].first, earlier[1].first);
    assert_ne!(earlier[1].first, later[1].first);
}

#[test]
fn what_the_last_delivery_left_can_be_put_on_the_input_queue_as_it_is() {
    let (parsed, mut receipts) = crowd(3, &Outcome::Revoked { verified: true }, None);
    receipts[2].outcome = Outcome::Deferred;
    let correlation = correlation();
    let messages = unfinished(&report(&parsed, &receipts), &from(&correlation));
    assert_eq!(messages.len(), 1);
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    insta::assert_json_snapshot!(message, @r#"
    {
      "alert": "a30f4300-bbee-4636-9d33-bc6d96f0da84",
      "automated": true,
      "incident": "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7",
      "rejectedBecause": "No cut of these users is proved; their receipts say why. Next: remove what stood in the way (a missing permission, an outage), then put this message on the input queue as it is.",
      "rejectedFrom": {
        "at": "2026-11-23T20:19:00Z",
        "deliveryCount": 10,
        "invocationId": "6ecd8c99-4036-403d-bf84-cf8400f67836",
        "messageId": "f2b1c2d3"
      },
      "users": [
        {
          "upn": "user2@contoso.com"
        }
      ]
    }
    "#);
}

#[test]
fn a_message_that_could_not_be_read_is_rejected_with_its_whole_body() {
    let correlation = correlation();
    let messages = rejected(&malformed(), b"{\"users\": [1]}", &from(&correlation));
    assert_eq!(messages.len(), 1);
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    insta::assert_json_snapshot!(message, @r#"
        {
          "problem": {
            "expected": "expected a text or an object, and a number stands there",
            "path": "$.users[3]"
          },
          "receivedBody": "{\"users\": [1]}",
          "rejectedBecause": "The message could not be read, and reading it again would not change that. Nobody was cut. Next: correct what `problem` names and send it again.",
          "rejectedFrom": {
            "at": "2026-11-23T20:19:00Z",
            "deliveryCount": 10,
            "invocationId": "6ecd8c99-4036-403d-bf84-cf8400f67836",
            "messageId": "f2b1c2d3"
          },
          "shape": "manual"
        }
        "#);
}

/// The names of the metadata values of a Service Bus trigger, which a top-level property of that name would overwrite.
#[test]
fn no_message_of_ours_overwrites_what_the_broker_says_of_it() {
    const METADATA: [&str; 24] = [
        "messageid",
        "deliverycount",
        "sequencenumber",
        "enqueuedtimeutc",
        "enqueuedtime",
        "expiresatutc",
        "expiresat",
        "locktoken",
        "contenttype",
        "correlationid",
        "subject",
        "label",
        "to",
        "replyto",
        "replytosessionid",
        "sessionid",
        "partitionkey",
        "transactionpartitionkey",
        "applicationproperties",
        "userproperties",
        "deadlettersource",
        "sys",
        "retrycontext",
        "client",
    ];
    let (parsed, receipts) = crowd(1, &Outcome::Deferred, None);
    let correlation = correlation();
    let mut header = header(Shape::Manual);
    header.reason = Some("x".to_owned());
    header.requested_by = Some("x".to_owned());
    header.expect = Some(1);
    let messages = [
        put_back(&header, &[asked_for(full())], QUEUE_MESSAGE_LIMIT),
        unfinished(&report(&parsed, &receipts), &from(&correlation)),
        rejected(&malformed(), &vec![0xff; 300_000], &from(&correlation)),
    ];
    for message in messages.iter().flatten() {
        let message: Value = serde_json::from_str(message).unwrap();
        for name in message.as_object().unwrap().keys() {
            assert!(!METADATA.contains(&name.to_lowercase().as_str()), "{name}");
        }
    }
}

#[test]
fn a_body_that_the_host_would_take_for_a_date_is_kept_from_it() {
    let correlation = correlation();
    for body in ["2026-11-23T20:10:26+01:00", "/Date(1700000000000)/"] {
        let messages = rejected(&malformed(), body.as_bytes(), &from(&correlation));
        let message: Value = serde_json::from_str(&messages[0]).unwrap();
        assert_eq!(message["receivedBodyBase64"], STANDARD.encode(body));
    }
}

fn whole_body(messages: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let message: Value = serde_json::from_str(message).unwrap();
        if messages.len() > 1 {
            assert_eq!(message["part"]["number"], index + 1);
            assert_eq!(message["part"]["of"], messages.len());
        }
        match (
            message["receivedBody"].as_str(),
            message["receivedBodyBase64"].as_str(),
        ) {
            (Some(text), None) => body.extend(text.as_bytes()),
            (None, Some(text)) => body.extend(STANDARD.decode(text).unwrap()),
            both => panic!("one of the two: {both:?}"),
        }
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_byte_of_a_rejected_body_is_lost_and_no_message_is_too_large(
        seed in proptest::collection::vec(any::<u8>(), 0..64),
        text in "(\\PC|[\"\\\\\\n\u{2028}]){0,64}",
        is_text in any::<bool>(),
        times in 0_usize..12_000,
    ) {
        let body = if is_text { text.into_bytes() } else { seed };
        let body: Vec<u8> = body.iter().copied().cycle().take(body.len() * times).take(700_000).collect();
        let correlation = correlation();
        let messages = rejected(&malformed(), &body, &from(&correlation));
        prop_assert_eq!(whole_body(&messages), body);
        for message in &messages {
            prop_assert!(sent(message) <= QUEUE_MESSAGE_LIMIT);
        }
    }

    #[test]
    fn no_user_is_lost_and_no_message_is_too_large(
        count in 0_u32..1_500,
        limit in 12_000_usize..200_000,
        reason in "(\\PC|[\"\\n\u{2028}]){0,500}",
        expects in any::<bool>(),
    ) {
        let subjects: Vec<_> = (0..count)
            .map(|n| {
                let mut subject = full();
                subject.upn = Some(format!("user{n}@contoso.com").parse().unwrap());
                asked_for(subject)
            })
            .collect();
        let mut header = header(Shape::Manual);
        header.reason = Some(reason);
        header.expect = expects.then_some(7);
        let messages = put_back(&header, &subjects, limit);
        let mut number = 0;
        for message in &messages {
            prop_assert!(sent(message) <= limit, "{} > {}", sent(message), limit);
            let message: Value = serde_json::from_str(message).unwrap();
            for user in message["users"].as_array().unwrap() {
                prop_assert_eq!(&user["upn"], &format!("user{number}@contoso.com"));
                number += 1;
            }
        }
        prop_assert_eq!(number, count);
    }
}

#[test]
fn a_report_without_users_hands_nothing_on() {
    let parsed = Parsed::Malformed(malformed());
    let correlation = correlation();
    assert!(handover(&report(&parsed, &[]), None).is_empty());
    assert!(unfinished(&report(&parsed, &[]), &from(&correlation)).is_empty());
}
