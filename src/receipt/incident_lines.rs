//! What is known of each account of an alert when its incident is written: who was in the comment before, and who ended now.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::domain::{Outcome, Receipt, Story, Subject, Told, UserId, cut_at};

use super::comment::{self, NAME_LIMIT};
use super::markup::text;
use super::sentence::Cut;
use super::{sentence, size};

/// The most bytes of one name in a message that carries what was said.
const TOLD_NAME_LIMIT: usize = 512;

const NOT_TRIED_AGAIN: &str = "Not finished: no cut is proved, and nothing tries it again by itself. Next: remove what stood in the way, then put the message back that waits in evict-rejected.";

/// One row of the table.
pub(super) struct Line<'a> {
    pub(super) account: Cow<'a, str>,
    pub(super) id: Option<UserId>,
    pub(super) outcome: &'a Outcome,
    pub(super) cut_at: Option<Timestamp>,
    /// What is to be done, as sentences.
    pub(super) sentence: String,
}

impl<'a> Line<'a> {
    pub(super) fn of(receipt: &'a Receipt) -> Self {
        let user = receipt.user.as_ref();
        let detail = receipt.detail.as_ref();
        let detail = detail.map_or_else(String::new, |detail| format!(" {detail}"));
        Self {
            account: Cow::Borrowed(user.map_or(receipt.subject.0.as_str(), |user| {
                user.user_principal_name.as_str()
            })),
            id: user.map(|user| user.id),
            outcome: &receipt.outcome,
            cut_at: cut_at(receipt),
            sentence: match receipt.outcome {
                // The comment comes when all that can go on has gone on.
                Outcome::Deferred => format!("{NOT_TRIED_AGAIN}{detail}"),
                Outcome::Revoked { .. }
                | Outcome::AlreadyCut
                | Outcome::Withheld { .. }
                | Outcome::NotEffective { .. }
                | Outcome::NotFound
                | Outcome::Ambiguous { .. }
                | Outcome::NotAUser { .. }
                | Outcome::Failed { .. }
                | Outcome::HandedOver => format!("{}{detail}", sentence::outcome(receipt)),
            },
        }
    }

    fn of_told(told: &'a Told) -> Self {
        Self {
            account: Cow::Borrowed(&told.account),
            id: told.id,
            outcome: &told.outcome,
            cut_at: told.cut_at,
            sentence: {
                let cut = Cut {
                    at: told.cut_at,
                    ..Cut::default()
                };
                sentence::of_outcome(&told.outcome, None, cut)
            },
        }
    }

    /// Of an account whose work has not ended.
    pub(super) fn open(subject: &'a Subject) -> Self {
        Self {
            account: Cow::Owned(subject.account.written()),
            id: subject.account.id,
            outcome: &Outcome::HandedOver,
            cut_at: None,
            sentence: String::new(),
        }
    }

    /// Whether it is about the same account.
    pub(super) fn is_of(&self, told: &Told) -> bool {
        match (self.id, told.id) {
            (Some(own), Some(other)) => own == other,
            (Some(_) | None, _) => self.account.eq_ignore_ascii_case(&told.account),
        }
    }

    pub(super) fn told(&self) -> Told {
        let short = |text: &str| size::cut(text, TOLD_NAME_LIMIT).into_owned();
        let mut outcome = self.outcome.clone();
        if let Outcome::NotEffective {
            home_domain: Some(domain),
        } = &mut outcome
        {
            *domain = short(domain);
        }
        Told {
            account: short(&self.account),
            id: self.id,
            outcome,
            cut_at: self.cut_at,
        }
    }

    pub(super) fn row(&self) -> String {
        let at = self.cut_at.map(sentence::time).unwrap_or_default();
        format!(
            "<tr><td>{}</td><td>{}</td><td>{at}</td></tr>",
            text(&self.account, NAME_LIMIT),
            match self.outcome {
                Outcome::HandedOver => "not finished yet",
                Outcome::Revoked { .. }
                | Outcome::AlreadyCut
                | Outcome::Withheld { .. }
                | Outcome::NotEffective { .. }
                | Outcome::NotFound
                | Outcome::Ambiguous { .. }
                | Outcome::NotAUser { .. }
                | Outcome::Failed { .. }
                | Outcome::Deferred => comment::word(self.outcome),
            },
        )
    }

    /// Whether a person has to do something about this account in particular.
    pub(super) fn asks_for_somebody(&self) -> bool {
        match self.outcome {
            Outcome::Revoked { verified: true } | Outcome::AlreadyCut | Outcome::HandedOver => {
                false
            }
            Outcome::Revoked { verified: false }
            | Outcome::Withheld { .. }
            | Outcome::NotEffective { .. }
            | Outcome::NotFound
            | Outcome::Ambiguous { .. }
            | Outcome::NotAUser { .. }
            | Outcome::Failed { .. }
            | Outcome::Deferred => true,
        }
    }
}

/// Everybody: who was in the comment before, then who ended now.
pub(super) fn all<'a>(now: Vec<Line<'a>>, story: &'a Story) -> Vec<Line<'a>> {
    // Who was cut stays cut, whatever a later part saw; of anything else the later word counts.
    let (cut, other): (Vec<_>, Vec<_>) = story.told.iter().partition(|told| told.outcome.is_cut());
    let is_news = |told: &&&Told| !now.iter().any(|line| line.is_of(told));
    let other = other.iter().filter(is_news);
    let mut lines: Vec<Line<'a>> = cut
        .iter()
        .chain(other)
        .map(|told| Line::of_told(told))
        .collect();
    lines.extend(
        now.into_iter()
            .filter(|line| !cut.iter().any(|told| line.is_of(told))),
    );
    lines
}
