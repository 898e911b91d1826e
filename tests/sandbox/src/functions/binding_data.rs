//! The dictionary that becomes `Metadata`, and how a message forges it (`Utility.ApplyBindingData`). It must permit the
//! forgery, because the real host does.

use serde_json::{Map, Number, Value};

use super::net_value::NetValue;
use super::newtonsoft::as_shown_date;

/// Named values whose names compare without case. Overwriting keeps the first spelling of the name, as a .NET
/// dictionary does.
#[derive(Debug, Default)]
pub(super) struct BindingData(Vec<(String, NetValue)>);

impl BindingData {
    pub(super) fn set(&mut self, name: &str, value: NetValue) {
        let known = self
            .0
            .iter_mut()
            .find(|(existing, _)| existing.eq_ignore_ascii_case(name));
        match known {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Whether there is a value of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(existing, _)| existing.eq_ignore_ascii_case(name))
    }

    /// Sets an optional text; an absent one is left out.
    pub(super) fn set_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.set(name, NetValue::Text(text.to_owned()));
        }
    }

    /// Overwrites the broker's values from the trigger's text: with each top-level property of a JSON object that is
    /// not an array, as a string or an object. Text that is not a JSON object changes nothing.
    pub(super) fn apply(&mut self, text: &str) {
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return;
        };
        for (name, value) in members {
            let value = match value {
                Value::Array(_) => continue,
                Value::Object(members) => NetValue::Object(members),
                Value::Null => NetValue::Null,
                Value::String(text) => NetValue::Text(as_shown_date(&text).unwrap_or(text)),
                Value::Bool(true) => NetValue::Text("True".to_owned()),
                Value::Bool(false) => NetValue::Text("False".to_owned()),
                Value::Number(number) => NetValue::Text(shown_number(&number)),
            };
            self.set(&name, value);
        }
    }

    /// The dictionary as `Metadata`. Names that end in "trigger" are left out, and so is null.
    pub(super) fn into_metadata(self) -> Map<String, Value> {
        self.0
            .into_iter()
            .filter(|(name, _)| !name.to_lowercase().ends_with("trigger"))
            .filter_map(|(name, value)| value.in_metadata().map(|value| (name, value)))
            .collect()
    }
}

/// A number in .NET's form: `1.0` is `1`.
fn shown_number(number: &Number) -> String {
    match number.as_f64() {
        Some(real) if !(number.is_i64() || number.is_u64()) => real.to_string(),
        Some(_) | None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn forged(body: &str) -> Value {
        let mut data = BindingData::default();
        data.set("DeliveryCount", NetValue::Whole(3));
        data.apply(body);
        Value::Object(data.into_metadata())
    }

    #[test]
    fn a_property_overwrites_the_brokers_word_in_any_case() {
        assert_eq!(
            forged(r#"{"deliverycount": 1}"#),
            json!({"DeliveryCount": "\"1\""})
        );
    }

    #[test]
    fn dates_and_numbers_arrive_as_dot_net_shows_them() {
        assert_eq!(
            forged(
                r#"{"at": "2026-01-02T03:04:05Z", "day": "2026-01-02", "one": 1.0, "half": 0.5}"#
            ),
            json!({
                "DeliveryCount": "3",
                "at": "\"01/02/2026 03:04:05\"",
                "day": "\"2026-01-02\"",
                "one": "\"1\"",
                "half": "\"0.5\"",
            })
        );
    }

    #[test]
    fn a_null_property_takes_the_brokers_word_away() {
        assert_eq!(forged(r#"{"DeliveryCount": null}"#), json!({}));
    }

    #[test]
    fn arrays_and_names_ending_in_trigger_do_not_arrive() {
        assert_eq!(
            forged(r#"{"DeliveryCount": [1], "myTrigger": "x", "on": true, "o": {"a": 1}}"#),
            json!({"DeliveryCount": "3", "on": "\"True\"", "o": {"a": 1}})
        );
    }

    #[test]
    fn a_body_that_is_no_object_forges_nothing() {
        for body in ["alice@contoso.com", "[1]", "\"x\"", "{\"a\":"] {
            assert_eq!(forged(body), json!({"DeliveryCount": "3"}));
        }
    }
}
