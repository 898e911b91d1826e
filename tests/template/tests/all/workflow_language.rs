//! The expressions within the strings of a workflow definition: those that the playbooks use, with the values that the service gives.
//! Sources: "Workflow Definition Language schema reference for Azure Logic Apps", "Reference guide to workflow expression functions".

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value, json};

/// How an action ended, as `runAfter` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Of an HTTP action: any status below 400.
    Succeeded,
    Failed,
    Skipped,
    TimedOut,
}

/// An action that has ended; its outputs are null if there are none.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) outputs: Value,
}

/// What the expressions of a run can see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// The body that the trigger was called with.
    pub(crate) trigger: Value,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) actions: BTreeMap<String, Ended>,
}

impl Scene {
    /// A part of a definition with all its strings filled.
    pub(crate) fn fill(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self
                .fill_text(text)
                .map_err(|problem| format!("{problem}, in `{text}`")),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(object) => {
                let items = object.iter();
                let filled = items.map(|(name, item)| Ok((name.clone(), self.fill(item)?)));
                Ok(Value::Object(filled.collect::<Result<_, String>>()?))
            }
            other => Ok(other.clone()),
        }
    }

    /// `@…` is one expression, `@{…}` is put into the text around it, and `@@` at the beginning is an `@`.
    fn fill_text(&self, text: &str) -> Result<Value, String> {
        if let Some(escaped) = text.strip_prefix("@@") {
            return Ok(format!("@{escaped}").into());
        }
        if text.starts_with('@') && !text.starts_with("@{") {
            let mut reader = Reader::new(self, &text[1..]);
            let value = reader.value()?;
            return match reader.tokens.next() {
                None => Ok(value),
                Some(token) => Err(format!("`{}` follows the expression", token.as_str())),
            };
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, expression)) = rest.split_once("@{") {
            let mut reader = Reader::new(self, expression);
            filled = filled + before + &as_text(&reader.value()?);
            let end = reader.expect("}")?;
            rest = &expression[end..];
        }
        Ok((filled + rest).into())
    }

    /// All arguments have been evaluated, also both branches of an `if`, because the service does so too.
    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let action = |name: &str| {
            let ended = self.actions.get(name);
            ended.ok_or_else(|| format!("the action `{name}` has not ended"))
        };
        Ok(match (name, arguments) {
            ("triggerBody", []) => self.trigger.clone(),
            ("listCallbackUrl", []) => "https://callback.example/".into(),
            ("parameters", [Value::String(name)]) => {
                let value = self.parameters.get(name);
                value.cloned().ok_or(format!("`{name}` has no value"))?
            }
            ("outputs", [Value::String(name)]) => action(name)?.outputs.clone(),
            ("body", [Value::String(name)]) => {
                member(&action(name)?.outputs, &"body".into(), true)?
            }
            ("actions", [Value::String(name)]) => {
                let Ended { status, outputs } = action(name)?;
                json!({"name": name, "status": format!("{status:?}"), "outputs": outputs})
            }
            ("add", [left, right]) => (number(left)? + number(right)?).into(),
            ("greater", [left, right]) => (number(left)? > number(right)?).into(),
            ("equals", [left, right]) => (left == right).into(),
            ("not", [value]) => (!truth(value)?).into(),
            ("and", [one, other]) => (truth(one)? & truth(other)?).into(),
            ("or", [one, other]) => (truth(one)? | truth(other)?).into(),
            ("if", [condition, yes, no]) => if truth(condition)? { yes } else { no }.clone(),
            ("coalesce", values) => {
                let mut values = values.iter();
                values.find(|it| !it.is_null()).cloned().unwrap_or_default()
            }
            ("concat", values) => values.iter().map(as_text).collect::<String>().into(),
            ("string", [value]) => as_text(value).into(),
            ("empty", [Value::Null]) => true.into(),
            ("empty", [Value::String(text)]) => text.is_empty().into(),
            ("empty", [Value::Array(items)]) => items.is_empty().into(),
            ("encodeURIComponent", [Value::String(text)])
                if text.chars().all(|it| it.is_ascii_alphanumeric()) =>
            {
                text.clone().into()
            }
            _ => return Err(format!("`{name}` is not known here with {arguments:?}")),
        })
    }
}

/// A string in which two quotes stand for one, a number or a name, and any other character by itself.
const TOKEN: &str = r"'(?:[^']|'')*'|-?\w+|\S";

/// Evaluates while it reads.
struct Reader<'a> {
    scene: &'a Scene,
    tokens: std::iter::Peekable<std::vec::IntoIter<regex::Match<'a>>>,
}

impl<'a> Reader<'a> {
    fn new(scene: &'a Scene, text: &'a str) -> Self {
        let tokens: Vec<_> = Regex::new(TOKEN).unwrap().find_iter(text).collect();
        let tokens = tokens.into_iter().peekable();
        Self { scene, tokens }
    }

    fn take(&mut self, wanted: &str) -> bool {
        self.tokens.next_if(|it| it.as_str() == wanted).is_some()
    }

    /// Where the token ends.
    fn expect(&mut self, wanted: &str) -> Result<usize, String> {
        match self.tokens.next() {
            Some(token) if token.as_str() == wanted => Ok(token.end()),
            found => Err(format!("expected `{wanted}`, found {found:?}")),
        }
    }

    /// A value with its members: `of[key]`, `of.key`, and with `?` null where there is none.
    fn value(&mut self) -> Result<Value, String> {
        let mut value = self.primary()?;
        loop {
            let optional = self.take("?");
            let key = if self.take("[") {
                let key = self.value()?;
                self.expect("]")?;
                key
            } else if self.take(".") {
                self.tokens.next().map(|it| it.as_str()).into()
            } else if optional {
                return Err("`?` without `[` or `.`".to_owned());
            } else {
                return Ok(value);
            };
            value = member(&value, &key, optional)?;
        }
    }

    fn primary(&mut self) -> Result<Value, String> {
        let token = self.tokens.next().map_or("", |it| it.as_str());
        if let Some(quoted) = token
            .strip_prefix('\'')
            .and_then(|it| it.strip_suffix('\''))
        {
            return Ok(quoted.replace("''", "'").into());
        }
        // Numbers, `true`, `false` and `null` are as in JSON.
        if let Ok(value) = serde_json::from_str(token) {
            return Ok(value);
        }
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.value()?);
        }
        self.scene.call(token, &arguments)
    }
}

/// A property or an element. Names are compared exactly, although the service may be less strict.
fn member(of: &Value, key: &Value, optional: bool) -> Result<Value, String> {
    let found = match (of, key) {
        (Value::Object(object), Value::String(name)) => object.get(name),
        (Value::Array(items), Value::Number(index)) => {
            items.get(usize::try_from(index.as_u64().unwrap()).unwrap())
        }
        (Value::Null, _) => None,
        _ => return Err(format!("{key} cannot be taken from {of}")),
    };
    match found {
        Some(value) => Ok(value.clone()),
        None if optional => Ok(Value::Null),
        None => Err(format!("{key} is not there, and there is no `?` before it")),
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    let problem = || format!("{value} is neither true nor false");
    value.as_bool().ok_or_else(problem)
}

fn number(value: &Value) -> Result<i64, String> {
    let problem = || format!("{value} is not a whole number");
    value.as_i64().ok_or_else(problem)
}

/// A value as it stands in a text: null is nothing, an object or an array is its JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn example() -> Scene {
    let ended = |status, outputs| Ended { status, outputs };
    let answered = json!({"statusCode": 503, "body": "not JSON"});
    Scene {
        trigger: json!({"object": {"id": "7", "tags": ["a", "b"], "it's": 1}, "count": 3}),
        parameters: Map::from_iter([("host".to_owned(), "h".into())]),
        actions: BTreeMap::from([
            ("Call".to_owned(), ended(Status::Failed, answered)),
            ("Silent".to_owned(), ended(Status::TimedOut, Value::Null)),
        ]),
    }
}

#[test]
fn an_expression_gives_its_value() {
    for (text, value) in [
        ("alice@contoso.com", json!("alice@contoso.com")),
        ("@@{not}", json!("@{not}")),
        ("{\"n\":@{triggerBody()?['count']}}", json!("{\"n\":3}")),
        ("@triggerBody()?.object?.tags[1]", json!("b")),
        ("@triggerBody()['object']?['it''s']", json!(1)),
        ("@triggerBody()?['nothing']?['below']", Value::Null),
        ("<@{triggerBody()?['nothing']}> ", json!("<> ")),
        ("https://@{parameters('host')}/x", json!("https://h/x")),
        ("@body('Call')", json!("not JSON")),
        ("@actions('Silent')?['status']", json!("TimedOut")),
        (
            "@coalesce(null, outputs('Silent')?['x'], 'none')",
            json!("none"),
        ),
        ("@if(greater(add(1, 2), -3), 'yes', 'no')", json!("yes")),
        (
            "@or(false, equals(503, outputs('Call')?['statusCode']))",
            json!(true),
        ),
        ("@and(true, not(empty('x')))", json!(true)),
        ("@concat('a', string(1), '}')", json!("a1}")),
    ] {
        assert_eq!(example().fill(&text.into()), Ok(value), "{text}");
    }
}

#[test]
fn an_expression_that_a_run_would_stumble_over_has_no_value() {
    for (text, problem) in [
        ("@triggerBody()['nothing']", "is not there"),
        ("@body('Call')?['comment']", "cannot be taken from"),
        (
            "@if(true, 1, body('Call')?['comment'])",
            "cannot be taken from",
        ),
        ("@greater(null, 0)", "is not a whole number"),
        ("@if('yes', 1, 2)", "neither true nor false"),
        ("@parameters('other')", "has no value"),
        ("@body('Later')", "has not ended"),
        ("@", "expected `(`"),
        ("@{triggerBody()", "expected `}`"),
        ("@concat('a)", "expected `(`"),
        ("@concat('a',)", "expected `(`"),
        ("@body('Call')?'y'", "`?` without"),
        ("@body('Call'))", "follows the expression"),
        ("a @{body('Call')']} b", "expected `}`"),
    ] {
        let error = example().fill(&text.into()).unwrap_err();
        assert!(error.contains(problem), "{text}: {error}");
    }
}
