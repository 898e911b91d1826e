//! The tenant's licence, and the limits of its reports.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::plus;

/// The edition of Microsoft Entra ID.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Licence {
    /// No report can be read.
    Free,
    /// The sign-in log can be read.
    P1,
    /// Risk can be read too.
    #[default]
    P2,
}

/// "Microsoft Graph service-specific throttling limits": 5 reports in 10 s, 1 question to Identity Protection in 1 s.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    reports: VecDeque<Timestamp>,
    risk: VecDeque<Timestamp>,
}

impl Limits {
    pub(crate) fn take_report(&mut self, now: Timestamp) -> bool {
        take(&mut self.reports, 5, Duration::from_secs(10), now)
    }

    pub(crate) fn take_risk(&mut self, now: Timestamp) -> bool {
        take(&mut self.risk, 1, Duration::from_secs(1), now)
    }
}

/// Whether one more call fits. A refused call counts too: throttled calls prolong the wait.
fn take(taken: &mut VecDeque<Timestamp>, most: usize, within: Duration, now: Timestamp) -> bool {
    taken.retain(|at| plus(*at, within) > now);
    taken.push_back(now);
    taken.len() <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_frees_itself() {
        let start: Timestamp = "2026-10-07T05:23:30Z".parse().unwrap();
        let mut limits = Limits::default();
        let at = |milliseconds| plus(start, Duration::from_millis(milliseconds));
        assert!((0..5).all(|_| limits.take_report(at(0))));
        assert!(!limits.take_report(at(9_999)));
        assert!(limits.take_report(at(10_001)));
        assert!(limits.take_risk(at(0)));
        assert!(!limits.take_risk(at(999)));
        assert!(limits.take_risk(at(2_000)));
    }
}
