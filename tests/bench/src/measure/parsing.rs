//! The parsing speed for a large incident: of the library in this process, and of the peers in theirs.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use evict::domain::Parsed;
use tokio::process::Command;
use tokio::time::Instant;

use super::{Effort, number, taken};
use crate::figures::Figures;
use crate::program::{Kind, Program, workplace};
use crate::samples::median;
use crate::scene::Scene;

/// The size of the incident. A quick run uses a hundredth of it.
const BYTES: usize = 10_000_000;
/// How long the parsing is repeated.
const TIME: Duration = Duration::from_secs(5);

/// Makes every program parse the same incident.
///
/// # Errors
/// It is not parsed as an alert.
pub async fn measure(
    programs: &[Program],
    figures: &mut [Figures],
    scene: &Scene,
    effort: Effort,
) -> anyhow::Result<()> {
    let (bytes, time) = if effort.quick {
        (BYTES / 100, TIME / 50)
    } else {
        (BYTES, TIME)
    };
    let incident = scene.large_incident(bytes);
    let file = workplace().join("incident.json");
    fs::write(&file, &incident).with_context(|| format!("writing {}", file.display()))?;
    for (program, figures) in programs.iter().zip(figures) {
        let speed = match program.kind {
            Kind::Floor => continue,
            Kind::Handler => library(incident.as_bytes(), time),
            Kind::Peer => peer(program, &file, time).await,
        };
        figures.parse_megabytes_a_second = taken(program, speed)?;
    }
    Ok(())
}

async fn peer(program: &Program, file: &Path, time: Duration) -> anyhow::Result<f64> {
    let output = Command::new(&program.executable)
        .args(&program.arguments)
        .arg("--parse")
        .arg(file)
        .arg(time.as_secs_f64().to_string())
        .current_dir(&program.directory)
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

fn library(incident: &[u8], time: Duration) -> anyhow::Result<f64> {
    let mut speeds = Vec::new();
    let began = Instant::now();
    while began.elapsed() < time || speeds.is_empty() {
        let one = Instant::now();
        let parsed = evict::alert::parse(black_box(incident));
        ensure!(
            matches!(&parsed, Parsed::Alert(alert) if !alert.subjects.is_empty()),
            "the incident was not read as an alert"
        );
        drop(black_box(parsed));
        speeds.push(number(incident.len()) / 1e6 / one.elapsed().as_secs_f64());
    }
    median(&speeds).context("it was not read once")
}
