//! Holds a value against a type.

use std::collections::BTreeMap;

use super::types::{Body, Field, Fields, Tagged, Type};
use super::value::{Kind, Primitive, Property, Value};

/// How often a name may stand for a name.
const DEEPEST: usize = 16;

/// What is known of the parameters and variables of a file, by name.
pub(super) type Known = BTreeMap<String, Value>;

/// A mistake within a resource.
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) path: String,
    pub(super) problem: String,
}

/// The types of a file, what is known of the names, and what was found.
pub(super) struct Shape<'a> {
    file: &'a [Type],
    known: &'a Known,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Shape<'a> {
    pub(super) fn new(file: &'a [Type], known: &'a Known) -> Self {
        Self {
            file,
            known,
            faults: Vec::new(),
        }
    }

    /// Checks the body of a resource; `skipped` are the names that Bicep itself reads there.
    pub(super) fn resource(&mut self, body: Body<'a>, value: &Value, path: &str, skipped: &[&str]) {
        let properties: Vec<_> = value
            .properties()
            .iter()
            .filter(|it| !it.name.as_deref().is_some_and(|it| skipped.contains(&it)))
            .cloned()
            .collect();
        let value = Value {
            line: value.line,
            kind: Kind::Object(properties),
            source: String::new(),
        };
        self.value(&value, body.kind, path, value.line);
    }

    fn value(&mut self, value: &Value, kind: usize, path: &str, line: usize) {
        self.value_at_depth(value, kind, path, line, 0);
    }

    fn value_at_depth(
        &mut self,
        value: &Value,
        kind: usize,
        path: &str,
        line: usize,
        depth: usize,
    ) {
        let known = self.known;
        match &value.kind {
            Kind::Open | Kind::Null => {}
            Kind::Name(name) => {
                if let (Some(meant), true) = (known.get(name), depth < DEEPEST) {
                    self.value_at_depth(meant, kind, path, line, depth + 1);
                }
            }
            Kind::OneOf(several) => {
                for one in several {
                    self.value_at_depth(one, kind, path, line, depth + 1);
                }
            }
            _ => self.plain(value, kind, path, line),
        }
    }

    /// Checks a value that is neither a name nor a choice. It stands at `line`, or is meant by a name that does.
    fn plain(&mut self, value: &Value, kind: usize, path: &str, line: usize) {
        let file = self.file;
        let Some(expected) = file.get(kind) else {
            return;
        };
        match (expected, &value.kind) {
            (Type::Any | Type::Other, _)
            | (Type::Flag, Kind::Flag(_) | Kind::Typed(Primitive::Flag))
            | (Type::Whole { .. }, Kind::Typed(Primitive::Whole))
            | (Type::Text { .. } | Type::Word(_), Kind::Typed(Primitive::Text))
            | (Type::List(_), Kind::Typed(Primitive::List))
            | (Type::Object(_) | Type::Tagged(_), Kind::Typed(Primitive::Object)) => {}
            (Type::Text { least, most }, Kind::Text(text)) => {
                let length = text.chars().count() as u64;
                if length < *least || length > *most {
                    let problem =
                        format!("has {length} characters, and {least} to {most} are allowed");
                    self.fault(line, path, problem);
                }
            }
            (Type::Word(word), Kind::Text(text)) => {
                if word != text {
                    self.fault(line, path, format!("is '{text}' and must be '{word}'"));
                }
            }
            (Type::Whole { least, most }, Kind::Whole(number)) => {
                if number < least || number > most {
                    let problem = format!("is {number}, and {least} to {most} are allowed");
                    self.fault(line, path, problem);
                }
            }
            (Type::List(item), Kind::List(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.value(value, *item, &format!("{path}[{index}]"), value.line);
                }
            }
            (Type::List(item), Kind::Each(value)) => {
                self.value(value, *item, &format!("{path}[]"), value.line);
            }
            (Type::Union(members), _) => self.union(value, members, path, line),
            (Type::Object(fields), Kind::Object(properties)) => {
                self.object(properties, &[fields], path, line);
            }
            (Type::Tagged(tagged), Kind::Object(properties)) => {
                self.tagged(properties, tagged, path, line);
            }
            _ => {
                let problem = format!(
                    "must be {}, not {}",
                    describe(expected),
                    describe_value(value)
                );
                self.fault(line, path, problem);
            }
        }
    }

    fn union(&mut self, value: &Value, members: &[usize], path: &str, line: usize) {
        let fits = members.iter().any(|member| {
            let mut trial = Shape::new(self.file, self.known);
            trial.plain(value, *member, path, line);
            trial.faults.is_empty()
        });
        if fits {
            return;
        }
        let words: Vec<_> = members
            .iter()
            .filter_map(|member| self.file.get(*member))
            .map(|member| match member {
                Type::Word(word) => format!("'{word}'"),
                other => describe(other).to_owned(),
            })
            .collect();
        let problem = format!(
            "is {} and must be one of {}",
            describe_value(value),
            words.join(", ")
        );
        self.fault(line, path, problem);
    }

    fn tagged(&mut self, properties: &[Property], tagged: &Tagged, path: &str, line: usize) {
        let tag = properties
            .iter()
            .find(|it| it.name.as_deref() == Some(&tagged.tag));
        let place = format!("{path}.{}", tagged.tag);
        let Some(tag) = tag else {
            self.fault(line, &place, "is required and missing".to_owned());
            return;
        };
        // A tag that is not written out leaves open which properties there are.
        let Some(word) = tag.value.as_text() else {
            return;
        };
        let variant = tagged.variants.get(word).and_then(|it| self.file.get(*it));
        if let Some(Type::Object(fields)) = variant {
            self.object(properties, &[fields, &tagged.base], path, line);
        } else {
            let words: Vec<_> = tagged.variants.keys().map(String::as_str).collect();
            let problem = format!("is '{word}' and must be one of {}", words.join(", "));
            self.fault(tag.line, &place, problem);
        }
    }

    fn object(&mut self, properties: &[Property], fields: &[&Fields], path: &str, line: usize) {
        let find = |name: &str| -> Option<Field> {
            fields.iter().find_map(|it| it.named.get(name).copied())
        };
        let rest = fields.iter().find_map(|it| it.rest);
        for (index, property) in properties.iter().enumerate() {
            let Some(name) = property.name.as_deref() else {
                continue;
            };
            let place = format!("{path}.{name}");
            let earlier = properties.get(..index).unwrap_or_default();
            if earlier.iter().any(|it| it.name.as_deref() == Some(name)) {
                self.fault(property.line, &place, "stands there twice".to_owned());
            }
            match (find(name), rest) {
                (Some(field), _) if field.is_read_only() => {
                    self.fault(property.line, &place, "is read-only".to_owned());
                }
                (Some(Field { kind, .. }), _) | (None, Some(kind)) => {
                    self.value(&property.value, kind, &place, property.line);
                }
                (None, None) => {
                    let problem = unknown(name, fields);
                    self.fault(property.line, &place, problem);
                }
            }
        }
        if properties.iter().any(|it| it.name.is_none()) {
            return;
        }
        for (name, _) in fields
            .iter()
            .flat_map(|it| &it.named)
            .filter(|(_, field)| field.is_required())
        {
            if !properties.iter().any(|it| it.name.as_ref() == Some(name)) {
                let place = format!("{path}.{name}");
                self.fault(line, &place, "is required and missing".to_owned());
            }
        }
    }

    fn fault(&mut self, line: usize, path: &str, problem: String) {
        self.faults.push(Fault {
            line,
            path: path.to_owned(),
            problem,
        });
    }
}

fn unknown(name: &str, fields: &[&Fields]) -> String {
    let like = fields
        .iter()
        .flat_map(|it| it.named.keys())
        .find(|it| it.eq_ignore_ascii_case(name));
    match like {
        Some(like) => format!("is not a property; it is written {like}"),
        None => "is not a property of this type".to_owned(),
    }
}

fn describe(kind: &Type) -> &'static str {
    match kind {
        Type::Any | Type::Other => "anything",
        Type::Flag => "true or false",
        Type::Text { .. } | Type::Word(_) => "text",
        Type::Whole { .. } => "a whole number",
        Type::List(_) => "an array",
        Type::Union(_) => "one of several",
        Type::Object(_) | Type::Tagged(_) => "an object",
    }
}

fn describe_value(value: &Value) -> String {
    match &value.kind {
        Kind::Text(text) => format!("'{text}'"),
        Kind::Whole(number) => number.to_string(),
        Kind::Flag(flag) => flag.to_string(),
        Kind::Null => "null".to_owned(),
        Kind::List(_) | Kind::Each(_) | Kind::Typed(Primitive::List) => "an array".to_owned(),
        Kind::Object(_) | Kind::Typed(Primitive::Object) => "an object".to_owned(),
        Kind::Typed(Primitive::Text) => "text".to_owned(),
        Kind::Typed(Primitive::Whole) => "a whole number".to_owned(),
        Kind::Typed(Primitive::Flag) => "true or false".to_owned(),
        Kind::Name(name) => name.clone(),
        Kind::OneOf(_) | Kind::Open => "an expression".to_owned(),
    }
}
