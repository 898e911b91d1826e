//! What this process may cut while the ledger cannot be asked: within an hour no more users than one alert may cut, all
//! alerts together, and no more than the hour had left when the ledger was last seen.

use std::time::Duration;

use crate::domain::Wanted;

const HOUR: Duration = Duration::from_hours(1);

/// What was granted without the ledger within the past hour.
#[derive(Debug, Default)]
pub(super) struct Alone {
    granted: Vec<Granted>,
}

#[derive(Debug)]
struct Granted {
    reservation: u64,
    at: Duration,
    users: usize,
}

impl Alone {
    /// Grants what it can. `known` is how many users the hour held when the ledger was last seen.
    pub(super) fn grant(
        &mut self,
        reservation: u64,
        wanted: Wanted,
        known: usize,
        now: Duration,
    ) -> usize {
        self.granted
            .retain(|granted| now.saturating_sub(granted.at) < HOUR);
        let used: usize = self.granted.iter().map(|granted| granted.users).sum();
        let users = wanted
            .users
            .min(wanted.per_alert.saturating_sub(used))
            .min(wanted.per_hour.saturating_sub(known.saturating_add(used)));
        if users > 0 {
            self.granted.push(Granted {
                reservation,
                at: now,
                users,
            });
        }
        users
    }

    /// Takes note of how many were cut. False if the reservation was not granted here.
    pub(super) fn settle(&mut self, reservation: u64, cut: usize, now: Duration) -> bool {
        let found = self
            .granted
            .iter_mut()
            .find(|granted| granted.reservation == reservation);
        match found {
            Some(granted) => {
                granted.users = cut;
                granted.at = now;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn wanted(users: usize) -> Wanted {
        Wanted {
            users,
            per_hour: 100,
            per_alert: 25,
        }
    }

    #[test]
    fn all_alerts_together_have_what_one_alert_may_cut() {
        let mut alone = Alone::default();
        assert_eq!(alone.grant(1, wanted(20), 0, SECOND), 20);
        assert_eq!(alone.grant(2, wanted(20), 0, SECOND), 5);
        assert_eq!(alone.grant(3, wanted(20), 0, SECOND), 0);
        assert!(alone.settle(1, 4, SECOND * 2));
        assert!(!alone.settle(3, 4, SECOND * 2));
        assert_eq!(alone.grant(4, wanted(50), 0, SECOND * 3), 16);
        assert_eq!(alone.grant(5, wanted(50), 0, HOUR + SECOND), 5);
    }

    #[test]
    fn an_hour_that_was_full_when_last_seen_grants_nothing() {
        let mut alone = Alone::default();
        assert_eq!(alone.grant(1, wanted(20), 97, SECOND), 3);
        assert_eq!(alone.grant(2, wanted(20), 97, SECOND), 0);
    }
}
