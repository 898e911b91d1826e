//! Turns for what not all may do at once: the most urgent first, and nobody waits for ever.
//!
//! Of four turns three go to the most urgent, and one to the call that has waited longest, however little urgent it is. What is
//! equally urgent leaves in the order in which it came.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::domain::Urgency;

/// Each so many turns, one goes to the call that has waited longest.
const FAIR: u64 = 4;

/// So many turns at once.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// By urgency, and by the order in which they came.
    waiting: BTreeMap<(Urgency, Reverse<u64>), oneshot::Sender<Turn>>,
    came: u64,
    given: u64,
}

/// One turn. It is over when this is dropped.
#[derive(Debug)]
pub struct Turn(Option<Turns>);

impl Turns {
    /// So many of them.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: at_once,
            waiting: BTreeMap::new(),
            came: 0,
            given: 0,
        })))
    }

    /// Returns when it is the caller's turn. A caller that gives up waiting is passed over.
    pub async fn take(&self, urgency: Urgency) -> Turn {
        let called = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return self.turn();
            }
            let (call, called) = oneshot::channel();
            state.came += 1;
            let place = (urgency, Reverse(state.came));
            state.waiting.insert(place, call);
            called
        };
        // Every waiting caller is called in the end: its place is only ever taken off to call it.
        called.await.unwrap_or(Turn(None))
    }

    fn turn(&self) -> Turn {
        Turn(Some(self.clone()))
    }

    /// Gives a turn that is over to the next.
    fn over(&self) {
        let mut state = self.lock();
        while let Some(call) = state.next() {
            match call.send(self.turn()) {
                Ok(()) => return,
                // It has given up, and the turn goes to another: it is not over by being dropped.
                Err(mut unused) => unused.0 = None,
            }
        }
        state.free += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.given = self.given.wrapping_add(1);
        let place = if self.given.is_multiple_of(FAIR) {
            let longest =
                |(urgency, Reverse(came)): &&(Urgency, Reverse<u64>)| (urgency.since(), *came);
            *self.waiting.keys().min_by_key(longest)?
        } else {
            *self.waiting.keys().next_back()?
        };
        self.waiting.remove(&place)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.over();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Flag, Severity, WrittenBy};

    fn urgency(severity: Severity, second: i64) -> Urgency {
        let flag = Flag {
            severity: Some(severity),
            ..Flag::open(WrittenBy::Machine)
        };
        Urgency::of(&flag, Timestamp::from_second(second).unwrap())
    }

    /// The order in which these get the one turn, each as soon as the one before it is over.
    fn order(waiting: &[Urgency]) -> Vec<usize> {
        let turns = Turns::new(1);
        let mut turn = turns.take(Urgency::FIRST).now_or_never();
        let mut callers: Vec<_> = waiting
            .iter()
            .map(|urgency| Some(Box::pin(turns.take(*urgency))))
            .collect();
        for caller in callers.iter_mut().flatten() {
            assert!(caller.now_or_never().is_none(), "the turn is taken");
        }
        let mut order = Vec::new();
        while turn.take().is_some() {
            for (number, caller) in callers.iter_mut().enumerate() {
                let Some(called) = caller.as_mut().and_then(FutureExt::now_or_never) else {
                    continue;
                };
                *caller = None;
                order.push(number);
                turn = Some(called);
            }
        }
        order
    }

    #[test]
    fn what_is_graver_goes_first_and_what_is_newer_among_the_equally_grave() {
        let (low, high) = (Severity::Low, Severity::High);
        let waiting = [urgency(low, 3), urgency(high, 1), urgency(high, 2)];
        assert_eq!(order(&waiting), [2, 1, 0]);
    }

    #[test]
    fn what_is_equally_urgent_leaves_in_the_order_in_which_it_came() {
        let waiting = [urgency(Severity::Medium, 1); 9];
        assert_eq!(order(&waiting), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn of_four_turns_one_goes_to_whoever_has_waited_longest() {
        let mut waiting = vec![
            urgency(Severity::Low, 2),
            urgency(Severity::Informational, 1),
        ];
        waiting.extend((10..20).map(|second| urgency(Severity::High, second)));
        let order = order(&waiting);
        assert_eq!(order[3], 1, "{order:?}");
        assert_eq!(order[7], 0, "{order:?}");
    }

    #[test]
    fn whoever_gives_up_waiting_is_passed_over_and_no_turn_is_lost() {
        let turns = Turns::new(2);
        let one = turns.take(Urgency::FIRST).now_or_never();
        let other = turns.take(Urgency::FIRST).now_or_never();
        assert!(one.is_some() && other.is_some());
        let mut first = Box::pin(turns.take(Urgency::FIRST));
        let mut called = Box::pin(turns.take(Urgency::FIRST));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut called).now_or_never().is_none());
        drop(first);
        drop(one);
        // It is called, and gives up before it hears of it.
        drop(called);
        drop(other);
        let both = [(); 2].map(|()| turns.take(Urgency::FIRST).now_or_never());
        assert!(both.iter().all(Option::is_some));
        assert!(turns.take(Urgency::FIRST).now_or_never().is_none());
    }
}
