//! The order in which users are looked up and cut if not all can be at once.

use jiff::Timestamp;

use super::accounts::mention::Flag;
use super::severity::Severity;

/// The urgency of a subject: the graver first, and of equally grave ones the one that was flagged last, because a new
/// alert matters more than a continuing storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    severity: Severity,
    since: Timestamp,
}

impl Urgency {
    /// The highest urgency, for requests on behalf of no particular account.
    pub const FIRST: Self = Self {
        severity: Severity::High,
        since: Timestamp::MAX,
    };

    /// The urgency of a subject of an alert that has waited since then. An unstated severity counts as high: leaving it
    /// out must not delay anybody.
    #[must_use]
    pub fn of(flag: &Flag, since: Timestamp) -> Self {
        Self {
            severity: flag.severity.unwrap_or(Severity::High),
            since,
        }
    }

    /// The time since which its alert has waited.
    #[must_use]
    pub fn since(self) -> Timestamp {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WrittenBy;

    #[test]
    fn the_graver_comes_first_then_the_later() {
        let urgency = |severity, second| {
            let flag = Flag {
                severity,
                ..Flag::open(WrittenBy::Machine)
            };
            Urgency::of(&flag, Timestamp::from_second(second).unwrap())
        };
        let high = urgency(Some(Severity::High), 1);
        assert!(high > urgency(Some(Severity::Medium), 2));
        assert!(high < urgency(Some(Severity::High), 2));
        assert_eq!(high, urgency(None, 1));
        assert!(high < Urgency::FIRST);
    }
}
