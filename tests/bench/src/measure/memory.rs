//! Memory at rest, and its peak with many alerts at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Effort, taken};
use crate::child::Running;
use crate::figures::Figures;
use crate::program::{Kind, Program};
use crate::scene::Scene;

/// The number of simultaneous alerts.
pub const ALERTS: usize = 100;
/// The number of users in each of them.
pub const USERS: usize = 5;
/// Graph's response time, long enough for all alerts to be in flight together.
const GRAPH: Duration = Duration::from_millis(20);

/// The interval of the memory readings.
const PAUSE: Duration = Duration::from_millis(100);
const AGREEING: usize = 8;
const MOST_LOOKS: usize = 100;

/// Starts every program once, lets it rest, and then sends it the storm.
///
/// # Errors
/// A program cannot be started, or does not cut.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Arc<Scene>,
    effort: Effort,
) -> anyhow::Result<()> {
    let alerts = if effort.quick { 5 } else { ALERTS };
    for (program, figures) in programs.iter().zip(figures) {
        let memory = taken(program, one(program, scene, alerts).await)?;
        scene.speed_up();
        figures.memory_at_rest = memory.map(|(rest, _)| rest);
        figures.memory_under_storm = memory.map(|(_, most)| most);
    }
    Ok(())
}

/// Memory at rest and its peak.
async fn one(program: &Program, scene: &Arc<Scene>, alerts: usize) -> anyhow::Result<(f64, f64)> {
    let running = Arc::new(Running::start(program, &scene.environment(), None).await?);
    let at_rest = rest(&running).await?;
    if program.kind != Kind::Floor {
        scene.slow_down(GRAPH);
    }
    scene.forget();
    let mut storm = JoinSet::new();
    for _ in 0..alerts {
        let (scene, running) = (Arc::clone(scene), Arc::clone(&running));
        storm.spawn(async move { scene.send(&running, scene.alert(USERS)).await });
    }
    while let Some(ended) = storm.join_next().await {
        ended??;
    }
    if program.kind != Kind::Floor {
        scene.ensure_cut(alerts * USERS)?;
    }
    let most = running.most_memory()?;
    if let Some(running) = Arc::into_inner(running) {
        running.end().await?;
    }
    Ok((at_rest, most))
}

/// Waits until the memory is stable.
async fn rest(running: &Running) -> anyhow::Result<f64> {
    let mut last = running.memory()?;
    let mut agreeing = 0;
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(PAUSE).await;
        let now = running.memory()?;
        agreeing = if (now - last).abs() < 0.01 {
            agreeing + 1
        } else {
            0
        };
        last = now;
        if agreeing == AGREEING {
            break;
        }
    }
    Ok(last)
}
