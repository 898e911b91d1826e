//! Fills the strings of a definition with the values that they have in one run.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::expression::{Expression, Piece, Template, template};
use super::functions;

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It did what it is for. Of an HTTP action: any status below 400.
    Succeeded,
    /// It failed. Of an HTTP action: a status from 400 on, or no answer.
    Failed,
    /// What it runs after did not end as it asks.
    Skipped,
    /// Its time was over.
    TimedOut,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Skipped, Self::TimedOut];

    /// As it is written in `runAfter`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::TimedOut => "TimedOut",
        }
    }
}

/// An action that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How.
    pub status: Status,
    /// With which outputs; null if there are none.
    pub outputs: Value,
}

/// What the expressions of a run can see.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The body that the trigger was called with.
    pub trigger: Value,
    /// The values of the workflow's parameters.
    pub parameters: BTreeMap<String, Value>,
    /// The actions that have ended.
    pub actions: BTreeMap<String, Ended>,
}

impl Scene {
    /// A part of a definition with all its strings filled.
    ///
    /// # Errors
    /// Which expression has no value, and why.
    pub fn fill(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(name, item)| Ok((name.clone(), self.fill(item)?)))
                .collect::<Result<Map<_, _>, String>>()
                .map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    fn fill_text(&self, text: &str) -> Result<Value, String> {
        let explain = |problem| format!("{problem}, in `{text}`");
        match template(text).map_err(explain)? {
            Template::Whole(expression) => self.value(&expression).map_err(explain),
            Template::Pieces(pieces) => {
                let mut filled = String::new();
                for piece in &pieces {
                    match piece {
                        Piece::Text(text) => filled.push_str(text),
                        Piece::Expression(expression) => filled
                            .push_str(&functions::text(&self.value(expression).map_err(explain)?)),
                    }
                }
                Ok(filled.into())
            }
        }
    }

    fn value(&self, expression: &Expression) -> Result<Value, String> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Member { of, key, optional } => {
                member(&self.value(of)?, &self.value(key)?, *optional)
            }
            Expression::Call { name, arguments } => {
                let arguments: Vec<Value> = arguments
                    .iter()
                    .map(|argument| self.value(argument))
                    .collect::<Result<_, _>>()?;
                self.call(name, &arguments)
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        match (name, arguments) {
            ("triggerBody", []) => Ok(self.trigger.clone()),
            ("listCallbackUrl", []) => Ok("https://callback.example/".into()),
            ("parameters", [Value::String(wanted)]) => self
                .parameters
                .get(wanted)
                .cloned()
                .ok_or_else(|| format!("the parameter `{wanted}` has no value")),
            ("outputs", [Value::String(wanted)]) => Ok(self.ended(wanted)?.outputs.clone()),
            ("body", [Value::String(wanted)]) => {
                member(&self.ended(wanted)?.outputs, &"body".into(), true)
            }
            ("actions", [Value::String(wanted)]) => {
                let ended = self.ended(wanted)?;
                Ok(
                    json!({"name": wanted, "status": ended.status.as_str(), "outputs": ended.outputs}),
                )
            }
            _ => functions::apply(name, arguments),
        }
    }

    fn ended(&self, name: &str) -> Result<&Ended, String> {
        self.actions
            .get(name)
            .ok_or_else(|| format!("the action `{name}` has not ended"))
    }
}

/// A property or an element. Names are compared exactly, although the service may be less strict.
fn member(of: &Value, key: &Value, optional: bool) -> Result<Value, String> {
    let found = match (of, key) {
        (Value::Object(object), Value::String(name)) => object.get(name),
        (Value::Array(items), Value::Number(index)) => index
            .as_u64()
            .and_then(|index| items.get(usize::try_from(index).ok()?)),
        (Value::Null, _) => None,
        _ => return Err(format!("{key} cannot be taken from {of}")),
    };
    match found {
        Some(value) => Ok(value.clone()),
        None if optional => Ok(Value::Null),
        None => Err(format!("{key} is not there, and there is no `?` before it")),
    }
}
