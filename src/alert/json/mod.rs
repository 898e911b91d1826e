//! JSON as senders really write it: a tree whose names compare without case, and JSON within JSON strings.
//!
//! `read` builds the tree from bytes, and shapes query `tree`. `problem` states where a payload differs from what was
//! expected; `time` and `tidy` read values; `snake_case` and `cut_off` know what senders' tools do to a document.

pub(crate) mod cut_off;
mod problem;
mod read;
pub(crate) mod snake_case;
pub(crate) mod tidy;
pub(crate) mod time;
mod tree;

pub(crate) use problem::{JsonProblem, Within};
pub(crate) use read::{bare, parse, text};
pub(crate) use tree::{Name, Node, Object, Property, objects, unexpected, unexpected_other};
