//! From the start of the process to the first answered probe, and to the first user cut.

use super::{Effort, milliseconds, taken};
use crate::child::Running;
use crate::figures::Figures;
use crate::program::{Kind, Program};
use crate::samples::Spread;
use crate::scene::Scene;

/// The number of starts per program.
const STARTS: usize = 30;

/// Starts every program many times, in turns.
///
/// # Errors
/// A program cannot be started, or does not cut.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Scene,
    effort: Effort,
) -> anyhow::Result<()> {
    let mut probes = vec![Vec::new(); programs.len()];
    let mut cuts = vec![Vec::new(); programs.len()];
    for run in 0..effort.of(Kind::Handler, STARTS) {
        for (index, program) in programs.iter().enumerate() {
            if run >= effort.of(program.kind, STARTS) {
                continue;
            }
            let Some((probe, cut)) = taken(program, once(program, scene).await)? else {
                continue;
            };
            probes[index].push(probe);
            cuts[index].extend(cut);
        }
    }
    for ((figures, probes), cuts) in figures.iter_mut().zip(probes).zip(cuts) {
        figures.start_to_probe = Spread::of(&probes);
        figures.start_to_cut = Spread::of(&cuts);
    }
    Ok(())
}

/// Milliseconds to the first answered probe, and to the first cut if the program cuts at all.
async fn once(program: &Program, scene: &Scene) -> anyhow::Result<(f64, Option<f64>)> {
    scene.forget();
    let alert = scene.alert(1);
    let started = scene.now();
    let running = Running::start(program, &scene.environment(), None).await?;
    let probe = milliseconds(running.start_to_probe);
    let mut cut = None;
    if program.kind != Kind::Floor {
        scene.send(&running, alert).await?;
        scene.ensure_cut(1)?;
        let passed = scene.first_revocation()?.duration_since(started);
        cut = Some(passed.as_secs_f64() * 1000.0);
    }
    running.end().await?;
    Ok((probe, cut))
}
