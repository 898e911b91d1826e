//! The growth of the cost with the number of users in one alert, with a Graph that answers at once.

use anyhow::Context;
use tokio::time::Instant;

use super::{Effort, milliseconds, number, taken};
use crate::child::Running;
use crate::figures::{Figures, Point};
use crate::program::{Kind, Program};
use crate::samples::median;
use crate::scene::Scene;

/// The sizes, and how many alerts of each are sent together: enough for a clock of ten milliseconds.
const SIZES: [(usize, usize); 5] = [(1, 1000), (10, 100), (100, 20), (1000, 3), (10_000, 1)];
/// The number of repetitions.
const ROUNDS: usize = 3;
/// A peer takes a minute for more.
const MOST_FOR_A_PEER: usize = 1000;
const MOST_QUICKLY: usize = 100;

/// Sends every program alerts of growing size.
///
/// # Errors
/// A program cannot be started, or does not cut.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Scene,
    effort: Effort,
) -> anyhow::Result<()> {
    for (program, figures) in programs.iter().zip(figures) {
        let most = match program.kind {
            Kind::Floor => continue,
            _ if effort.quick => MOST_QUICKLY,
            Kind::Handler => usize::MAX,
            Kind::Peer => MOST_FOR_A_PEER,
        };
        let rounds = if effort.quick || program.kind == Kind::Peer {
            1
        } else {
            ROUNDS
        };
        let grown = taken(program, one(program, scene, most, rounds, effort).await)?;
        figures.growth = grown.unwrap_or_default();
    }
    Ok(())
}

async fn one(
    program: &Program,
    scene: &Scene,
    most: usize,
    rounds: usize,
    effort: Effort,
) -> anyhow::Result<Vec<Point>> {
    let running = Running::start(program, &scene.environment(), None).await?;
    // Opens connections and loads code.
    scene.send(&running, scene.alert(50)).await?;
    let sizes: Vec<_> = SIZES
        .into_iter()
        .filter(|(size, _)| *size <= most)
        .collect();
    let mut passed = vec![Vec::new(); sizes.len()];
    let mut processor = vec![Vec::new(); sizes.len()];
    for _ in 0..rounds {
        for (index, (users, alerts)) in sizes.iter().enumerate() {
            let alerts = effort.of(program.kind, *alerts).min(*alerts);
            let (one, other) = cost(&running, scene, *users, alerts)
                .await
                .with_context(|| format!("an alert of {users} users"))?;
            passed[index].push(one);
            processor[index].push(other);
        }
    }
    running.end().await?;
    let points = sizes.iter().zip(passed.iter().zip(&processor));
    Ok(points
        .filter_map(|((users, _), (passed, processor))| {
            Some(Point {
                users: *users,
                milliseconds_a_user: median(passed)?,
                processor_milliseconds_a_user: median(processor)?,
            })
        })
        .collect())
}

/// Milliseconds per user: elapsed, and on the processor.
async fn cost(
    running: &Running,
    scene: &Scene,
    users: usize,
    alerts: usize,
) -> anyhow::Result<(f64, f64)> {
    scene.forget();
    let prepared: Vec<_> = (0..alerts).map(|_| scene.alert(users)).collect();
    let (began, processor) = (Instant::now(), running.processor_milliseconds()?);
    for alert in prepared {
        scene.send(running, alert).await?;
    }
    let all = number(users * alerts);
    let passed = milliseconds(began.elapsed()) / all;
    let on_processor = (running.processor_milliseconds()? - processor) / all;
    scene.ensure_cut(users * alerts)?;
    Ok((passed, on_processor))
}
