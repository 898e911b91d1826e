//! What is known of a value without evaluating it: a literal is known wholly, some expressions by their type, the rest not
//! at all.

use tree_sitter::Node;

use super::syntax::{Syntax, children, line};

/// A value and the line on which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The line, from 1.
    pub line: usize,
    /// What is known of it.
    pub kind: Kind,
    /// The expression as it is written.
    pub source: String,
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A text without interpolation.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// True or false.
    Flag(bool),
    /// Null, which means: not given.
    Null,
    /// An array, item by item.
    List(Vec<Value>),
    /// An array whose items are all made from one expression.
    Each(Box<Value>),
    /// An object.
    Object(Vec<Property>),
    /// The name of a parameter or variable.
    Name(String),
    /// One of several: the two ends of a condition, or the allowed values of a parameter.
    OneOf(Vec<Value>),
    /// Only its type is known.
    Typed(Primitive),
    /// Nothing is known.
    Open,
}

/// The types that a parameter can be declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// `string`, `secureString`
    Text,
    /// `int`
    Whole,
    /// `bool`
    Flag,
    /// `array`
    List,
    /// `object`, `secureObject`
    Object,
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name; `None` if it is made by an expression.
    pub name: Option<String>,
    /// The line of the name.
    pub line: usize,
    /// Its value.
    pub value: Value,
}

/// Functions that always return text.
const TEXT_FUNCTIONS: &[&str] = &[
    "string",
    "toLower",
    "toUpper",
    "replace",
    "join",
    "uniqueString",
    "guid",
    "resourceId",
    "subscriptionResourceId",
    "format",
    "loadTextContent",
];

impl Value {
    /// The value of a property, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let found = self
            .properties()
            .iter()
            .find(|it| it.name.as_deref() == Some(name))?;
        Some(&found.value)
    }

    /// The value at a path of property names with dots.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .try_fold(self, |value, name| value.get(name))
    }

    /// The properties, if this is an object; else none.
    #[must_use]
    pub fn properties(&self) -> &[Property] {
        match &self.kind {
            Kind::Object(properties) => properties,
            _ => &[],
        }
    }

    /// The text, if this is a literal text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Reads the value of an expression.
    pub(super) fn read(syntax: &Syntax, node: Node<'_>) -> Self {
        let kind = match node.kind() {
            "string" => text(syntax, node),
            "number" => syntax
                .text_of(node)
                .parse()
                .map_or(Kind::Typed(Primitive::Whole), Kind::Whole),
            "boolean" => Kind::Flag(syntax.text_of(node) == "true"),
            "null" => Kind::Null,
            "identifier" => Kind::Name(syntax.text_of(node).to_owned()),
            "object" => Kind::Object(properties(syntax, node)),
            "array" => Kind::List(
                children(node)
                    .into_iter()
                    .map(|item| Self::read(syntax, item))
                    .collect(),
            ),
            "for_statement" => node.child_by_field_name("body").map_or(Kind::Open, |body| {
                Kind::Each(Box::new(Self::read(syntax, unwrapped(body))))
            }),
            "parenthesized_expression" => match children(node).as_slice() {
                [only] => return Self::read(syntax, *only),
                _ => Kind::Open,
            },
            "ternary_expression" => Kind::OneOf(
                ["consequence", "alternative"]
                    .into_iter()
                    .filter_map(|end| node.child_by_field_name(end))
                    .map(|end| Self::read(syntax, end))
                    .collect(),
            ),
            "call_expression" => call(syntax, node),
            _ => Kind::Open,
        };
        Self {
            line: line(node),
            kind,
            source: syntax.text_of(node).to_owned(),
        }
    }
}

/// The object within a condition or loop; any other node is itself.
pub(super) fn unwrapped(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        "if_statement" => children(node).last().copied().unwrap_or(node),
        "for_statement" => node.child_by_field_name("body").map_or(node, unwrapped),
        _ => node,
    }
}

fn call(syntax: &Syntax, node: Node<'_>) -> Kind {
    let function = node
        .child_by_field_name("function")
        .map_or("", |it| syntax.text_of(it));
    match function {
        "int" | "length" => Kind::Typed(Primitive::Whole),
        "bool" | "empty" | "contains" => Kind::Typed(Primitive::Flag),
        "split" | "map" | "filter" | "items" | "range" => Kind::Typed(Primitive::List),
        _ if TEXT_FUNCTIONS.contains(&function) => Kind::Typed(Primitive::Text),
        _ => Kind::Open,
    }
}

fn properties(syntax: &Syntax, object: Node<'_>) -> Vec<Property> {
    children(object)
        .into_iter()
        .filter(|child| child.kind() == "object_property")
        .filter_map(|property| match children(property).as_slice() {
            [key, value] => Some(Property {
                name: key_of(syntax, *key),
                line: line(*key),
                value: Value::read(syntax, *value),
            }),
            // A resource within a resource, which is a declaration and no property.
            _ => None,
        })
        .collect()
}

fn key_of(syntax: &Syntax, key: Node<'_>) -> Option<String> {
    if key.kind() == "string" {
        match text(syntax, key) {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    } else {
        Some(syntax.text_of(key).to_owned())
    }
}

fn text(syntax: &Syntax, node: Node<'_>) -> Kind {
    let raw = syntax.text_of(node);
    if let Some(inner) = raw
        .strip_prefix("'''")
        .and_then(|rest| rest.strip_suffix("'''"))
    {
        return Kind::Text(inner.strip_prefix('\n').unwrap_or(inner).to_owned());
    }
    if children(node)
        .iter()
        .any(|child| child.kind() == "interpolation")
    {
        return Kind::Typed(Primitive::Text);
    }
    let inner = raw.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    Kind::Text(unescaped(inner.unwrap_or(raw)))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}
