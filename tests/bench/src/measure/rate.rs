//! The number of alerts that one core processes: the program on the first core alone, the tenant and the sender on the
//! others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Effort, number, taken};
use crate::child::{Running, stay_on};
use crate::figures::{Figures, Rate};
use crate::program::{Kind, Program};
use crate::scene::Scene;

/// The number of alerts.
const ALERTS: usize = 3000;
/// The number of alerts in flight.
const AT_ONCE: usize = 16;

/// Sends every program many alerts of one user, with a Graph that answers at once.
///
/// # Errors
/// A program cannot be started, or does not cut.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Arc<Scene>,
    cores: usize,
    effort: Effort,
) -> anyhow::Result<()> {
    let pinned = cores > 1 && stay_on(&format!("1-{}", cores - 1));
    let measured = all(programs, figures, scene, pinned, effort).await;
    if pinned {
        // This process may use the first core again.
        let _back = stay_on(&format!("0-{}", cores - 1));
    }
    measured
}

async fn all(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Arc<Scene>,
    pinned: bool,
    effort: Effort,
) -> anyhow::Result<()> {
    for (program, figures) in programs.iter().zip(figures) {
        let alerts = effort.of(program.kind, ALERTS);
        figures.rate = taken(program, one(program, scene, pinned, alerts).await)?;
    }
    Ok(())
}

async fn one(
    program: &Program,
    scene: &Arc<Scene>,
    pinned: bool,
    alerts: usize,
) -> anyhow::Result<Rate> {
    let core = pinned.then_some(0);
    let running = Arc::new(Running::start(program, &scene.environment(), core).await?);
    // Opens connections and loads code.
    send(scene, &running, AT_ONCE).await?;
    scene.forget();
    let (began, processor) = (Instant::now(), running.processor_milliseconds()?);
    send(scene, &running, alerts).await?;
    let seconds = began.elapsed().as_secs_f64();
    let processor_seconds = (running.processor_milliseconds()? - processor) / 1000.0;
    if program.kind != Kind::Floor {
        scene.ensure_cut(alerts)?;
    }
    if let Some(running) = Arc::into_inner(running) {
        running.end().await?;
    }
    Ok(Rate {
        a_processor_second: number(alerts) / processor_seconds.max(0.01),
        a_second: number(alerts) / seconds,
        pinned,
    })
}

async fn send(scene: &Arc<Scene>, to: &Arc<Running>, alerts: usize) -> anyhow::Result<()> {
    let left = Arc::new(AtomicUsize::new(alerts));
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (scene, to, left) = (Arc::clone(scene), Arc::clone(to), Arc::clone(&left));
        senders.spawn(async move {
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                scene.send(&to, scene.alert(1)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}
