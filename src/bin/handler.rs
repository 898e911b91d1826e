//! The custom handler: the program that is deployed and that the Functions host starts.
//!
//! It listens first. Identity, TLS roots and the HTTP client are set up while the host's probe is already answered, so
//! they cost the first alert nothing.
//!
//! The exit code decides whether the host restarts it (0: never; 200: at once; any other: as a failure, and the third
//! failure within half an hour ends the host):
//!
//! | code | meaning |
//! | --- | --- |
//! | 200 | under a host: a signal came, and half a minute was served on, or the host is gone |
//! | 130, 143 | without a host: SIGINT (Ctrl-C), SIGTERM |
//! | 64 | the settings are wrong, or everybody could call over HTTP, or the HTTP access level is unknown; every problem has a log line |
//! | 69 | the port that the host named cannot be listened on |
//! | 70 | serving ended without being asked to |
//!
//! Under a host, no signal ends the handler before half a minute is over: the host goes on posting to it.

use std::net::Ipv4Addr;
use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use evict::callers::Callers;
use evict::config::{Environment, HostProcess, LogLevel, Settings};
use evict::containment::{Containment, Limits};
use evict::directory::Directory;
use evict::domain::{Clock, Deadline, Ledger, Mode, SystemClock};
use evict::host::{
    AuthLevel, InFlight, ManifestError, START_ANEW, STAY, Starting, http_functions, serve, stay,
};
use evict::http::HttpClient;
use evict::identity::{ManagedIdentity, Resource};
use evict::incident::{Arm, Incidents};
use evict::ledger::{BlobLedger, MemoryLedger};
use evict::service::{HttpAccess, Service, ServiceSettings};
use evict::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

const UNAVAILABLE: u8 = 69;
const SOFTWARE: u8 = 70;
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Two threads on any machine: the work mostly waits for Graph, and the second thread keeps the probe answered while
/// the first reads a large alert.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let host = HostProcess::read(&environment);
    let settings = match Settings::read(&environment) {
        Ok(settings) => settings,
        Err(problems) => {
            let _written_at_the_end = telemetry::init(Level::INFO);
            for problem in problems.iter() {
                tracing::error!(variable = problem.variable(), problem = %problem, "settings.refused");
            }
            return ExitCode::from(evict::config::EXIT_CODE);
        }
    };
    let _written_at_the_end = telemetry::init(level(settings.log_level));
    let access = match http_access(settings.callers.is_some(), &host) {
        Ok(access) => access,
        Err(problem) => {
            tracing::error!(problem, "http.open");
            return ExitCode::from(evict::config::EXIT_CODE);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(settings, access, host.is_there));
            // Unfinished work is not waited for: its messages are delivered again.
            runtime.shutdown_timeout(Duration::from_secs(1));
            code
        }
        Err(error) => {
            tracing::error!(problem = %error, "runtime.refused");
            ExitCode::from(SOFTWARE)
        }
    }
}

/// Who admits HTTP callers: the host, by the access level of the functions beside this program, or the token check.
///
/// An endpoint that neither guards is refused: a stranger who found its address could sign people out. An endpoint
/// whose access level is unknown is refused too, where a host makes it public.
fn http_access(tokens_are_checked: bool, host: &HostProcess) -> Result<HttpAccess, String> {
    let folders = [
        std::env::current_dir().ok(),
        std::env::current_exe()
            .ok()
            .and_then(|program| program.parent().map(PathBuf::from)),
        host.app_root.clone(),
    ];
    let functions = folders
        .into_iter()
        .flatten()
        .find_map(|folder| http_functions(&folder).transpose());
    let Some(functions) = functions else {
        return match (tokens_are_checked, host.is_there) {
            (true, _) => Ok(HttpAccess::EntraToken),
            (false, false) => Ok(HttpAccess::Unknown),
            (false, true) => Err(
                "Perhaps everybody could call: no token is asked for, and no function.json says whether the host asks for a \
                 key. Deploy the package whole, with host.json and the functions' folders beside each other, or set \
                 EVICT_HTTP_AUDIENCE and EVICT_ALLOWED_CALLERS."
                    .to_owned(),
            ),
        };
    };
    let functions = functions.map_err(|problem: ManifestError| problem.to_string())?;
    let open: Vec<&str> = functions
        .iter()
        .filter(|function| function.auth_level == AuthLevel::Anonymous)
        .map(|function| function.name.as_str())
        .collect();
    match (tokens_are_checked, open.as_slice()) {
        (true, []) => Ok(HttpAccess::FunctionKeyAndEntraToken),
        (true, _) => Ok(HttpAccess::EntraToken),
        (false, []) => Ok(HttpAccess::FunctionKey),
        (false, open) => Err(format!(
            "Everybody could call {}: authLevel is anonymous and no token is asked for. Set EVICT_HTTP_AUDIENCE and \
             EVICT_ALLOWED_CALLERS, or deploy the package whose functions have authLevel function.",
            open.join(" and ")
        )),
    }
}

async fn run(settings: Settings, access: HttpAccess, under_a_host: bool) -> ExitCode {
    let port = settings.port;
    let parent = parent_id();
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(
                port,
                problem = %error,
                next = "free the port, or let the host choose another (FUNCTIONS_CUSTOMHANDLER_PORT)",
                "listener.refused"
            );
            return ExitCode::from(UNAVAILABLE);
        }
    };
    let (terminate, interrupt) = match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(problem = %error, "signals.refused");
            return ExitCode::from(SOFTWARE);
        }
    };
    tracing::info!(
        port,
        version = env!("CARGO_PKG_VERSION"),
        http_access = access.as_str(),
        "handler.listening"
    );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let making = make_service(settings, access, Arc::clone(&clock));
    let handler = Arc::new(Starting::begin(making).with_clock(move || clock.elapsed()));
    let leave = async |in_flight| {
        let code = signalled(terminate, interrupt).await;
        if under_a_host {
            stay_for_the_host(in_flight, parent).await
        } else {
            code
        }
    };
    match serve(listener, handler, leave).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!(problem = %error, "handler.ended");
            ExitCode::from(SOFTWARE)
        }
    }
}

/// Waits for a signal that ends the process; returns the exit code that shells use for it.
async fn signalled(mut terminate: Signal, mut interrupt: Signal) -> u8 {
    let code = tokio::select! {
        _ = terminate.recv() => TERMINATED,
        _ = interrupt.recv() => INTERRUPTED,
    };
    tracing::info!(signal = code - 128, "handler.signalled");
    code
}

/// Serves on for a host that does not know about the signal.
async fn stay_for_the_host(in_flight: InFlight, host: u32) -> u8 {
    tracing::info!(
        in_flight = in_flight.count(),
        at_most_seconds = STAY.as_secs(),
        reason = "the host may still post, and would never start a handler again that left with 0",
        "handler.staying"
    );
    stay(in_flight, || parent_id() != host).await;
    tracing::info!("handler.left");
    START_ANEW
}

async fn make_service(
    settings: Settings,
    http_access: HttpAccess,
    clock: Arc<dyn Clock>,
) -> Result<Service, String> {
    // Reading the machine's certificates blocks.
    let http = tokio::task::spawn_blocking(HttpClient::new)
        .await
        .map_err(|error| format!("The set-up was interrupted: {error}"))?
        .map_err(|error| error.to_string())?;
    let identity = |resource| ManagedIdentity::new(http.clone(), settings.client_id, &resource);
    let ledger = make_ledger(&settings, &http, &clock);
    let directory = Directory::connect(
        http.clone(),
        identity(Resource::graph(settings.cloud)),
        settings.graph_endpoint.clone(),
        Arc::clone(&clock),
    );
    tokio::spawn(warm_up(directory.clone(), Arc::clone(&clock)));
    let callers = make_callers(&settings, &http, &clock);
    let incidents = (!settings.sentinel_workspaces.is_empty()).then(|| {
        let identity = identity(Resource::azure(settings.cloud));
        let endpoint = settings.arm_endpoint.clone();
        let arm = Arm::connect(http.clone(), identity, endpoint, Arc::clone(&clock));
        let workspaces = settings.sentinel_workspaces.clone();
        Incidents::new(arm, settings.policy.tenant, workspaces, Arc::clone(&clock))
    });

    let service_settings = ServiceSettings {
        tenant: settings.policy.tenant,
        mode: settings.policy.mode,
        max_deliveries: settings.max_deliveries,
        http_deadline: settings.http_deadline,
        queue_deadline: settings.queue_deadline,
        redelivery_wait: settings.redelivery_wait,
        http_access,
        in_force: settings.in_force(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let containment = Containment::new(
        directory,
        settings.policy,
        ledger,
        Arc::clone(&clock),
        Limits {
            concurrency: settings.concurrency,
            verify: settings.verify,
        },
    );
    tokio::spawn(look_up_protected(containment.clone(), Arc::clone(&clock)));
    tracing::info!("handler.ready");
    Ok(Service::new(
        containment,
        incidents,
        callers,
        service_settings,
        clock,
    ))
}

/// Opens the ledger that the settings name. It reads its blob in the background; a failure is logged where it happens.
fn make_ledger(settings: &Settings, http: &HttpClient, clock: &Arc<dyn Clock>) -> Arc<dyn Ledger> {
    let endpoint = settings
        .ledger
        .as_ref()
        .map(|endpoint| match settings.policy.mode {
            Mode::Enforce => endpoint.clone(),
            Mode::Observe => endpoint.of_observing(),
        });
    match endpoint {
        Some(endpoint) => Arc::new(BlobLedger::open(
            &endpoint,
            http.clone(),
            ManagedIdentity::new(http.clone(), settings.client_id, &Resource::storage()),
            &std::env::temp_dir(),
            Arc::clone(clock),
        )),
        None => Arc::new(MemoryLedger::new(Arc::clone(clock))),
    }
}

/// Creates the check of HTTP callers, if tokens are required. It reads the tenant's keys at once; a failure is logged
/// where it happens, and the first caller triggers another attempt.
fn make_callers(settings: &Settings, http: &HttpClient, clock: &Arc<dyn Clock>) -> Option<Callers> {
    let policy = settings.callers.clone()?;
    let (http, endpoint) = (http.clone(), &settings.login_endpoint);
    let callers = Callers::connect(policy, http, endpoint, Arc::clone(clock));
    let early = callers.clone();
    tokio::spawn(async move { early.warm_up().await });
    Some(callers)
}

/// Gets the token before the first alert needs it. A failure is logged, and the first alert tries again.
async fn warm_up(directory: Directory, clock: Arc<dyn Clock>) {
    let deadline = Deadline::after(&*clock, Duration::from_secs(30));
    match directory.identity(deadline).await {
        Ok(token) => {
            tracing::info!(tenant = %token.tenant, expires_at = %token.expires_at, "identity.ready");
        }
        Err(error) => tracing::warn!(problem = %error, "identity.missing"),
    }
}

/// Looks up the protected users once. A fault in the setting is logged, and the self-check reports it again.
async fn look_up_protected(containment: Containment, clock: Arc<dyn Clock>) {
    let deadline = Deadline::after(&*clock, Duration::from_mins(2));
    containment.look_up_protected(deadline).await;
}

fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    }
}
