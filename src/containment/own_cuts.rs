//! What this process has cut for a message that may come again, where the directory alone cannot tell.
//!
//! A message's time and `signInSessionsValidFromDateTime` have whole seconds, and are of two clocks. A cut in the second of the
//! enqueuing, or by a clock that is behind the queue's, looks as if it had been made before the alert. Somebody else's may be: who
//! changed the password in that second has ended no session that the alert is about. So it is believed of this process's own cut
//! alone, which Graph accepted and which was read back: it was made when the message was there. What another process has done, or
//! one that has ended, is not known, and such a user is cut again, which harms nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::UserId;

/// How many cuts are remembered, each in some hundred bytes. More than one message can name are cut within a second by nobody.
const MOST: usize = 10_000;

/// A message, and a user that it names.
type Key = (Uuid, UserId);

/// The cuts of messages that may come again.
#[derive(Debug, Default)]
pub(super) struct OwnCuts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Where the property was read back after the cut.
    cuts: HashMap<Key, Timestamp>,
    /// The same, the oldest first.
    order: VecDeque<Key>,
}

impl OwnCuts {
    /// Remembers that a user was cut for a message, and that the sessions are valid from then on.
    pub(super) fn remember(&self, message: Uuid, user: UserId, valid_from: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (message, user);
        if known.cuts.insert(key, valid_from).is_none() {
            known.order.push_back(key);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.cuts.remove(&oldest);
        }
    }

    /// Whether a property that stands there shows such a cut, or a later one.
    pub(super) fn show(&self, message: Uuid, user: UserId, valid_from: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = known.cuts.get(&(message, user));
        cut.is_some_and(|cut| valid_from >= *cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    fn user() -> UserId {
        "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap()
    }

    #[test]
    fn a_cut_shows_for_its_message_and_user_from_where_it_was_read_back() {
        let (message, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let bob = "1c5989f1-ba2d-4e83-858b-fed0a712755f".parse().unwrap();
        let cuts = OwnCuts::default();
        assert!(!cuts.show(message, user(), second(9)));
        cuts.remember(message, user(), second(5));
        assert!(cuts.show(message, user(), second(5)));
        assert!(cuts.show(message, user(), second(9)));
        // A replica that lags shows what was before.
        assert!(!cuts.show(message, user(), second(4)));
        assert!(!cuts.show(other, user(), second(9)));
        assert!(!cuts.show(message, bob, second(9)));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let cuts = OwnCuts::default();
        for number in 0..=MOST as u128 {
            cuts.remember(Uuid::from_u128(number), user(), second(5));
        }
        assert!(!cuts.show(Uuid::from_u128(0), user(), second(5)));
        assert!(cuts.show(Uuid::from_u128(1), user(), second(5)));
        assert_eq!(cuts.0.lock().unwrap().cuts.len(), MOST);
    }
}
