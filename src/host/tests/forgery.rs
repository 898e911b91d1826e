//! A message's body overwrites its own metadata.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{BrokerWord, envelope, newtonsoft, queue, truth, word};

const NAMES: [&str; 7] = [
    "MessageId",
    "CorrelationId",
    "DeliveryCount",
    "EnqueuedTimeUtc",
    "EnqueuedTime",
    "SequenceNumber",
    "LockToken",
];

/// The metadata that the host writes if the body is this object: `Utility.ApplyBindingData` and its serialisation.
fn overwritten(body: &Map<String, Value>) -> Map<String, Value> {
    let mut metadata = truth();
    for (name, value) in body {
        let value = match value {
            Value::Array(_) | Value::Null => continue,
            Value::Object(_) => value.clone(),
            Value::String(text) => newtonsoft(text).into(),
            Value::Bool(_) | Value::Number(_) => newtonsoft(&value.to_string()).into(),
        };
        let known = metadata.keys().find(|it| it.eq_ignore_ascii_case(name));
        let name = known.cloned().unwrap_or_else(|| name.clone());
        metadata.insert(name, value);
    }
    metadata
}

fn told(body: &str) -> BrokerWord {
    queue(&envelope(body, &truth())).broker
}

fn without(name: &str) -> BrokerWord {
    let mut word = word();
    match name {
        "MessageId" => word.message_id = None,
        "CorrelationId" => word.correlation_id = None,
        "DeliveryCount" => word.delivery_count = None,
        "SequenceNumber" => word.sequence_number = None,
        "LockToken" => word.is_locked = false,
        // The other name holds the same instant.
        "EnqueuedTimeUtc" | "EnqueuedTime" => {}
        other => unreachable!("{other} is not read"),
    }
    word
}

#[test]
fn a_body_that_names_no_metadata_leaves_the_brokers_word_whole() {
    for body in [
        r#"{"user": "alice@contoso.com"}"#,
        "alice@contoso.com",
        "",
        "  {\"user\": \"alice@contoso.com\"}\r\n",
        "\u{feff}{}",
        "[{\"MessageId\": \"nested in an array, which the host does not look into\"}]",
        r#"{"data": {"MessageId": "nested in an object"}}"#,
        "\"MessageId\"",
        "4711",
        "MessageId: nobody's",
    ] {
        assert_eq!(told(body), word(), "{body}");
    }
}

#[test]
fn a_value_whose_name_the_body_claims_is_not_the_brokers_word() {
    for name in NAMES {
        for value in [
            json!("x"),
            json!(1),
            json!(true),
            json!({"a": 1}),
            json!([]),
            Value::Null,
        ] {
            let body = json!({ "user": "alice@contoso.com", name: value });
            assert_eq!(told(&body.to_string()), without(name), "{body}");
        }
    }
}

#[test]
fn names_are_claimed_in_any_case_and_in_any_spelling() {
    for body in [
        r#"{"messageid": "x"}"#,
        r#"{"MESSAGEID": "x"}"#,
        r#"{"\u004dessageId": "x"}"#,
        r#"{"Me\u017f\u017fageId": "x"}"#,
        r#"{"a": 1, "MessageId": "x", "MessageId": []}"#,
    ] {
        assert_eq!(told(body), without("MessageId"), "{body}");
    }
    assert_eq!(
        told("{\"\u{212a}\": 1, \"EnqueuedT\u{131}me\": 1, \"EnqueuedTimeUTC\": 1}").enqueued_at,
        None
    );
}

#[test]
fn the_enqueued_time_is_gone_only_when_both_of_its_names_are_claimed() {
    let both = json!({ "EnqueuedTimeUtc": "2019-01-01T00:00:00Z", "enqueuedTime": "2019-01-01T00:00:00Z" });
    let metadata = overwritten(both.as_object().unwrap());
    assert_eq!(
        queue(&envelope(&both.to_string(), &metadata))
            .broker
            .enqueued_at,
        None
    );

    let one = json!({ "EnqueuedTimeUtc": "2019-01-01T00:00:00Z" });
    let metadata = overwritten(one.as_object().unwrap());
    assert_eq!(
        queue(&envelope(&one.to_string(), &metadata))
            .broker
            .enqueued_at,
        word().enqueued_at
    );
}

#[test]
fn what_only_the_hosts_parser_takes_for_an_object_is_believed_in_nothing() {
    for body in [
        "{'EnqueuedTimeUtc': '2019-01-01T00:00:00Z'}",
        "{EnqueuedTimeUtc: '2019-01-01T00:00:00Z'}",
        r#"{/* so */"MessageId": "x"}"#,
        r#"/* before */ {"MessageId": "x"}"#,
        "// before\n{\"MessageId\": \"x\"}",
        "{// so\n\"MessageId\": \"x\"}",
        r#"{"MessageId": "x",}"#,
        r#"{"MessageId": 'x'}"#,
        r#"{"a": 0x10, "MessageId": "x"}"#,
        r#"{"a": NaN, "MessageId": "x"}"#,
        r#"{"a": undefined, "MessageId": "x"}"#,
        "{\"a\": 1,\u{a0}\"MessageId\": \"x\"}",
        "{\"a\": 1,\0\"MessageId\": \"x\"}",
        r#"{"MessageId": "x"} /* after */"#,
        r#"{"MessageId": "x"}{}"#,
        "{\"a\": \"line\nbreak\", \"MessageId\": \"x\"}",
        r#"{"\ud800": 1, "MessageId": "x"}"#,
        r#"{"user": "alice@contoso.com""#,
    ] {
        for before in [
            "",
            " \r\n",
            "\u{feff}",
            "\u{3000}\u{feff}",
            "\u{200b}",
            "\0",
        ] {
            assert_eq!(
                told(&format!("{before}{body}")),
                BrokerWord::default(),
                "{body}"
            );
        }
    }
}

#[test]
fn metadata_that_bears_one_name_twice_is_not_believed() {
    let mut metadata = truth();
    metadata.insert("messageId".to_owned(), json!("another"));
    assert_eq!(
        queue(&envelope("alice@contoso.com", &metadata)).broker,
        without("MessageId")
    );
}

#[test]
fn a_number_or_a_time_in_the_form_of_a_bodys_property_is_not_believed() {
    let mut metadata = truth();
    metadata.insert("DeliveryCount".to_owned(), newtonsoft("1").into());
    metadata.insert(
        "EnqueuedTimeUtc".to_owned(),
        newtonsoft("2019-01-01T00:00:00Z").into(),
    );
    metadata.insert(
        "EnqueuedTime".to_owned(),
        newtonsoft("2019-01-01T00:00:00Z").into(),
    );
    let told = queue(&envelope("alice@contoso.com", &metadata)).broker;
    assert_eq!((told.delivery_count, told.enqueued_at), (None, None));
}

#[test]
fn a_time_of_the_year_1_means_that_there_is_none() {
    // A queue time before every cut would make each user look already cut.
    let mut metadata = truth();
    metadata.remove("EnqueuedTime");
    metadata.insert("EnqueuedTimeUtc".to_owned(), json!("0001-01-01T00:00:00"));
    assert_eq!(queue(&envelope("a", &metadata)).broker.enqueued_at, None);
    metadata.insert("EnqueuedTimeUtc".to_owned(), json!("1970-01-01T00:00:00Z"));
    assert_eq!(queue(&envelope("a", &metadata)).broker.enqueued_at, None);
}

#[test]
fn a_message_that_no_broker_has_sent_shows_none_and_its_body_cannot_help_it() {
    // The metadata that the extension gives to a text posted to `/admin/functions`.
    let by_hand = json!({
        "DeliveryCount": "0",
        "SequenceNumber": "-1",
        "LockToken": newtonsoft("00000000-0000-0000-0000-000000000000"),
        "EnqueuedTimeUtc": "0001-01-01T00:00:00",
        "EnqueuedTime": "0001-01-01T00:00:00+00:00",
    });
    let by_hand = by_hand.as_object().unwrap();
    let shown = |body: &str, metadata: &Map<String, Value>| {
        queue(&envelope(body, metadata)).broker.shows_a_broker()
    };
    assert!(!shown("alice@contoso.com", by_hand));
    assert!(!shown("alice@contoso.com", &Map::new()));
    for name in NAMES {
        let mut metadata = by_hand.clone();
        // In the form in which the host writes values of the body.
        for value in [
            "\"1\"",
            "\"5d6a1f6e-8b0c-4a3e-9e2f-0c1a7d1e2b3c\"",
            "2026-11-23T20:10:26",
        ] {
            metadata.insert(name.to_owned(), value.into());
            let body = json!({"user": "alice@contoso.com", name: "x"}).to_string();
            assert!(!shown(&body, &metadata), "{name}: {value}");
        }
    }
    // One true value is enough.
    for name in [
        "DeliveryCount",
        "SequenceNumber",
        "LockToken",
        "EnqueuedTimeUtc",
        "EnqueuedTime",
    ] {
        let mut metadata = by_hand.clone();
        metadata.insert(name.to_owned(), truth()[name].clone());
        assert!(shown("alice@contoso.com", &metadata), "{name}");
    }
}

#[test]
fn both_the_hosts_and_the_documentations_forms_are_read() {
    let enqueued = |text: &str| {
        let mut metadata = truth();
        metadata.remove("EnqueuedTime");
        metadata.insert("EnqueuedTimeUtc".to_owned(), json!(text));
        queue(&envelope("a", &metadata)).broker.enqueued_at
    };
    for same in [
        "2026-11-23T20:10:26",
        "2026-11-23T20:10:26Z",
        "2026-11-23T20:10:26+00:00",
        "2026-11-23T22:10:26+02:00",
        "2026-11-23T20:10:26.000",
    ] {
        assert_eq!(enqueued(same), word().enqueued_at, "{same}");
    }
    assert_eq!(enqueued("yesterday"), None);
    // Only the name says that the time is in UTC.
    let mut metadata = truth();
    metadata.remove("EnqueuedTimeUtc");
    metadata.insert("EnqueuedTime".to_owned(), json!("2026-11-23T20:10:26"));
    assert_eq!(queue(&envelope("a", &metadata)).broker.enqueued_at, None);

    let mut metadata = truth();
    metadata.insert("DeliveryCount".to_owned(), json!(3));
    metadata.insert("MessageId".to_owned(), json!("the-brokers"));
    assert_eq!(queue(&envelope("a", &metadata)).broker, word());
}

#[test]
fn values_that_say_nothing_are_none() {
    let metadata = json!({
        "DeliveryCount": "0",
        "EnqueuedTimeUtc": {},
        "EnqueuedTime": [],
        "MessageId": "\"\"",
        "CorrelationId": "null",
        "SequenceNumber": "0",
        "LockToken": "null",
    });
    let metadata = metadata.as_object().unwrap().clone();
    assert_eq!(
        queue(&envelope("a", &metadata)).broker,
        BrokerWord::default()
    );
    assert_eq!(
        queue(&json!({ "Data": { "message": "\"a\"" }, "Metadata": null })).broker,
        BrokerWord::default()
    );
    assert_eq!(
        queue(&json!({ "Data": { "message": "\"a\"" } })).broker,
        BrokerWord::default()
    );
}

#[test]
fn what_a_body_puts_into_the_metadata_may_be_of_any_depth() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let body = format!(r#"{{"user": "alice@contoso.com", "deep": {{"a": {deep}}}}}"#);
    let mut text = envelope(&body, &truth()).to_string();
    text.truncate(text.len() - 2);
    let text = format!(r#"{text},"deep":{{"a":{deep}}},"MessageID":{deep}}}}}"#);
    let invocation =
        super::Invocation::parse(super::Function::RevokeFromQueue, super::ID, text.as_bytes());
    let super::Trigger::Queue(message) = invocation.unwrap().trigger else {
        unreachable!("it was posted to the queue's function")
    };
    assert_eq!(message.body, body.as_bytes());
    assert_eq!(message.broker, without("MessageId"));
}

#[test]
fn debug_shows_no_id_that_a_sender_chose() {
    let shown = format!("{:?}", queue(&envelope("alice@contoso.com", &truth())));
    assert!(
        !shown.contains("incident-4711") && !shown.contains("alice"),
        "{shown}"
    );
    assert!(shown.contains("2026-11-23T20:10:26Z"), "{shown}");
}

fn any_case(name: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<bool>(), name.len()).prop_map(move |upper| {
        name.chars()
            .zip(upper)
            .map(|(c, upper)| {
                if upper {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect()
    })
}

fn property() -> impl Strategy<Value = (String, Value)> {
    let name = prop_oneof![
        proptest::sample::select(&NAMES[..]).prop_flat_map(any_case),
        any::<String>(),
    ];
    let value = prop_oneof![
        any::<String>().prop_map(Value::from),
        Just(json!("2019-01-01T00:00:00Z")),
        Just(json!("2019-01-01T00:00:00")),
        (0_u32..20).prop_map(Value::from),
        Just(json!({ "a": "b" })),
        Just(json!(["b"])),
        Just(Value::Null),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn no_body_speaks_in_the_brokers_name(properties in proptest::collection::vec(property(), 0..8)) {
        let body: Map<String, Value> = properties.into_iter().collect();
        let metadata = overwritten(&body);
        let told = queue(&envelope(&Value::from(body).to_string(), &metadata)).broker;
        let word = word();
        prop_assert!(told.message_id.is_none() || told.message_id == word.message_id);
        prop_assert!(told.correlation_id.is_none() || told.correlation_id == word.correlation_id);
        prop_assert!(told.delivery_count.is_none() || told.delivery_count == word.delivery_count);
        prop_assert!(told.enqueued_at.is_none() || told.enqueued_at == word.enqueued_at);
        prop_assert!(told.sequence_number.is_none() || told.sequence_number == word.sequence_number);
    }
}
