//! One file for each kind of measurement. Programs that are compared take turns within each of them, so that a busy
//! moment of the machine affects all of them.

pub mod growth;
pub mod latency;
pub mod memory;
pub mod parsing;
pub mod rate;
pub mod start;

use std::time::Duration;

use crate::program::{Kind, Program};
use crate::say;

/// The extent of the measurements.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Only as much as shows that every measurement works.
    pub quick: bool,
}

impl Effort {
    /// `full` for a program in Rust, a tenth of it for a peer, and next to nothing in a quick run.
    fn of(self, kind: Kind, full: usize) -> usize {
        match (self.quick, kind) {
            (true, _) => full.div_ceil(100).max(2),
            (false, Kind::Handler | Kind::Floor) => full,
            (false, Kind::Peer) => full.div_ceil(10),
        }
    }
}

/// A figure that a peer cannot produce is reported and left out; the programs in Rust must produce all.
fn taken<T>(program: &Program, result: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match (program.kind, result) {
        (_, Ok(figure)) => Ok(Some(figure)),
        (Kind::Peer, Err(problem)) => {
            say(&format!("{} has no figure here: {problem:#}", program.name));
            Ok(None)
        }
        (Kind::Handler | Kind::Floor, Err(problem)) => Err(problem.context(program.name)),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts here are far below where a float loses whole numbers"
)]
fn number(count: usize) -> f64 {
    count as f64
}
