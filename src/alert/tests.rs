//! Helpers that several test files share.

use super::json;
use super::json::{Node, Object};

/// Parses an object.
pub(crate) fn object(text: &str) -> Object<'_> {
    match json::parse(text) {
        Ok(Node::Object(object)) => object,
        _ => panic!("an object was expected"),
    }
}
