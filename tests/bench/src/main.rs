//! `cargo run --release -p bench`: measures, and prints one table.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use bench::figures::{Figures, Measured};
use bench::machine::Machine;
use bench::measure::{Effort, growth, latency, memory, parsing, rate, start};
use bench::program::{self, Program};
use bench::scene::Scene;
use bench::{bounds, readme, say};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Measures the handler beside a bare server and beside the same job in Python and in Node.js, and prints one table.
/// The figures are also written to target/bench/measured.json, and how cost grows is drawn in target/bench/growth.svg.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    /// Keep the figures: measured.json, growth.svg and the table in tests/bench, and the three figures in README.md.
    #[arg(long)]
    write: bool,
    /// Fail if a bound does not hold: the start, the memory at rest, the growth, the round trips.
    #[arg(long)]
    check: bool,
    /// Take every measurement of the two programs in Rust a few times only. The figures mean nothing.
    #[arg(long, conflicts_with_all = ["write", "check"])]
    quick: bool,
    /// Measure nothing: make the plot, the table and the three figures in README.md from tests/bench/measured.json.
    #[arg(long, exclusive = true)]
    redraw: bool,
    /// Leave the peers in Python and Node.js out.
    #[arg(long, conflicts_with = "write")]
    without_peers: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Whichever ends first, dropping the rest ends the programs too.
    let ended = tokio::select! {
        ended = run(cli) => ended,
        stopped = stopped() => stopped,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Waits for a signal that ends this program.
async fn stopped() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for Ctrl-C")?,
        _ = terminated.recv() => {}
    }
    bail!("stopped before everything was measured")
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    if cli.redraw {
        return readme::keep(&readme::rounded(&readme::kept()?)?);
    }
    ensure!(
        cli.quick || !cfg!(debug_assertions),
        "this program was built without optimisation and would measure the wrong thing: cargo run --release -p bench"
    );
    let machine = Machine::here();
    std::fs::create_dir_all(program::workplace())?;
    let effort = Effort { quick: cli.quick };
    let programs = programs(&cli).await?;
    let measured = readme::rounded(&measure(&programs, machine, effort).await?)?;
    readme::save(&measured, &program::workplace())?;
    // If standard output is gone, nobody can read the table.
    let _told = writeln!(std::io::stdout(), "{}", readme::block(&measured));
    if cli.write {
        readme::keep(&measured)?;
    }
    if !cli.quick {
        let verdicts = bounds::judge(&measured);
        for verdict in &verdicts {
            let word = if verdict.holds { "holds" } else { "BROKEN" };
            say(&format!("{word}: {}", verdict.text));
        }
        let broken = verdicts.iter().any(|verdict| !verdict.holds);
        ensure!(!(cli.check && broken), "a bound does not hold");
    }
    Ok(())
}

/// The available programs. A peer that is not available is reported and left out.
async fn programs(cli: &Cli) -> anyhow::Result<Vec<Program>> {
    say("building the handler and the bare server");
    let mut programs = vec![
        program::handler(cli.quick).await?,
        program::floor(cli.quick).await?,
    ];
    if cli.quick || cli.without_peers {
        return Ok(programs);
    }
    say("installing the peers below target/bench, the first time only");
    for (name, peer) in [
        ("Python", program::python().await),
        ("Node.js", program::node().await),
    ] {
        match peer {
            Ok(peer) => programs.push(peer),
            Err(error) => say(&format!("without the column {name}: {error:#}")),
        }
    }
    Ok(programs)
}

async fn measure(
    programs: &[Program],
    machine: Machine,
    effort: Effort,
) -> anyhow::Result<Measured> {
    let scene = Arc::new(Scene::new().await?);
    let mut figures: Vec<Figures> = programs
        .iter()
        .map(|program| Figures {
            size: Some(program.size.clone()),
            ..Figures::of(program.name)
        })
        .collect();
    say("starting, again and again");
    start::measure(programs, &mut figures, &scene, effort).await?;
    say("memory, at rest and in a storm");
    memory::measure(programs, &mut figures, &scene, effort).await?;
    say("one alert after the other");
    latency::measure(programs, &mut figures, &scene, effort).await?;
    say("as many alerts as one core does");
    rate::measure(programs, &mut figures, &scene, machine.cores, effort).await?;
    say("reading a large incident");
    parsing::measure(programs, &mut figures, &scene, effort).await?;
    say("alerts of growing size");
    growth::measure(programs, &mut figures, &scene, effort).await?;
    let date = jiff::tz::TimeZone::UTC.to_datetime(scene.now()).date();
    Ok(Measured {
        date,
        machine,
        programs: figures,
    })
}
