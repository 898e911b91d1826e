//! Who is asked for and cut first where not all can be at once.

use jiff::Timestamp;

use super::accounts::mention::Flag;
use super::severity::Severity;

/// How urgent a subject is beside others: the graver first, and of equally grave ones whoever was flagged last, because that
/// is news beside a storm that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    severity: Severity,
    since: Timestamp,
}

impl Urgency {
    /// Before everybody else, for what is asked on nobody's account in particular.
    pub const FIRST: Self = Self {
        severity: Severity::High,
        since: Timestamp::MAX,
    };

    /// That of a subject of an alert that has waited since then. A severity that is not stated counts as high: leaving it out must
    /// not delay anybody.
    #[must_use]
    pub fn of(flag: &Flag, since: Timestamp) -> Self {
        Self {
            severity: flag.severity.unwrap_or(Severity::High),
            since,
        }
    }

    /// Since when its alert has waited.
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
