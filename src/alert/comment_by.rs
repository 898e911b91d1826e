//! Reads who writes the comment on an alert's incident: a property of ours in a payload of any shape.

use crate::domain::CommentBy;

use super::json::Object;

/// The property that states who writes the comment on the incident.
pub(crate) const COMMENT_BY: &str = "commentBy";

/// Who writes the comment on the incident: a property of ours, which a sender may add to an object of any shape.
pub(crate) fn comment_by(object: &Object) -> Option<CommentBy> {
    let word = object.text(COMMENT_BY)?;
    let mut all = CommentBy::ALL.into_iter();
    all.find(|one| one.as_str().eq_ignore_ascii_case(word.trim()))
}
