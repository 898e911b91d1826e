//! The time of an alert of one user besides Graph's own, and the time until the revocation is on the wire.

use std::time::Duration;

use super::{Effort, milliseconds, taken};
use crate::child::Running;
use crate::figures::{Figures, ToRevocation};
use crate::program::{Kind, Program};
use crate::samples::{Tail, median};
use crate::scene::Scene;

/// The number of alerts, sent in sequence.
const ALERTS: usize = 400;
/// The number of alerts before them that do not count: they open connections and load code.
const WARM_UP: usize = 20;
/// Graph's response time, long enough to show sequential waits.
const GRAPH: Duration = Duration::from_millis(20);

/// Sends every program one alert after the other.
///
/// # Errors
/// A program cannot be started, or does not cut.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Scene,
    effort: Effort,
) -> anyhow::Result<()> {
    let warm_up = effort.of(Kind::Handler, WARM_UP);
    for (program, figures) in programs.iter().zip(figures) {
        let alerts = effort.of(program.kind, ALERTS);
        let measured = if program.kind == Kind::Floor {
            nothing_done(program, scene, alerts, warm_up).await
        } else {
            one_after_the_other(program, scene, alerts, warm_up).await
        };
        scene.speed_up();
        if let Some((added, to_revocation)) = taken(program, measured)? {
            figures.added = Tail::of(&added);
            figures.to_revocation = to_revocation;
        }
    }
    Ok(())
}

type Series = (Vec<f64>, Option<ToRevocation>);

async fn one_after_the_other(
    program: &Program,
    scene: &Scene,
    alerts: usize,
    warm_up: usize,
) -> anyhow::Result<Series> {
    let running = Running::start(program, &scene.environment(), None).await?;
    scene.slow_down(GRAPH);
    let (mut added, mut to_revocation, mut round_trips) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..alerts + warm_up {
        let taken = scene.send_alone(&running, scene.alert(1)).await?;
        if index >= warm_up {
            added.push(milliseconds(taken.total.saturating_sub(taken.graph)));
            to_revocation.push(milliseconds(taken.to_revocation));
            round_trips.push(taken.round_trips);
        }
    }
    running.end().await?;
    let to_revocation =
        median(&to_revocation)
            .zip(middle(round_trips))
            .map(|(milliseconds, round_trips)| ToRevocation {
                round_trips,
                milliseconds,
            });
    Ok((added, to_revocation))
}

/// The time of an alert that is only received and answered.
async fn nothing_done(
    program: &Program,
    scene: &Scene,
    alerts: usize,
    warm_up: usize,
) -> anyhow::Result<Series> {
    let running = Running::start(program, &scene.environment(), None).await?;
    let mut added = Vec::new();
    for index in 0..alerts + warm_up {
        let total = scene.send(&running, scene.alert(1)).await?;
        if index >= warm_up {
            added.push(milliseconds(total));
        }
    }
    running.end().await?;
    Ok((added, None))
}

/// The median count: on a busy machine two simultaneous calls may arrive so far apart that they look like two round
/// trips.
fn middle(mut counts: Vec<usize>) -> Option<usize> {
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}
