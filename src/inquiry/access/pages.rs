//! Follows an answer over its pages, and keeps what was read when a page fails.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::Deadline;
use crate::graph::{CallError, Client, Journal, Question, Tally};

/// The most pages of one answer. A page of Graph holds a hundred entries or more.
pub(super) const MOST_PAGES: usize = 25;

/// A list, as far as it was read.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The entries that were read.
    pub items: Vec<T>,
    /// Why there may be more; `None` if the list is complete.
    pub missing: Option<Missing>,
}

/// Why a list is incomplete.
#[derive(Debug, Clone)]
pub enum Missing {
    /// A page could not be read.
    Failed(CallError),
    /// It is longer than what is read.
    TooLong,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            missing: None,
        }
    }
}

impl<T> From<Result<Vec<T>, CallError>> for Listed<T> {
    fn from(answer: Result<Vec<T>, CallError>) -> Self {
        match answer {
            Ok(items) => Self {
                items,
                missing: None,
            },
            Err(error) => Self::default().ending_with(error),
        }
    }
}

impl<T> Listed<T> {
    pub(super) fn ending_with(mut self, error: CallError) -> Self {
        self.missing = Some(Missing::Failed(error));
        self
    }

    pub(super) fn too_long(mut self) -> Self {
        self.missing = Some(Missing::TooLong);
        self
    }

    /// Appends another list, with what is missing from it.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
        self.missing = self.missing.take().or(other.missing);
    }

    /// The error that left nothing to read.
    #[must_use]
    pub fn unread(&self) -> Option<&CallError> {
        match &self.missing {
            Some(Missing::Failed(error)) if self.items.is_empty() => Some(error),
            Some(Missing::Failed(_) | Missing::TooLong) | None => None,
        }
    }

    /// Converts each entry; one that cannot be read is left out and makes the list incomplete.
    pub(in crate::inquiry) fn read<U>(self, read: impl Fn(T) -> Result<U, CallError>) -> Listed<U> {
        let mut listed = Listed {
            items: Vec::with_capacity(self.items.len()),
            missing: self.missing,
        };
        for item in self.items {
            match read(item) {
                Ok(item) => listed.items.push(item),
                Err(error) => listed.missing = Some(Missing::Failed(error)),
            }
        }
        listed
    }
}

#[derive(Deserialize)]
struct WirePage<T> {
    value: Vec<T>,
    // Graph writes the first name, Azure Resource Manager the second.
    #[serde(rename = "@odata.nextLink", alias = "nextLink")]
    next: Option<String>,
}

impl Client {
    /// Reads all pages, on the same root alone: the token goes to no other.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        mut question: Question,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<T> {
        let mut listed = Listed::default();
        for _ in 0..MOST_PAGES {
            let journal = Journal::default();
            let sent = self.send(&question, &journal, tally, deadline);
            let reply = match sent.await {
                Ok(reply) => reply,
                Err(error) => return listed.ending_with(error),
            };
            let page: WirePage<T> = match reply.json() {
                Ok(page) => page,
                Err(error) => return listed.ending_with(error),
            };
            listed.items.extend(page.value);
            // Azure Resource Manager writes an empty link on the last page.
            let Some(next) = page.next.filter(|next| !next.is_empty()) else {
                return listed;
            };
            let Some(path) = self.path_on_the_same_root(question.surface, &next) else {
                return listed
                    .ending_with(reply.unreadable("its next page is said to be somewhere else"));
            };
            question.path = path;
        }
        listed.too_long()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Cause, Operation};

    #[test]
    fn a_list_is_unread_only_where_nothing_of_it_was_read() {
        let error = || CallError::new(Operation::ReadUser, Cause::OutOfTime);
        let listed = |items: Vec<u8>| Listed {
            items,
            missing: None,
        };
        assert!(listed(vec![]).ending_with(error()).unread().is_some());
        assert!(listed(vec![1]).ending_with(error()).unread().is_none());
        assert!(listed(vec![]).too_long().unread().is_none());
        assert!(listed(vec![]).unread().is_none());
    }
}
