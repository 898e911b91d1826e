//! What the tests of several files here share.

use super::json;
use super::json::{Node, Object};

/// The object that a text is.
pub(crate) fn object(text: &str) -> Object<'_> {
    match json::parse(text) {
        Ok(Node::Object(object)) => object,
        _ => panic!("an object was expected"),
    }
}
