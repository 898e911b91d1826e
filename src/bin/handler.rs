//! The custom handler: what the Functions host starts, and all that is deployed.
//!
//! It listens first and is made ready meanwhile, so that the host's probe is answered at once. Nothing depends on a
//! graceful end, because the host stops its worker with SIGKILL.
//!
//! # Exit codes
//!
//! | code | when |
//! | --- | --- |
//! | 0 | told to stop by SIGTERM or Ctrl-C, and only then: the host does not restart a handler that ends with 0 |
//! | 64 | settings that cannot be used; each problem is a line on stderr |
//! | 69 | the port cannot be listened on |
//! | 70 | the server ended by itself |
//! | 71 | the operating system refused threads or signal handlers |

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use evict::config::{self, Environment, LogLevel, Settings};
use evict::host::{self, Handler, Invocation, Reply, Starter};
use evict::telemetry;
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;

/// `EX_UNAVAILABLE` of sysexits.h.
const PORT_UNAVAILABLE: u8 = 69;
/// `EX_SOFTWARE` of sysexits.h.
const SERVER_ENDED: u8 = 70;
/// `EX_OSERR` of sysexits.h.
const SYSTEM_REFUSED: u8 = 71;

fn main() -> ExitCode {
    let settings = match Settings::read(&Environment::of_process()) {
        Ok(settings) => settings,
        Err(problems) => {
            telemetry::init(LevelFilter::INFO);
            for problem in problems.iter() {
                tracing::error!(variable = problem.variable(), %problem, "setting cannot be used");
            }
            return ExitCode::from(config::EXIT_CODE);
        }
    };
    telemetry::init(level(settings.log_level));
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the operating system refused what the handler runs on");
            return ExitCode::from(SYSTEM_REFUSED);
        }
    };
    let code = runtime.block_on(run(settings));
    // What outlived the grace is not waited for: its messages come again.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn run(settings: Settings) -> ExitCode {
    // First of all, so that a signal is never met by the system's default action.
    let shutdown = match shutdown() {
        Ok(shutdown) => shutdown,
        Err(error) => {
            tracing::error!(%error, "signals cannot be waited for");
            return ExitCode::from(SYSTEM_REFUSED);
        }
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(
                server.address = %address,
                %error,
                "cannot listen: another program may hold the port that FUNCTIONS_CUSTOMHANDLER_PORT names; end it or choose another port"
            );
            return ExitCode::from(PORT_UNAVAILABLE);
        }
    };
    tracing::info!(server.address = %address, version = env!("CARGO_PKG_VERSION"), "listening");
    let (starter, handler) = host::starting();
    // On a thread of its own: reading TLS roots may block, and the probe has to be answered meanwhile.
    tokio::task::spawn_blocking(move || set_up(&settings, starter));
    match host::serve(listener, Arc::new(handler), shutdown).await {
        Ok(()) => {
            tracing::info!("stopped, as told");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "no longer serving");
            ExitCode::from(SERVER_ENDED)
        }
    }
}

/// Ends when SIGTERM or Ctrl-C comes.
#[cfg(unix)]
fn shutdown() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when Ctrl-C comes.
#[cfg(not(unix))]
fn shutdown() -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}

/// Makes what answers invocations, which wait for it.
fn set_up(_settings: &Settings, starter: Starter<Unfinished>) {
    starter.ready(Unfinished);
}

/// Stands where the service will be.
struct Unfinished;

impl Handler for Unfinished {
    async fn handle(&self, _invocation: Invocation) -> Reply {
        Reply::abandoned("this build of the handler has no service")
    }
}
