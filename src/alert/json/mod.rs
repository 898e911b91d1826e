//! JSON as senders really write it: a tree whose names compare without case, within text within JSON.
//!
//! `read` makes the tree from bytes and `tree` is what a shape asks; `problem` says where something is not as expected,
//! `time` and `tidy` read values, and `snake_case` and `cut_off` know what senders' own tools do to a document.

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
