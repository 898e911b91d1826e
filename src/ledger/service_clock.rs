//! The storage service's time of day, which all instances share: the date of its last answer, plus the monotonic time
//! since then.
//!
//! It is behind by at most a second and the answer's delay. The monotonic clock of a suspended machine stood still; its
//! time of day then disagrees, and the service has to be asked again.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::Clock;

/// The largest disagreement of the machine's two clocks about the time since the last answer.
const DISAGREE: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug)]
pub(super) struct ServiceClock {
    machine: Arc<dyn Clock>,
    learnt: Option<Learnt>,
}

#[derive(Debug, Clone, Copy)]
struct Learnt {
    date: Timestamp,
    elapsed: Duration,
    wall: Timestamp,
}

impl ServiceClock {
    pub(super) fn new(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            learnt: None,
        }
    }

    /// The time since some fixed instant of this process.
    pub(super) fn elapsed(&self) -> Duration {
        self.machine.elapsed()
    }

    /// Sets the time from the date of an answer that has just arrived.
    pub(super) fn learn(&mut self, date: Timestamp) {
        self.learnt = Some(Learnt {
            date,
            elapsed: self.machine.elapsed(),
            wall: self.machine.now(),
        });
    }

    /// The service's time; `None` if it has to be asked.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let learnt = self.learnt?;
        let passed = self.machine.elapsed().saturating_sub(learnt.elapsed);
        let passed = SignedDuration::try_from(passed).ok()?;
        let by_wall = self.machine.now().duration_since(learnt.wall);
        let differ = by_wall.checked_sub(passed)?.abs();
        (differ <= DISAGREE).then(|| learnt.date.checked_add(passed).ok())?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug)]
    struct SetClock(Mutex<(Timestamp, Duration)>);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            self.0.lock().unwrap().0
        }

        fn elapsed(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    #[test]
    fn it_goes_by_the_service_and_asks_again_after_a_sleep() {
        let own: Timestamp = "2026-11-25T03:00:00Z".parse().unwrap();
        let date: Timestamp = "2026-11-25T02:48:31Z".parse().unwrap();
        let machine = Arc::new(SetClock(Mutex::new((own, Duration::ZERO))));
        let mut clock = ServiceClock::new(machine.clone());
        assert_eq!(clock.now(), None);
        clock.learn(date);
        let minute = SignedDuration::from_mins(1);
        *machine.0.lock().unwrap() = (own + minute, Duration::from_mins(1));
        assert_eq!(clock.now(), Some(date + minute));
        // Suspended for an hour: one clock stood still.
        *machine.0.lock().unwrap() = (own + minute * 61, Duration::from_mins(1));
        assert_eq!(clock.now(), None);
    }
}
