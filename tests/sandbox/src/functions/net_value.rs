//! How the host writes a .NET value into an invocation (`GetHttpScriptInvocationContextValue`; the host's own tests
//! hold these forms). It must not be simplified: the layers are the contract that a custom handler has to decode.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::newtonsoft::quoted;

/// A .NET value on its way into an invocation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NetValue {
    Null,
    /// `string`
    Text(String),
    /// `int`, `long`
    Whole(i64),
    /// `byte[]`
    Bytes(Vec<u8>),
    /// `DateTime`, which arrives without a zone
    UtcTime(Timestamp),
    /// `DateTimeOffset`
    OffsetTime(Timestamp),
    /// An object or a dictionary
    Object(Map<String, Value>),
}

impl NetValue {
    /// The value's form in `Data`, where null is a text too.
    pub(super) fn in_data(&self) -> Value {
        self.in_metadata().unwrap_or_else(|| Value::from("null"))
    }

    /// The value's form in `Metadata`; `None` for null, which is left out there.
    pub(super) fn in_metadata(&self) -> Option<Value> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => Value::from(quoted(text)),
            Self::Whole(number) => Value::from(number.to_string()),
            Self::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
            Self::UtcTime(at) => Value::from(at.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
            Self::OffsetTime(at) => Value::from(at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
            Self::Object(members) => Value::Object(members.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_string_that_is_json_arrives_in_two_layers() {
        let value = NetValue::Text(r#"{"a":1}"#.to_owned());
        assert_eq!(value.in_data(), json!(r#""{\"a\":1}""#));
    }

    #[test]
    fn times_lose_their_fraction_and_a_date_time_its_zone() {
        let at: Timestamp = "2026-11-23T20:10:26.987Z".parse().unwrap();
        assert_eq!(
            NetValue::UtcTime(at).in_data(),
            json!("2026-11-23T20:10:26")
        );
        assert_eq!(
            NetValue::OffsetTime(at).in_data(),
            json!("2026-11-23T20:10:26+00:00")
        );
    }

    #[test]
    fn null_is_a_text_in_data_and_absent_in_metadata() {
        assert_eq!(NetValue::Null.in_data(), json!("null"));
        assert_eq!(NetValue::Null.in_metadata(), None);
    }
}
