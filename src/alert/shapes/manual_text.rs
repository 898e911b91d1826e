//! A message that is one user principal name or one object id, and nothing else. Text that is neither is refused.

use crate::alert::accounts::identified;
use crate::alert::draft::Draft;
use crate::alert::problem::Problem;

use super::foreign_text;

/// Reads it.
pub(crate) fn read(text: &str, draft: &mut Draft) -> Result<(), Problem> {
    match identified(text.parse().ok(), text.parse().ok(), None, None) {
        Some(subject) => {
            draft.subject(subject);
            Ok(())
        }
        None => Err(Problem::new(foreign_text(text))),
    }
}
