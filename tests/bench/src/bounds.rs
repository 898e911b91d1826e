//! Bounds that hold on every machine: ratios within one run, never times.

use crate::figures::Measured;
use crate::table::short;

/// The most that the handler's start may take, as a multiple of the bare server's.
const START: f64 = 1.5;
/// The most memory that the handler may hold at rest, as a multiple of the bare server's.
const MEMORY: f64 = 3.0;
/// The most that a user may cost in the largest alert, as a multiple of the cost in an alert of a hundred.
const GROWTH: f64 = 1.3;
const GROWTH_FROM: usize = 100;
/// The number of Graph's answers that the cut of a user with an object id waits for.
const ROUND_TRIPS: usize = 1;

/// One bound, with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// The result and the limit.
    pub text: String,
}

/// Compares the figures with the bounds. A figure that was not measured violates its bound.
#[must_use]
pub fn judge(measured: &Measured) -> Vec<Verdict> {
    let handler = measured.programs.first();
    let floor = measured.programs.get(1);
    let both = |figure: fn(&crate::figures::Figures) -> Option<f64>| {
        Some(figure(handler?)? / figure(floor?)?)
    };
    let start = both(|figures| figures.start_to_probe.map(|start| start.median));
    let memory = both(|figures| figures.memory_at_rest);
    let growth = handler.and_then(|handler| {
        let last = handler.growth.last()?;
        let from = handler
            .growth
            .iter()
            .find(|point| point.users == GROWTH_FROM)?;
        let ratio = last.processor_milliseconds_a_user / from.processor_milliseconds_a_user;
        Some(ratio).filter(|_| last.users > from.users)
    });
    let round_trips = handler
        .and_then(|handler| handler.to_revocation)
        .map(|it| it.round_trips);
    vec![
        ratio("the start takes", start, START, "times the bare server's"),
        ratio(
            "memory at rest is",
            memory,
            MEMORY,
            "times the bare server's",
        ),
        ratio(
            "a user in the largest alert costs",
            growth,
            GROWTH,
            "times one of a hundred",
        ),
        Verdict {
            holds: round_trips == Some(ROUND_TRIPS),
            text: match round_trips {
                Some(found) => format!(
                    "the revocation waits for {found} of Graph's answers; {ROUND_TRIPS} is allowed"
                ),
                None => "how many answers the revocation waits for was not measured".to_owned(),
            },
        },
    ]
}

fn ratio(what: &str, found: Option<f64>, most: f64, of: &str) -> Verdict {
    match found {
        Some(found) => Verdict {
            holds: found <= most,
            text: format!("{what} {found:.2} {of}; {} is allowed", short(most)),
        },
        None => Verdict {
            holds: false,
            text: format!("how much {what} was not measured"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figures, Point, ToRevocation};
    use crate::machine::Machine;
    use crate::samples::Spread;

    /// Figures exactly at the bounds. The kept ones are not used: they become outdated, and may come from a busy
    /// machine.
    fn at_the_bounds() -> Measured {
        let start = |median| Spread {
            median,
            least: median,
            greatest: median,
            runs: 1,
        };
        let point = |users, cost| Point {
            users,
            milliseconds_a_user: cost,
            processor_milliseconds_a_user: cost,
        };
        let handler = Figures {
            start_to_probe: Some(start(3.0)),
            memory_at_rest: Some(12.0),
            to_revocation: Some(ToRevocation {
                round_trips: 1,
                milliseconds: 1.0,
            }),
            growth: vec![point(1, 9.0), point(100, 1.0), point(10_000, 1.3)],
            ..Figures::of("handler")
        };
        let floor = Figures {
            start_to_probe: Some(start(2.0)),
            memory_at_rest: Some(4.0),
            ..Figures::of("floor")
        };
        Measured {
            date: jiff::civil::date(2026, 11, 26),
            machine: Machine::here(),
            programs: vec![handler, floor],
        }
    }

    fn broken(change: impl Fn(&mut Measured)) -> Vec<String> {
        let mut measured = at_the_bounds();
        change(&mut measured);
        let broken = judge(&measured).into_iter().filter(|it| !it.holds);
        broken.map(|it| it.text).collect()
    }

    #[test]
    fn figures_at_the_very_bounds_hold() {
        assert_eq!(broken(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_bound_can_be_broken_and_what_was_not_measured_does_not_hold() {
        let slow = |measured: &mut Measured| {
            if let Some(start) = &mut measured.programs[0].start_to_probe {
                start.median *= 1.01;
            }
        };
        let fat = |measured: &mut Measured| {
            let floor = measured.programs[1].memory_at_rest;
            measured.programs[0].memory_at_rest = floor.map(|floor| floor * 3.01);
        };
        let quadratic = |measured: &mut Measured| {
            if let Some(point) = measured.programs[0].growth.last_mut() {
                point.processor_milliseconds_a_user *= 1.01;
            }
        };
        let late = |measured: &mut Measured| {
            if let Some(it) = &mut measured.programs[0].to_revocation {
                it.round_trips = 2;
            }
        };
        assert_eq!(broken(slow).len(), 1, "{:?}", broken(slow));
        assert_eq!(broken(fat).len(), 1, "{:?}", broken(fat));
        assert_eq!(broken(quadratic).len(), 1, "{:?}", broken(quadratic));
        assert_eq!(broken(late).len(), 1, "{:?}", broken(late));
        assert_eq!(broken(|measured| measured.programs.clear()).len(), 4);
    }
}
