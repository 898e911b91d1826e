//! The two values that stand between a user and a call: eligible, and cleared. Both can be made in this room alone.

use crate::domain::{Mode, UserId, WithholdReason};

use super::Withheld;
use super::allowance::Slot;

/// A user whom no rule protects. It permits nothing by itself.
#[derive(Debug)]
pub struct Eligible {
    user: UserId,
    mode: Mode,
}

/// Leave to end the sessions of one user, once. Neither copied nor made outside this room.
#[derive(Debug)]
#[must_use = "a clearance that is not used has taken a place in the hour for nothing"]
pub struct Clearance {
    user: UserId,
}

impl Eligible {
    pub(super) fn new(user: UserId, mode: Mode) -> Self {
        Self { user, mode }
    }

    /// Spends a place of the hour for the clearance.
    ///
    /// # Errors
    /// In `observe` mode: the user would have been cut, and is withheld. The place is spent all the same, in an hour of its own,
    /// so that the cap per hour is told as it would hold.
    pub fn clear(self, Slot(()): Slot) -> Result<Clearance, Withheld> {
        match self.mode {
            Mode::Enforce => Ok(Clearance { user: self.user }),
            Mode::Observe => Err(Withheld {
                reason: WithholdReason::Observe,
                policy: "EVICT_MODE",
                detail: "Would have been cut. EVICT_MODE is observe, so nothing was changed; set it to enforce \
                         when these receipts name the right users."
                    .to_owned(),
            }),
        }
    }
}

impl Clearance {
    /// The one user whom it is for.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user
    }
}
