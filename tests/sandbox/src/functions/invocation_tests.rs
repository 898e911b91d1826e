//! The encoder against the samples: whole documents, compared value by value.

use super::super::message::Message;
use super::*;

/// The invocation's body in a sample.
fn sample(name: &str) -> Value {
    let path = format!(
        "{}/../fixtures/host/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut sample: Value = serde_json::from_str(&text).unwrap();
    sample["request"]["body"].take()
}

const MANUAL: &str = r#"{"user": "alice@contoso.com", "reason": "impossible travel", "requestedBy": "oncall@contoso.com"}"#;

/// The message of all queue samples, except for its body.
fn held(body: &str) -> QueuedMessage {
    let mut properties = Map::new();
    properties.insert("source".to_owned(), json!("oncall"));
    QueuedMessage {
        message: Message {
            body: body.into(),
            message_id: Some("4f0d3c0b6f3b4f6aa0a3b8f0f2f7c1d9".to_owned()),
            correlation_id: Some("incident-4711".to_owned()),
            content_type: Some("application/json".to_owned()),
            subject: Some("revoke".to_owned()),
            application_properties: properties,
            ..Message::default()
        },
        sequence_number: 1471,
        // The host loses the fraction.
        enqueued_at: "2026-11-23T20:10:26.718Z".parse().unwrap(),
        expires_at: "2026-12-07T20:10:26.718Z".parse().unwrap(),
        delivery_count: 1,
        dead_letter: None,
    }
}

const LOCK_TOKEN: &str = "5d6a1f6e-8b0c-4a3e-9e2f-0c1a7d1e2b3c";

fn system() -> SystemData {
    SystemData {
        method_name: "RevokeFromQueue".to_owned(),
        utc_now: "2026-11-23T20:10:27.1234567Z".to_owned(),
        rand_guid: "9d5e7f2c-6d1d-4d2b-8a70-0b6f7d2b9a11".to_owned(),
    }
}

fn queue_invocation(body: &str, binary: bool) -> Value {
    for_message("message", binary, &held(body), LOCK_TOKEN, system()).unwrap()
}

#[test]
fn a_json_message_is_written_as_the_host_writes_it() {
    assert_eq!(queue_invocation(MANUAL, false), sample("queue-json-body"));
}

#[test]
fn a_bare_text_is_written_as_the_host_writes_it() {
    assert_eq!(
        queue_invocation("alice@contoso.com", false),
        sample("queue-bare-upn")
    );
}

#[test]
fn a_body_that_forges_its_metadata_is_let_to() {
    let body = r#"{"user": "alice@contoso.com", "EnqueuedTimeUtc": "2019-01-01T00:00:00Z", "DeliveryCount": 1, "MessageId": "forged", "Subject": "x"}"#;
    assert_eq!(
        queue_invocation(body, false),
        sample("queue-forged-metadata")
    );
}

#[test]
fn a_binary_body_is_base64_in_one_layer() {
    assert_eq!(queue_invocation(MANUAL, true), sample("queue-binary-body"));
}

#[test]
fn no_value_is_the_text_null() {
    assert_eq!(
        document_for_message("message", &NetValue::Null, &held(""), LOCK_TOKEN, system()),
        sample("queue-null-body")
    );
}

#[test]
fn the_form_of_the_documentation_is_the_same_but_for_bare_values() {
    // The host never writes this form; the sample shows which values its documentation shows without their layer.
    let plain = sample("queue-plain-metadata");
    let ours = queue_invocation(MANUAL, false);
    assert_eq!(ours["Data"], plain["Data"]);
    for (name, value) in plain["Metadata"].as_object().unwrap() {
        let bare = ["DeliveryCount", "SequenceNumber", "MessageId"].contains(&name.as_str());
        assert_eq!(&ours["Metadata"][name] == value, !bare, "{name}");
    }
}

#[test]
fn a_body_that_is_no_text_arrives_as_text_all_the_same() {
    let mut message = held("");
    message.message.body = b"caf\xe9".to_vec();
    let ours = for_message("message", false, &message, LOCK_TOKEN, system()).unwrap();
    assert_eq!(ours["Data"]["message"], json!("\"caf\u{fffd}\""));
}

#[test]
fn an_amqp_sequence_or_a_value_that_is_no_string_never_reaches_the_worker() {
    for kind in [BodyKind::Sequence, BodyKind::Value] {
        let mut message = held("[1]");
        message.message.body_kind = kind;
        for binary in [false, true] {
            let refused = for_message("message", binary, &message, LOCK_TOKEN, system());
            assert!(refused.is_err(), "{kind:?}");
        }
    }
}

#[test]
fn a_message_that_no_broker_has_sent_says_so() {
    let metadata = for_no_message("message", MANUAL, system())["Metadata"].take();
    for (name, value) in [
        ("DeliveryCount", "0"),
        ("SequenceNumber", "-1"),
        ("LockToken", "\"00000000-0000-0000-0000-000000000000\""),
        ("EnqueuedTimeUtc", "0001-01-01T00:00:00"),
        ("EnqueuedTime", "0001-01-01T00:00:00+00:00"),
    ] {
        assert_eq!(metadata[name], json!(value), "{name}");
    }
    assert_eq!(metadata.get("MessageId"), None);
}

#[test]
fn system_times_have_seven_digits() {
    let now: Timestamp = "2026-11-23T20:10:27.05Z".parse().unwrap();
    assert_eq!(
        SystemData::new("Check", now).utc_now,
        "2026-11-23T20:10:27.0500000Z"
    );
}

/// The request behind a sample, reconstructed from its document.
fn request_of(sample: &Value, body: Option<&str>) -> CallerRequest {
    let told = &sample["Data"]["req"];
    CallerRequest {
        url: told["Url"].as_str().unwrap().to_owned(),
        method: told["Method"].as_str().unwrap().to_owned(),
        query: told["Query"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        headers: told["Headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, values)| {
                (
                    name.clone(),
                    serde_json::from_value(values.clone()).unwrap(),
                )
            })
            .collect(),
        key: Some(Key::Function),
        body: body.map(|text| text.as_bytes().to_vec()),
    }
}

#[test]
fn http_requests_are_written_as_the_host_writes_them() {
    for (sample, body) in [
        (sample("http-json-body"), Some(MANUAL)),
        (sample("http-chunked-no-body"), None),
        (sample("http-check"), None),
    ] {
        let ours = for_request("req", &request_of(&sample, body), system());
        assert_eq!(ours["Data"], sample["Data"]);
        assert_holds(&ours["Metadata"], &sample["Metadata"]);
    }
}

/// The samples' HTTP metadata are shortened: the values in them are required, and more are permitted.
fn assert_holds(ours: &Value, shown: &Value) {
    let Value::Object(members) = shown else {
        assert_eq!(ours, shown);
        return;
    };
    for (name, value) in members {
        assert_holds(&ours[name], value);
    }
}

#[test]
fn every_property_of_an_http_body_forges_metadata_too() {
    let sample = sample("http-json-body");
    let body = r#"{"sys": "mine", "Headers": "none", "list": [1]}"#;
    let ours = for_request("req", &request_of(&sample, Some(body)), system());
    assert_eq!(ours["Metadata"]["sys"], json!("\"mine\""));
    assert_eq!(
        ours["Metadata"]["$sys"]["MethodName"],
        json!("RevokeFromQueue")
    );
    assert_eq!(ours["Metadata"]["Headers"], json!("\"none\""));
    assert_eq!(ours["Metadata"].get("list"), None);
}

#[test]
fn an_http_body_that_is_not_text_is_base64() {
    let mut request = CallerRequest {
        headers: vec![(
            "content-type".to_owned(),
            vec!["application/octet-stream".to_owned()],
        )],
        body: Some(b"{}".to_vec()),
        ..CallerRequest::default()
    };
    let ours = for_request("req", &request, system());
    assert_eq!(ours["Data"]["req"]["Body"], json!("e30="));
    request.headers.clear();
    let ours = for_request("req", &request, system());
    assert_eq!(ours["Data"]["req"]["Body"], json!("{}"));
    assert_eq!(
        ours["Data"]["req"]["Identities"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_query_value_that_is_given_twice_is_joined_in_data_and_the_last_one_in_metadata() {
    let given = [("a", "1"), ("b", "x"), ("a", "2")];
    let request = CallerRequest {
        query: given
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec(),
        ..CallerRequest::default()
    };
    let ours = for_request("req", &request, system());
    assert_eq!(ours["Data"]["req"]["Query"], json!({"a": "1,2", "b": "x"}));
    assert_eq!(ours["Metadata"]["Query"], json!({"a": "2", "b": "x"}));
    assert_eq!(ours["Metadata"]["a"], json!("\"2\""));
}

#[test]
fn a_byte_order_mark_of_an_http_body_is_dropped() {
    let request = CallerRequest {
        body: Some(b"\xef\xbb\xbf{\"user\": \"a\"}".to_vec()),
        ..CallerRequest::default()
    };
    let ours = for_request("req", &request, system());
    assert_eq!(ours["Data"]["req"]["Body"], json!("{\"user\": \"a\"}"));
    assert_eq!(ours["Metadata"]["user"], json!("\"a\""));
}

#[test]
fn the_bearer_of_a_key_is_one_identity_with_three_claims() {
    let request = CallerRequest {
        key: Some(Key::Function),
        ..CallerRequest::default()
    };
    let identities = for_request("req", &request, system())["Data"]["req"]["Identities"].take();
    assert_eq!(identities.as_array().unwrap().len(), 1);
    let claims: Vec<_> = identities[0]["Claims"].as_array().unwrap().iter().collect();
    let told: Vec<_> = claims
        .iter()
        .map(|claim| {
            let kind = claim["Type"].as_str().unwrap().rsplit('/').next().unwrap();
            (kind, claim["Value"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("authlevel", "Function"),
            ("invoke", "true"),
            ("keyid", "default")
        ]
    );
}
