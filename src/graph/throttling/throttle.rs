//! The instants before which nobody calls Graph, and the turns in which calls leave after one.
//!
//! Throttled calls keep counting against the limit ("Microsoft Graph throttling guidance"), so a call made too early
//! prolongs the wait for everybody. The instants are shared by the whole process and only ever move forward. There are
//! two: Graph may refuse writes alone, and then users are still found, decided on and read back meanwhile.
//!
//! The end of a wait is no burst: calls leave one by one, the most urgent first, at a pace that finds out by itself what Graph
//! grants. As long as Graph refuses nothing, nobody waits for anybody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder as _;

use super::backoff::BACKOFF;
use super::pace::Pace;
use crate::domain::{Clock, Deadline, Urgency};
use crate::graph::{CallKind, Turns};

/// Which calls Graph holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    Everything,
    Writes,
}

impl Blocked {
    /// What `x-ms-throttle-scope` says, such as `Tenant_Application/Write/<app>/<tenant>`. Everything is held unless it
    /// speaks of writes alone.
    pub(crate) fn by_scope(scope: Option<&str>) -> Self {
        let limit = scope.and_then(|scope| scope.split('/').nth(1));
        if limit.is_some_and(|limit| limit.eq_ignore_ascii_case("write")) {
            Self::Writes
        } else {
            Self::Everything
        }
    }
}

/// Why a call may not be made before its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barred {
    /// Graph throttles for so long, which is longer.
    ToldToWait(Duration),
    /// Graph limits the calls, and the turn of this one did not come.
    NoTurn,
}

/// What all calls of this process share.
#[derive(Debug)]
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    everything: Lane,
    writes: Lane,
}

/// What stands before the calls that Graph holds up together.
#[derive(Debug)]
struct Lane {
    gate: Gate,
    pace: Pace,
    turns: Turns,
    /// When the last call left whose turn it was, on the monotonic clock.
    last: Mutex<Option<Duration>>,
}

impl Lane {
    fn new(pace: Pace) -> Self {
        Self {
            gate: Gate::default(),
            pace,
            turns: Turns::new(1),
            last: Mutex::default(),
        }
    }

    /// When the next call may leave whose turn it is.
    fn due(&self, now: Duration) -> Duration {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.map_or(now, |last| last.saturating_add(self.pace.gap(now)))
    }

    fn left(&self, now: Duration) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.pace.left(now);
    }

    /// A call of this lane that was sent at that time was answered without being refused for its number.
    fn admitted(&self, sent: Duration) {
        // What left before the lane was shut says nothing of what is granted since.
        if self.gate.admitted(sent) {
            self.pace.speed_up();
        }
    }
}

impl Throttle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            everything: Lane::new(Pace::of_everything()),
            writes: Lane::new(Pace::of_writes()),
        }
    }

    /// Graph throttled a call. Returns how long all affected calls are blocked: what Graph asked for, and longer if that did not
    /// help before. A shorter wait than one that already runs changes nothing.
    pub(crate) fn refused(
        &self,
        access: CallKind,
        held: Blocked,
        asked: Option<Duration>,
    ) -> Duration {
        let now = self.clock.elapsed();
        let lane = match held {
            Blocked::Everything => &self.everything,
            Blocked::Writes => &self.writes,
        };
        let (first, wait) = lane.gate.shut(now, asked);
        if first {
            lane.pace.slow_down(now);
            if held == Blocked::Everything && access == CallKind::Write {
                self.writes.pace.slow_down(now);
            }
        }
        wait
    }

    /// Graph answered a call that was sent at that time, on the monotonic clock, without refusing it for its number.
    pub(crate) fn admitted(&self, access: CallKind, sent: Duration) {
        self.everything.admitted(sent);
        if access == CallKind::Write {
            self.writes.admitted(sent);
        }
    }

    /// How long calls, or some of them, may not be made yet; `None` when all may.
    pub(crate) fn waiting(&self) -> Option<Duration> {
        self.waiting_for(CallKind::Write)
    }

    fn waiting_for(&self, access: CallKind) -> Option<Duration> {
        let now = self.clock.elapsed();
        let everything = self.everything.gate.left(now);
        let left = match access {
            CallKind::Read => everything,
            CallKind::Write => everything.max(self.writes.gate.left(now)),
        };
        (!left.is_zero()).then_some(left)
    }

    /// Returns when such calls may be made.
    ///
    /// # Errors
    /// At once, with the time that would have to be waited, if that does not end before the deadline.
    pub(crate) async fn pass(&self, access: CallKind, deadline: Deadline) -> Result<(), Barred> {
        // The instant may have moved on while this waited, so it is read again.
        while let Some(wait) = self.waiting_for(access) {
            if wait >= deadline.remaining(&*self.clock) {
                return Err(Barred::ToldToWait(wait));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Returns when it is this call's turn: at once where Graph has refused nothing lately, else when those that go before it
    /// have left and the pace allows the next.
    ///
    /// # Errors
    /// If that is not before the deadline; at once, where it is known.
    pub(crate) async fn turn(
        &self,
        access: CallKind,
        urgency: Urgency,
        deadline: Deadline,
    ) -> Result<(), Barred> {
        if access == CallKind::Write {
            let writes = &self.writes;
            self.turn_in(writes, access, urgency, deadline).await?;
        }
        let everything = &self.everything;
        self.turn_in(everything, CallKind::Read, urgency, deadline)
            .await
    }

    async fn turn_in(
        &self,
        lane: &Lane,
        access: CallKind,
        urgency: Urgency,
        deadline: Deadline,
    ) -> Result<(), Barred> {
        let clock = &*self.clock;
        let now = clock.elapsed();
        let wait = self.waiting_for(access);
        if wait.is_some_and(|wait| wait >= deadline.remaining(clock)) {
            return Err(Barred::ToldToWait(wait.unwrap_or_default()));
        }
        if wait.is_none() && lane.pace.gap(now).is_zero() {
            lane.pace.left(now);
            return Ok(());
        }
        let left = deadline.remaining(clock);
        let _turn = tokio::time::timeout(left, lane.turns.take(urgency))
            .await
            .map_err(|_| Barred::NoTurn)?;
        loop {
            self.pass(access, deadline).await?;
            let now = clock.elapsed();
            // The pace may change while this waits for it.
            let changed = lane.pace.changed();
            let due = lane.due(now);
            let wait = due.saturating_sub(now);
            if wait.is_zero() {
                lane.left(now);
                return Ok(());
            }
            if wait >= deadline.remaining(clock) {
                return Err(Barred::NoTurn);
            }
            let _either = tokio::time::timeout(wait, changed).await;
        }
    }
}

/// One instant before which certain calls are not made.
#[derive(Debug, Default)]
struct Gate(Mutex<Shut>);

#[derive(Debug, Default)]
struct Shut {
    /// On the monotonic clock: until when, and when it was shut last.
    until: Duration,
    since: Duration,
    /// How often it was shut since a call was last admitted.
    times: usize,
}

impl Gate {
    /// Whether it was open, and how long it is shut now.
    fn shut(&self, now: Duration, asked: Option<Duration>) -> (bool, Duration) {
        let mut shut = self.lock();
        let was_open = shut.until <= now;
        if was_open {
            shut.times = shut.times.saturating_add(1);
            shut.since = now;
        }
        let own = if was_open || asked.is_none() {
            own_wait(shut.times)
        } else {
            Duration::ZERO
        };
        let wait = own.max(asked.unwrap_or_default());
        shut.until = shut.until.max(now.saturating_add(wait));
        (was_open, shut.until.saturating_sub(now))
    }

    /// Whether what was sent at that time was sent since it was shut last; then it is open for good.
    fn admitted(&self, sent: Duration) -> bool {
        let mut shut = self.lock();
        let is_news = shut.times == 0 || sent >= shut.since;
        if is_news {
            shut.times = 0;
        }
        is_news
    }

    fn left(&self, now: Duration) -> Duration {
        self.lock().until.saturating_sub(now)
    }

    fn lock(&self) -> MutexGuard<'_, Shut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait after so many refusals in a row, where Graph asks for none or for a shorter one: that of [`BACKOFF`], whose
/// last is kept. It differs by chance, so that two instances do not come back together.
fn own_wait(times: usize) -> Duration {
    let waits: Vec<Duration> = BACKOFF.build().collect();
    let index = times.saturating_sub(1).min(waits.len().saturating_sub(1));
    waits.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SystemClock;

    #[test]
    fn only_a_scope_of_writes_alone_lets_reads_pass() {
        for (scope, held) in [
            (Some("Tenant_Application/Write/app/tenant"), Blocked::Writes),
            (Some("Tenant/write/app/tenant"), Blocked::Writes),
            (
                Some("Tenant_Application/ReadWrite/app/tenant"),
                Blocked::Everything,
            ),
            (
                Some("Tenant_Application/Read/app/tenant"),
                Blocked::Everything,
            ),
            (Some("Write"), Blocked::Everything),
            (Some(""), Blocked::Everything),
            (None, Blocked::Everything),
        ] {
            assert_eq!(Blocked::by_scope(scope), held, "{scope:?}");
        }
    }

    #[test]
    fn refusals_that_come_together_are_one() {
        let gate = Gate::default();
        let second = Duration::from_secs(1);
        assert_eq!(gate.shut(second, Some(second * 20)), (true, second * 20));
        for _ in 0..100 {
            assert_eq!(gate.shut(second, Some(second)), (false, second * 20));
        }
        assert_eq!(gate.lock().times, 1);
        assert_eq!(gate.left(second * 20), second);
        assert_eq!(gate.left(second * 22), Duration::ZERO);
    }

    #[test]
    fn a_wait_that_does_not_help_grows() {
        let gate = Gate::default();
        let asked = Duration::from_secs(1);
        let mut now = Duration::from_secs(1);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let (first, wait) = gate.shut(now, Some(asked));
            assert!(first);
            waits.push(wait);
            now += wait;
        }
        assert!(waits[0] >= asked && waits[0] < asked * 2, "{waits:?}");
        assert!(waits[4] >= asked * 8 && waits[5] >= asked * 8, "{waits:?}");
        assert!(!gate.admitted(Duration::ZERO));
        assert!(gate.admitted(now));
        let (_, wait) = gate.shut(now, Some(asked));
        assert!(wait < asked * 2, "{wait:?}");
    }

    #[test]
    fn only_the_first_refusal_slows_down_and_only_what_is_held() {
        let throttle = Throttle::new(Arc::new(SystemClock::start()));
        let now = throttle.clock.elapsed();
        let gaps = || [&throttle.everything, &throttle.writes].map(|lane| lane.pace.gap(now));
        throttle.refused(CallKind::Read, Blocked::Everything, None);
        let [everything, writes] = gaps();
        assert!(!everything.is_zero() && writes.is_zero());
        // It came with the first one, and says nothing new.
        throttle.refused(CallKind::Write, Blocked::Everything, None);
        assert_eq!(gaps(), [everything, writes]);
        throttle.refused(CallKind::Write, Blocked::Writes, None);
        let [_, writes] = gaps();
        assert!(!writes.is_zero());
    }
}
