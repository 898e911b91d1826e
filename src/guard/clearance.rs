//! The values between a user and a call: a place in the hour, eligible, and cleared. Only this room can create them.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::{Admission, Mode, UserId, WithholdReason};

use super::Withheld;

/// The cuts that the ledger granted to one alert. Each cut takes one place, and in `observe` mode each cut that would
/// be made; when none is left, the other users are withheld.
#[derive(Debug)]
pub struct Allowance {
    left: AtomicUsize,
    granted: usize,
    used_before: usize,
    cap: usize,
    mode: Mode,
    undecided: Option<String>,
}

/// One place in the hour. Only [`Allowance::take`] creates it, and [`Eligible::clear`] spends it.
#[derive(Debug)]
pub struct Slot(());

/// Why there is no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlace {
    /// The hour is full: the user is withheld with the reason `blast_radius`.
    Withheld(Withheld),
    /// The ledger could not be asked whether the hour is full, for this reason: the user has to be retried.
    Undecided(String),
}

impl Allowance {
    /// The allowance for an admission under `cap` users per hour.
    #[must_use]
    pub fn new(admission: &Admission, cap: usize, mode: Mode) -> Self {
        Self {
            left: AtomicUsize::new(admission.granted),
            granted: admission.granted,
            used_before: admission.used,
            cap,
            mode,
            undecided: admission.undecided.clone(),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// No place is left. While the ledger is unavailable, that is not a verdict on the user.
    pub fn take(&self) -> Result<Slot, NoPlace> {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(1)
            })
            .map(|_| Slot(()))
            .map_err(|_| self.no_place())
    }

    fn no_place(&self) -> NoPlace {
        if let Some(reason) = &self.undecided {
            return NoPlace::Undecided(reason.clone());
        }
        let had_been = match self.mode {
            Mode::Enforce => "had been cut",
            Mode::Observe => "would have been cut",
        };
        NoPlace::Withheld(Withheld {
            reason: WithholdReason::BlastRadius,
            policy: "EVICT_MAX_USERS_PER_HOUR",
            detail: format!(
                "At most {} users may be cut within an hour; {} {had_been} in the hour before this alert, \
                 which was left {} of them. Check whether the rule misfires. If these users are meant, send \
                 them again when the hour is over, or raise EVICT_MAX_USERS_PER_HOUR.",
                self.cap, self.used_before, self.granted
            ),
        })
    }

    /// Returns the place of a clearance that certainly had no effect.
    pub fn unused(&self, clearance: Clearance) {
        drop(clearance);
        self.left.fetch_add(1, Ordering::AcqRel);
    }

    /// The number of places that were taken and not returned.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.granted
            .saturating_sub(self.left.load(Ordering::Acquire))
    }
}

/// A user that no rule protects. It permits nothing by itself.
#[derive(Debug)]
pub struct Eligible {
    user: UserId,
    mode: Mode,
}

/// Permission to end the sessions of one user, once. It cannot be copied, or created outside this room.
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
    /// The mode is `observe`: the user would have been cut, and is withheld. The place is spent all the same, in a
    /// separate hour, so that the cap per hour applies as it would in `enforce`.
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
    /// The only user that it permits to cut.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(granted: usize, undecided: Option<&str>) -> Admission {
        Admission {
            granted,
            used: 7,
            reservation: 0,
            undecided: undecided.map(str::to_owned),
        }
    }

    #[test]
    fn no_more_places_are_taken_than_were_granted() {
        let allowance = Allowance::new(&admission(2, None), 9, Mode::Enforce);
        allowance.take().unwrap();
        allowance.take().unwrap();
        let NoPlace::Withheld(withheld) = allowance.take().unwrap_err() else {
            panic!("the hour is known to be full");
        };
        assert_eq!(withheld.reason, WithholdReason::BlastRadius);
        assert_eq!(allowance.taken(), 2);
        assert!(allowance.take().is_err());
    }

    #[test]
    fn who_would_have_been_cut_takes_a_place_too() {
        let allowance = Allowance::new(&admission(1, None), 8, Mode::Observe);
        let user = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
        let observed = Eligible::new(user, Mode::Observe).clear(allowance.take().unwrap());
        assert_eq!(observed.unwrap_err().reason, WithholdReason::Observe);
        assert_eq!(allowance.taken(), 1);
        let NoPlace::Withheld(withheld) = allowance.take().unwrap_err() else {
            panic!("the hour is known to be full");
        };
        assert!(
            withheld
                .detail
                .contains("7 would have been cut in the hour")
        );
    }

    #[test]
    fn a_place_with_which_surely_nothing_was_done_is_free_again() {
        let allowance = Allowance::new(&admission(1, None), 9, Mode::Enforce);
        let user = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
        let cleared = Eligible::new(user, Mode::Enforce).clear(allowance.take().unwrap());
        assert_eq!(allowance.taken(), 1);
        assert!(allowance.take().is_err());
        allowance.unused(cleared.unwrap());
        assert_eq!(allowance.taken(), 0);
        allowance.take().unwrap();
    }

    #[test]
    fn an_hour_that_is_not_known_turns_nobody_away() {
        let allowance =
            Allowance::new(&admission(1, Some("The ledger is down.")), 9, Mode::Enforce);
        allowance.take().unwrap();
        assert_eq!(
            allowance.take().unwrap_err(),
            NoPlace::Undecided("The ledger is down.".to_owned())
        );
    }
}
