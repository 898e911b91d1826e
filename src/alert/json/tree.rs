//! A JSON tree whose property names compare without case.
//!
//! Senders write the same name in several casings, and the expressions of playbooks ignore case ("Logic Apps" in the
//! list of inbound shapes). So no shape may depend on it. Properties keep their order, and are looked up by a linear
//! scan: a shape asks an object for a fixed number of names, so reading a payload stays linear in its size.
//!
//! # Unknown
//! null, an empty string and a missing property all mean unknown. The accessors treat them alike.
//!
//! # Duplicate names
//! Of several properties whose names are equal without case, the **last one with a value** counts, as in the Functions
//! host's own parser and most others. A later null or empty string does not erase an earlier value.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Number;

use super::{JsonProblem, Within, read, time};

/// A JSON value. Its texts borrow from the text that was read, unless they contain an escape.
#[derive(Clone)]
pub(crate) enum Node<'t> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'t, str>),
    List(Box<[Node<'t>]>),
    Object(Object<'t>),
}

/// A property of an object: its name and its value.
pub(crate) type Property<'t> = (Name<'t>, Node<'t>);

/// The name of a property, with its mark.
#[derive(Clone)]
pub(crate) enum Name<'t> {
    /// As written in the text that was read.
    Written(Mark, &'t str),
    /// Written with an escape.
    Unescaped(Mark, Box<str>),
}

/// Four bytes that are the same for a name in any case: its length, and its first, middle and last letter. Nearly all
/// different names differ in them, so the borrowed name itself is seldom read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u32);

impl Mark {
    #[inline]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        let [first, middle, last] = match bytes {
            [] => [0; 3],
            [only] => [*only; 3],
            [first, .., last] => [*first, bytes[bytes.len() / 2], *last],
        };
        let letters = [first, middle, last].map(|letter| letter.to_ascii_lowercase());
        Self(u32::from_le_bytes([
            length, letters[0], letters[1], letters[2],
        ]))
    }
}

impl<'t> From<&'t str> for Name<'t> {
    fn from(text: &'t str) -> Self {
        Self::Written(Mark::of(text), text)
    }
}

impl From<String> for Name<'_> {
    fn from(text: String) -> Self {
        Self::Unescaped(Mark::of(&text), text.into_boxed_str())
    }
}

impl Name<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Written(_, text) => text,
            Self::Unescaped(_, text) => text,
        }
    }

    fn mark(&self) -> Mark {
        match self {
            Self::Written(mark, _) | Self::Unescaped(mark, _) => *mark,
        }
    }

    /// Whether this is the given name, with its mark, in any case.
    fn is(&self, name: &str, mark: Mark) -> bool {
        self.mark() == mark && self.as_str().eq_ignore_ascii_case(name)
    }

    fn into_owned(self) -> Name<'static> {
        match self {
            Self::Written(mark, text) => Name::Unescaped(mark, text.into()),
            Self::Unescaped(mark, text) => Name::Unescaped(mark, text),
        }
    }
}

// A tree takes less memory than its text as long as these two types are small.
const _: () = assert!(size_of::<Node<'_>>() == 24 && size_of::<Property<'_>>() == 48);

impl<'t> Node<'t> {
    /// The same value without borrows.
    pub(crate) fn into_owned(self) -> Node<'static> {
        match self {
            Self::Null => Node::Null,
            Self::Bool(value) => Node::Bool(value),
            Self::Number(number) => Node::Number(number),
            Self::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(object) => {
                let properties = object.properties.into_iter();
                Node::Object(
                    properties
                        .map(|(name, node)| (name.into_owned(), node.into_owned()))
                        .collect(),
                )
            }
        }
    }

    /// The same tree with renamed properties; `renamed` returns `None` for names that stay.
    pub(crate) fn with_names(self, renamed: fn(&str) -> Option<String>) -> Self {
        match self {
            Self::List(items) => Self::List(
                items
                    .into_iter()
                    .map(|item| item.with_names(renamed))
                    .collect(),
            ),
            Self::Object(object) => {
                let properties = object.properties.into_iter();
                Self::Object(
                    properties
                        .map(|(name, node)| {
                            let name = match renamed(name.as_str()) {
                                Some(other) => Name::from(other),
                                None => name,
                            };
                            (name, node.with_names(renamed))
                        })
                        .collect(),
                )
            }
            plain @ (Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_)) => plain,
        }
    }

    /// The kind of the value, for messages: never the value itself.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    fn says_something(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !text.trim().is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => true,
        }
    }

    /// The object, or a problem that names the kind found.
    pub(crate) fn as_object(&self) -> Result<&Object<'t>, JsonProblem> {
        if let Self::Object(object) = self {
            Ok(object)
        } else {
            Err(unexpected("an object", self))
        }
    }

    /// A string without surrounding white space, or a number as written.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text.trim())).filter(|text| !text.is_empty()),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// A problem that states what was expected and which kind was found.
pub(crate) fn unexpected(expected: &str, found: &Node) -> JsonProblem {
    JsonProblem::new(format!(
        "{expected} was expected; {} stands there",
        found.kind()
    ))
}

/// As [`unexpected`], for a value of the right kind with the wrong content.
pub(crate) fn unexpected_other(expected: &str, found: &Node) -> JsonProblem {
    let kind = match found {
        Node::Number(_) => "another number",
        Node::Text(_) => "another string",
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => found.kind(),
    };
    JsonProblem::new(format!("{expected} was expected; {kind} stands there"))
}

/// A JSON object: its properties in the order in which they were written.
#[derive(Clone, Default)]
pub(crate) struct Object<'t> {
    properties: Box<[Property<'t>]>,
}

impl<'t> FromIterator<Property<'t>> for Object<'t> {
    fn from_iter<I: IntoIterator<Item = Property<'t>>>(properties: I) -> Self {
        Self {
            properties: properties.into_iter().collect(),
        }
    }
}

impl<'t> Object<'t> {
    /// The properties in the order in which they were written.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (&str, &Node<'t>)> {
        self.properties
            .iter()
            .map(|(name, node)| (name.as_str(), node))
    }

    /// Whether the object has a property of that name, even without a value.
    #[inline]
    pub(crate) fn has(&self, name: &str) -> bool {
        let mark = Mark::of(name);
        self.properties.iter().any(|(key, _)| key.is(name, mark))
    }

    /// The value of a property; `None` when it is missing, null or an empty string.
    // Inlined, so that the compiler computes the marks of the names that shapes ask for.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'t>> {
        self.find(name, Mark::of(name))
    }

    fn find(&self, name: &str, mark: Mark) -> Option<&Node<'t>> {
        self.properties
            .iter()
            .rev()
            .find(|(key, node)| key.is(name, mark) && node.says_something())
            .map(|(_, node)| node)
    }

    /// A string without surrounding white space, or a number as written. Any other kind counts as unknown: a
    /// descriptive property must not cause the accounts beside it to be refused.
    #[inline]
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(Node::as_text)
    }

    /// The first known value of several names, as [`Object::text`].
    #[inline]
    pub(crate) fn first_text(&self, names: &[&str]) -> Option<Cow<'_, str>> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The first value of several names that parses. A value that does not parse counts as unknown.
    #[inline]
    pub(crate) fn parse<T: std::str::FromStr>(&self, names: &[&str]) -> Option<T> {
        names
            .iter()
            .find_map(|name| self.text(name).and_then(|text| text.parse().ok()))
    }

    /// A boolean, also written as a string.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Node::Bool(value) => Some(*value),
            Node::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Node::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            Node::Null | Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// A whole number that is not negative, also written as a string.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Node::Number(number) => number.as_u64(),
            Node::Text(text) => text.trim().parse().ok(),
            Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// An instant in any form that senders write.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(|text| time::read(&text))
    }

    /// A nested object, if known.
    pub(crate) fn object(&self, name: &'static str) -> Result<Option<&Object<'t>>, JsonProblem> {
        self.get(name)
            .map(|node| node.as_object().within(name))
            .transpose()
    }

    /// A nested object that is required.
    pub(crate) fn required(&self, name: &'static str) -> Result<&Object<'t>, JsonProblem> {
        self.object(name)?.ok_or_else(|| {
            JsonProblem::new("an object was expected; nothing stands there").within(name)
        })
    }

    /// A nested object, as JSON or as a string of JSON.
    pub(crate) fn written_object(
        &self,
        name: &'static str,
    ) -> Result<Option<Cow<'_, Object<'_>>>, JsonProblem> {
        let Some(node) = self.get(name) else {
            return Ok(None);
        };
        let Node::Text(text) = node else {
            return node
                .as_object()
                .within(name)
                .map(|o| Some(Cow::Borrowed(o)));
        };
        match read::parse(text).map_err(|broken| broken.problem.of_string().within(name))? {
            Node::Null => Ok(None),
            Node::Object(object) => Ok(Some(Cow::Owned(object))),
            other @ (Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_)) => {
                Err(unexpected("an object, written as a string,", &other).within(name))
            }
        }
    }

    /// A nested list: as JSON, as a string of JSON (tables keep lists so), or as the single object that it would
    /// contain. Unknown is an empty list.
    pub(crate) fn list(&self, name: &'static str) -> Result<Cow<'_, [Node<'_>]>, JsonProblem> {
        let Some(node) = self.get(name) else {
            return Ok(Cow::Borrowed(&[]));
        };
        match node {
            Node::List(items) => Ok(Cow::Borrowed(items)),
            Node::Object(_) => Ok(Cow::Borrowed(std::slice::from_ref(node))),
            Node::Text(text) => {
                match read::parse(text).map_err(|broken| broken.problem.of_string().within(name))? {
                    Node::Null => Ok(Cow::Borrowed(&[])),
                    Node::List(items) => Ok(Cow::Owned(items.into_vec())),
                    one @ Node::Object(_) => Ok(Cow::Owned(vec![one])),
                    other @ (Node::Bool(_) | Node::Number(_) | Node::Text(_)) => {
                        Err(unexpected("a list, written as a string,", &other).within(name))
                    }
                }
            }
            other @ (Node::Null | Node::Bool(_) | Node::Number(_)) => {
                Err(unexpected("a list", other).within(name))
            }
        }
    }
}

/// The objects of a list with their indexes. null is skipped; any other value is a problem.
pub(crate) fn objects<'n>(
    list: &'n [Node<'n>],
) -> impl Iterator<Item = Result<(usize, &'n Object<'n>), JsonProblem>> {
    list.iter()
        .enumerate()
        .filter(|(_, node)| !matches!(node, Node::Null))
        .map(|(index, node)| node.as_object().at(index).map(|object| (index, object)))
}

#[cfg(test)]
mod tests {
    use crate::alert::tests::object;

    #[test]
    fn names_compare_without_case() {
        let object = object(r#"{"aadUSERid": "x"}"#);
        assert_eq!(object.text("AadUserId").as_deref(), Some("x"));
        assert!(object.has("AADUSERID"));
    }

    #[test]
    fn of_duplicate_names_the_last_that_says_something_counts() {
        let object = object(r#"{"Name": "a", "name": "b", "NAME": "", "nAmE": null}"#);
        assert_eq!(object.text("Name").as_deref(), Some("b"));
    }

    #[test]
    fn true_and_false_may_be_written_as_strings_and_other_strings_are_neither() {
        let object = object(r#"{"a": true, "b": " TRUE", "c": "False", "d": "yes", "e": 1}"#);
        let values = ["a", "b", "c", "d", "e"].map(|name| object.boolean(name));
        assert_eq!(values, [Some(true), Some(true), Some(false), None, None]);
    }

    #[test]
    fn null_and_the_empty_string_are_unknown() {
        let object = object(r#"{"a": null, "b": "", "c": "  ", "d": []}"#);
        for name in ["a", "b", "c", "e"] {
            assert!(object.get(name).is_none(), "{name}");
            assert!(object.list(name).unwrap_or_default().is_empty(), "{name}");
        }
        assert!(object.has("a") && !object.has("e"));
    }

    #[test]
    fn a_list_may_stand_as_a_string_or_as_the_one_object_it_holds() {
        let object =
            object(r#"{"a": [{}, {}], "b": "[{}, {}]", "c": {}, "d": "{}", "e": 4, "f": "{"}"#);
        // The test below covers what is refused, and why.
        let length = |name| object.list(name).map(|list| list.len()).ok();
        assert_eq!(length("a"), Some(2));
        assert_eq!(length("b"), Some(2));
        assert_eq!(length("c"), Some(1));
        assert_eq!(length("d"), Some(1));
        let problem = |name| {
            object
                .list(name)
                .err()
                .map(|p| (p.path(), p.expected().to_owned()))
        };
        insta::assert_debug_snapshot!((problem("e"), problem("f")), @r#"
        (
            Some(
                (
                    "$.e",
                    "a list was expected; a number stands there",
                ),
            ),
            Some(
                (
                    "$.f",
                    "well-formed JSON was expected; it breaks off at line 1, column 1 (counted within the string)",
                ),
            ),
        )
        "#);
    }
}
