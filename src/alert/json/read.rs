//! Bytes to text, and text to a JSON tree; every error in either is reported.
//!
//! No message repeats the payload, and the recursion is bounded for every input.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::{JsonProblem, Name, Node, Property};

/// The deepest nesting of lists and objects that is read. The deepest shape needs about ten levels; the underlying
/// parser stops at 128.
const DEEPEST: usize = 100;

/// Text that is not JSON.
pub(crate) struct Broken<'t> {
    /// Where and why.
    pub(crate) problem: JsonProblem,
    /// What was read before the error.
    pub(crate) rest: Option<Node<'t>>,
}

/// The text of a payload: UTF-8, with or without a byte order mark, without surrounding white space.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, JsonProblem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(JsonProblem::new(
            "UTF-8 text was expected; this begins like UTF-16",
        ));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(JsonProblem::new(
            "UTF-8 text was expected; a compressed body stands there (gzip). Send it as it is, without Content-Encoding",
        ));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(bare(text)),
        Err(error) => Err(JsonProblem::new(format!(
            "UTF-8 text was expected; the bytes from {} on are none",
            error.valid_up_to()
        ))),
    }
}

/// A text without byte order marks and white space at its ends.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
}

/// Parses JSON. The result borrows from the text.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Broken<'_>> {
    let text = bare(text);
    read(text).or_else(|broken| match repaired(text) {
        Some(repaired) => read(&repaired)
            .map(Node::into_owned)
            .map_err(Broken::into_owned),
        None => Err(broken),
    })
}

impl Broken<'_> {
    fn into_owned(self) -> Broken<'static> {
        Broken {
            problem: self.problem,
            rest: self.rest.map(Node::into_owned),
        }
    }
}

fn read(text: &str) -> Result<Node<'_>, Broken<'_>> {
    let mut rest = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Reader {
        depth: 0,
        open: &mut Open::default(),
        rest: &mut rest,
    }
    .deserialize(&mut deserializer)
    .and_then(|node| deserializer.end().map(|()| node));
    read.map_err(|error| Broken {
        problem: JsonProblem::new(message(&error)),
        rest,
    })
}

fn message(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => {
            format!("well-formed JSON was expected; it breaks off at line {line}, column {column}")
        }
        // The reader below raises errors of this category only for excessive depth.
        Category::Data => format!(
            "JSON of at most {DEEPEST} levels was expected; it goes deeper at line {line}, column {column}"
        ),
        Category::Syntax | Category::Io => {
            format!("well-formed JSON was expected; it goes wrong at line {line}, column {column}")
        }
    }
}

/// The text with every half of a surrogate pair that stands alone replaced by U+FFFD; `None` when there is none.
///
/// Senders cut titles and descriptions at a number of UTF-16 units, sometimes in the middle of an emoji. JSON's grammar
/// permits the escape that then stays (RFC 8259, section 8.2), and an alert must not be lost over half a smile.
fn repaired(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut repaired: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'\\'))
    {
        let escape = at + found;
        match unit(text, escape) {
            Some(0xd800..=0xdbff) if matches!(unit(text, escape + 6), Some(0xdc00..=0xdfff)) => {
                at = escape + 12;
            }
            Some(0xd800..=0xdfff) => {
                let target = repaired.get_or_insert_default();
                target.push_str(&text[copied..escape]);
                target.push_str("\\ufffd");
                copied = escape + 6;
                at = copied;
            }
            // Any other escape, `\\` among them: its second character does not begin an escape.
            _ => at = escape + 2,
        }
    }
    repaired.map(|mut target| {
        target.push_str(&text[copied..]);
        target
    })
}

/// The UTF-16 unit that is written at this position as `\uXXXX`.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The elements and the properties of the lists and objects that are still open, the innermost last. They are moved out
/// when their parent closes, so each list is allocated once in its exact size.
#[derive(Default)]
struct Open<'t> {
    items: Vec<Node<'t>>,
    properties: Vec<Property<'t>>,
}

/// Builds the tree. On an error each level leaves its part in `rest`, for the level above to include.
struct Reader<'r, 't> {
    depth: usize,
    open: &'r mut Open<'t>,
    rest: &'r mut Option<Node<'t>>,
}

impl<'t> Reader<'_, 't> {
    /// The reader for the contents of this value.
    fn inner(&mut self) -> Reader<'_, 't> {
        Reader {
            depth: self.depth + 1,
            open: self.open,
            rest: self.rest,
        }
    }
}

impl<'t> DeserializeSeed<'t> for Reader<'_, 't> {
    type Value = Node<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Node<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Reader<'_, 't> {
    type Value = Node<'t>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'t>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'t>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'t>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'t>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'t>, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'t str) -> Result<Node<'t>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'t>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut access: A) -> Result<Node<'t>, A::Error> {
        if self.depth >= DEEPEST {
            return Err(A::Error::custom("too deep"));
        }
        let from = self.open.items.len();
        loop {
            let error = match access.next_element_seed(self.inner()) {
                Ok(Some(item)) => {
                    self.open.items.push(item);
                    continue;
                }
                Ok(None) => None,
                Err(error) => {
                    self.open.items.extend(self.rest.take());
                    Some(error)
                }
            };
            let list = Node::List(self.open.items.drain(from..).collect());
            let Some(error) = error else {
                return Ok(list);
            };
            *self.rest = Some(list);
            return Err(error);
        }
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut access: A) -> Result<Node<'t>, A::Error> {
        if self.depth >= DEEPEST {
            return Err(A::Error::custom("too deep"));
        }
        let from = self.open.properties.len();
        loop {
            let error = match access.next_key_seed(NameReader) {
                Ok(Some(name)) => match access.next_value_seed(self.inner()) {
                    Ok(value) => {
                        self.open.properties.push((name, value));
                        continue;
                    }
                    Err(error) => {
                        let rest = self.rest.take().unwrap_or(Node::Null);
                        self.open.properties.push((name, rest));
                        Some(error)
                    }
                },
                Ok(None) => None,
                Err(error) => Some(error),
            };
            let object = Node::Object(self.open.properties.drain(from..).collect());
            let Some(error) = error else {
                return Ok(object);
            };
            *self.rest = Some(object);
            return Err(error);
        }
    }
}

/// Reads the name of a property.
struct NameReader;

impl<'t> DeserializeSeed<'t> for NameReader {
    type Value = Name<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for NameReader {
    type Value = Name<'t>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_borrowed_str<E>(self, value: &'t str) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.to_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::json::Object;
    use crate::alert::tests::object;

    /// Reads the beginning of an object that is cut short.
    fn rest(text: &str) -> Object<'_> {
        match parse(text) {
            Err(Broken {
                rest: Some(Node::Object(rest)),
                ..
            }) => rest,
            _ => panic!("an object that breaks off was expected"),
        }
    }

    fn complaint(text: &str) -> String {
        parse(text)
            .err()
            .map(|b| b.problem.expected().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_with_a_text_is_said_without_repeating_it() {
        insta::assert_debug_snapshot!(
            [
                complaint(r#"{"secret": "alice"#),
                complaint(r#"{"secret": alice}"#),
                complaint(r#"{"secret": 1} trailing"#),
                complaint("{\"secret\": \"a\nb\"}"),
                complaint(""),
            ],
            @r#"
        [
            "well-formed JSON was expected; it breaks off at line 1, column 17",
            "well-formed JSON was expected; it goes wrong at line 1, column 12",
            "well-formed JSON was expected; it goes wrong at line 1, column 15",
            "well-formed JSON was expected; it goes wrong at line 2, column 0",
            "well-formed JSON was expected; it breaks off at line 1, column 0",
        ]
        "#
        );
        insta::assert_debug_snapshot!(
            [text(b"\xff\xfe{\0"), text(b"{\"a\": \"\xe4\"}")].map(|t| t.err().map(|p| p.expected().to_owned())),
            @r#"
        [
            Some(
                "UTF-8 text was expected; this begins like UTF-16",
            ),
            Some(
                "UTF-8 text was expected; the bytes from 7 on are none",
            ),
        ]
        "#
        );
    }

    #[test]
    fn deep_nesting_ends_in_a_clear_answer() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested =
                |levels: usize| format!("{}0{}", open.repeat(levels), close.repeat(levels));
            assert!(parse(&nested(DEEPEST)).is_ok());
            assert!(complaint(&nested(DEEPEST + 1)).contains("at most 100 levels"));
            assert!(complaint(&nested(100_000)).contains("at most 100 levels"));
        }
    }

    #[test]
    fn what_was_read_before_the_end_is_kept() {
        let rest = rest(r#"{"a": 1, "b": [{"c": "d"}, {"e": "#);
        assert!(rest.has("a"));
        let list = rest.list("b").unwrap_or_default();
        assert_eq!(list.len(), 2);
        assert!(list[1].as_object().is_ok_and(|o| o.has("e")));
    }

    #[test]
    fn half_a_surrogate_pair_does_not_lose_the_rest() {
        let read = |text: &str| match parse(text) {
            Ok(Node::Text(text)) => text.to_string(),
            _ => String::new(),
        };
        assert_eq!(read(r#""\ud83d\ude00""#), "\u{1f600}");
        assert_eq!(read(r#""cut \ud83d""#), "cut \u{fffd}");
        assert_eq!(
            read(r#""\ude00\ud83d\ud83d\ude00!""#),
            "\u{fffd}\u{fffd}\u{1f600}!"
        );
        assert_eq!(read(r#""\\ud83d \ud83d""#), "\\ud83d \u{fffd}");
        assert_eq!(
            read(r#""a smile \ud83d\ude00 and half \ud83d""#),
            "a smile \u{1f600} and half \u{fffd}"
        );
    }

    #[test]
    fn what_has_no_escape_is_borrowed_and_what_has_one_is_read_all_the_same() {
        let object = object(r#"{"plain": "as it stands", "\u0065scaped": "a\u0062c"}"#);
        assert!(matches!(
            object.get("plain"),
            Some(Node::Text(Cow::Borrowed("as it stands")))
        ));
        assert_eq!(object.text("escaped").as_deref(), Some("abc"));
    }

    #[test]
    fn what_was_read_before_the_end_is_kept_beside_half_a_surrogate_pair() {
        let rest = rest(r#"{"a": "cut \ud83d", "b": ["#);
        assert_eq!(rest.text("a").as_deref(), Some("cut \u{fffd}"));
        assert!(rest.has("b"));
    }

    #[test]
    fn byte_order_marks_and_line_ends_do_not_matter() {
        assert_eq!(text("\u{feff}\r\n alice \r\n".as_bytes()), Ok("alice"));
        assert!(parse("\u{feff}{\r\n}").is_ok());
    }
}
