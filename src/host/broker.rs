//! What Service Bus said of a message, as far as the message itself cannot have said it.
//!
//! Before the host writes an invocation, it lets each top-level property of a JSON body overwrite the metadata value of
//! the same name (`Utility.ApplyBindingData`; names compare without case). So a value whose name is also a property of the
//! body is not the broker's word, and is not handed on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::encoding;

/// The broker's word. A value is absent if Service Bus did not say it, or if the body may have overwritten it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerWord {
    /// The message's id.
    pub message_id: Option<String>,
    /// The message's correlation id.
    pub correlation_id: Option<String>,
    /// How often the message was delivered, this time included: 1 on the first delivery.
    pub delivery_count: Option<u32>,
    /// When the message was put on the queue, cut to the second by the host.
    pub enqueued_at: Option<Timestamp>,
}

impl BrokerWord {
    /// Reads the metadata of a message with this body.
    pub(super) fn read(metadata: &Map<String, Value>, body: &[u8]) -> Self {
        let claims = Claims::of(body);
        let word = |name: &str| {
            if claims.may_have_written(name) {
                return None;
            }
            metadata
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        // The same instant under two names: a body would have to overwrite both.
        let enqueued_at = ["EnqueuedTimeUtc", "EnqueuedTime"]
            .iter()
            .find_map(|name| word(name).and_then(encoding::time));
        Self {
            message_id: word("MessageId").and_then(encoding::text),
            correlation_id: word("CorrelationId").and_then(encoding::text),
            delivery_count: word("DeliveryCount").and_then(encoding::number),
            enqueued_at,
        }
    }
}

/// Which metadata values a body may have overwritten.
enum Claims {
    /// None: the host finds no object in it.
    Nothing,
    /// Those of these names, folded.
    Names(Vec<String>),
    /// Any. It is not strict JSON, but the host's parser is more lenient than the standard (comments, single quotes,
    /// bare names), so it may have found an object all the same.
    Anything,
}

impl Claims {
    #[expect(
        clippy::zero_sized_map_values,
        reason = "serde reads an object into no set of names"
    )]
    fn of(body: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(body) else {
            return Self::Anything;
        };
        let text = text.trim_start_matches('\u{feff}');
        if let Ok(object) = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text) {
            return Self::Names(object.keys().map(|name| fold(name)).collect());
        }
        let is_something_else = serde_json::from_str::<IgnoredAny>(text).is_ok();
        if is_something_else || !text.contains('{') {
            Self::Nothing
        } else {
            Self::Anything
        }
    }

    fn may_have_written(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Names(names) => names.contains(&fold(name)),
            Self::Anything => true,
        }
    }
}

/// Folds wider than the host does, so that no letter that only some alphabet takes for another slips through.
fn fold(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn metadata() -> Map<String, Value> {
        let Value::Object(map) = json!({
            "DeliveryCount": "4",
            "MessageId": "\"broker\"",
            "CorrelationId": "\"incident-4711\"",
            "EnqueuedTimeUtc": "2026-11-23T20:10:26",
            "EnqueuedTime": "2026-11-23T20:10:26+00:00",
        }) else {
            unreachable!()
        };
        map
    }

    fn read(body: &str) -> BrokerWord {
        BrokerWord::read(&metadata(), body.as_bytes())
    }

    #[test]
    fn an_honest_body_leaves_the_broker_its_word() {
        for body in [
            "alice@contoso.com",
            r#"{"user":"alice@contoso.com"}"#,
            "[1]",
            "",
            "\u{feff}{\"user\":\"x\"}",
        ] {
            let word = read(body);
            assert_eq!(word.delivery_count, Some(4), "{body}");
            assert_eq!(word.message_id.as_deref(), Some("broker"), "{body}");
            assert!(word.enqueued_at.is_some(), "{body}");
        }
    }

    #[test]
    fn a_property_of_the_body_is_not_the_brokers_word_in_any_case() {
        for name in [
            "MessageId",
            "messageid",
            "MESSAGEID",
            "me\u{17f}\u{17f}ageId",
        ] {
            let word = read(&json!({ name: ["forged"], "user": "x" }).to_string());
            assert_eq!(word.message_id, None, "{name}");
            assert_eq!(word.delivery_count, Some(4), "{name}");
        }
    }

    #[test]
    fn the_time_has_two_names_and_both_must_be_forged() {
        assert!(
            read(r#"{"EnqueuedTimeUtc":"2019-01-01T00:00:00Z"}"#)
                .enqueued_at
                .is_some()
        );
        let both =
            r#"{"EnqueuedTimeUtc":"2019-01-01T00:00:00Z","enqueuedtime":"2019-01-01T00:00:00Z"}"#;
        assert_eq!(read(both).enqueued_at, None);
    }

    #[test]
    fn what_only_a_lenient_parser_reads_may_have_forged_everything() {
        for body in [
            "{'DeliveryCount':1}",
            "{DeliveryCount:1}",
            "/* */{\"DeliveryCount\":1}",
            "{\"DeliveryCount\":1,}",
            "\u{a0}{\"DeliveryCount\":1} x",
            "{\"DeliveryCount\":1} // x",
        ] {
            assert_eq!(read(body), BrokerWord::default(), "{body}");
        }
    }

    #[test]
    fn a_body_nested_beyond_reason_hides_no_name() {
        let deep = format!(
            "{{\"DeliveryCount\":1,\"x\":{}{},\"MessageId\":\"forged\"}}",
            "[".repeat(4_000),
            "]".repeat(4_000)
        );
        let word = read(&deep);
        assert_eq!((word.delivery_count, word.message_id), (None, None));
    }

    proptest! {
        #[test]
        fn a_named_property_is_never_believed(
            name in "(?i)(deliverycount|messageid|correlationid)",
            value in "[a-z0-9]{0,8}",
            other in "[a-z]{1,8}",
        ) {
            let mut body = Map::new();
            body.insert(other, json!(1));
            body.insert(name.clone(), json!(value));
            let word = read(&Value::Object(body).to_string());
            let believed = match name.to_uppercase().to_lowercase().as_str() {
                "deliverycount" => word.delivery_count.is_some(),
                "messageid" => word.message_id.is_some(),
                _ => word.correlation_id.is_some(),
            };
            prop_assert!(!believed);
        }
    }
}
