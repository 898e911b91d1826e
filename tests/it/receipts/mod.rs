//! What is written about a cut: events, replies, comments, letters.

pub(crate) mod comment;
pub(crate) mod how_fast;
pub(crate) mod incident_comment;
pub(crate) mod json;
pub(crate) mod messages;
pub(crate) mod put_back;
