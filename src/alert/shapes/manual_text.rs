//! A message that is one user principal name or one object id, and nothing else. Text that is neither is refused.

use crate::alert::accounts::identified;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::JsonProblem;

use super::foreign_text;

pub(crate) fn read(text: &str, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    match identified(text.parse().ok(), text.parse().ok(), None, None) {
        Some(subject) => {
            builder.subject(subject);
            Ok(())
        }
        None => Err(JsonProblem::new(foreign_text(text))),
    }
}
