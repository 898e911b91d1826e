//! The sandbox by hand: `cargo run --bin sandbox` sends a sample incident through the whole path and prints the result.

mod cli;
mod environment;
mod payload;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use sandbox::bus::RestSurface;
use sandbox::functions::FunctionsHost;
use sandbox::operator::OperatorShell;
use sandbox::send;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use self::cli::{AlertOptions, Cli, Command, CommonOptions, ServeOptions};
use self::environment::{Environment, Ports};

/// How often the person at the shell is signed in again: well before a token expires.
const SIGN_IN_AGAIN: Duration = Duration::from_mins(30);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is gone, nobody can read the error.
            let _told = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let usual = match cli.command {
        None => tracing::Level::ERROR,
        Some(Command::Serve(_)) => tracing::Level::INFO,
    };
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(cli.common.log.unwrap_or(usual)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let work = async {
        match &cli.command {
            None => send_alert(&cli.alert, &cli.common).await,
            Some(Command::Serve(options)) => serve(options, &cli.common).await,
        }
    };
    // Whichever ends first, dropping the rest ends the worker too.
    let stopped = tokio::select! {
        done = work => return done,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for Ctrl-C"),
        _ = terminated.recv() => Ok(()),
    };
    stopped?;
    match cli.command {
        None => bail!("stopped before the alert was through"),
        Some(Command::Serve(_)) => Ok(()),
    }
}

/// Sends one alert and prints the result.
async fn send_alert(alert: &AlertOptions, common: &CommonOptions) -> anyhow::Result<()> {
    let payload = payload::read(alert.alert.as_deref())?;
    let environment = Environment::start(common, Ports::default()).await?;
    let story = send::send(
        &environment.tenant,
        &environment.host,
        payload,
        alert.via,
        environment.bearer.as_deref(),
    )
    .await;
    environment.host.shutdown().await;
    let story = story?;
    if alert.json {
        print(&format!("{:#}\n", story.json()))
    } else {
        print(&story.text())
    }
}

/// Runs until it is stopped. The ready line is one JSON object.
async fn serve(options: &ServeOptions, common: &CommonOptions) -> anyhow::Result<()> {
    let ports = Ports {
        http: options.http_port,
        control: options.control_port,
    };
    let mut environment = Environment::start(common, ports).await?;
    let (host, tenant) = (&environment.host, &environment.tenant);
    tenant.keep_redeeming(Duration::from_secs(1));
    let bus = RestSurface::start(host.broker(), tenant.issuer(), options.bus).await?;
    let shell = OperatorShell::new(tenant, &bus, options.person)?;
    let others = environment.operators_tokens();
    shell.sign_in(tenant, &bus, &others)?;
    let ready = json!({
        "ready": true,
        "revoke": format!("{}/api/revoke", host.http_endpoint()),
        "check": format!("{}/api/check", host.http_endpoint()),
        "functionKey": host.function_key(),
        "masterKey": host.master_key(),
        "bearer": environment.bearer,
        "messages": format!("{}/queues/evict/messages", host.control_endpoint()),
        "hostControl": host.control_endpoint(),
        "tenantControl": tenant.control_endpoint(),
        "graph": tenant.graph_endpoint(),
        "identity": tenant.identity_endpoint(),
        "namespace": bus.endpoint(),
        "shell": shell.exports(),
    });
    print(&format!("{ready}\n"))?;
    let mut sign_in = tokio::time::interval(SIGN_IN_AGAIN);
    sign_in.tick().await;
    loop {
        tokio::select! {
            stopped = environment.host.wait_until(Duration::MAX, FunctionsHost::has_stopped) => {
                stopped?;
                tracing::warn!("the host has shut itself down, and is started anew");
                environment.restart_host().await?;
            }
            _ = sign_in.tick() => shell.sign_in(&environment.tenant, &bus, &others)?,
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("writing to standard output")
}
