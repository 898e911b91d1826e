//! A message that is one user principal name or one object id, and nothing else. Text that is neither is refused.

use super::account;
use super::draft::Draft;
use super::problem::Problem;

/// Reads it.
pub(super) fn read(text: &str, draft: &mut Draft) -> Result<(), Problem> {
    let subject = account::identified(text.parse().ok(), text.parse().ok(), None, None);
    match subject {
        Some(subject) => {
            draft.subjects.add(subject);
            Ok(())
        }
        None => Err(Problem::new(
            "JSON, one user principal name or one object id was expected; other text stands there",
        )),
    }
}
