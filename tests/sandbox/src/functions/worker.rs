//! The worker process: started, probed, supervised, restarted and killed as by the host (`HttpWorkerProcess.cs`,
//! `HttpFunctionInvocationDispatcher.cs`). It must not know what a function is.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::events::{Event, Events};
use super::worker_log::{Stream, WorkerLog};
use crate::clock::SandboxClock;
use crate::sync::lock;

/// How the worker is started and when the host stops restarting it.
#[derive(Debug)]
pub(super) struct WorkerSpec {
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) directory: PathBuf,
    /// The folder of the app, which may differ from the worker's own.
    pub(super) app_root: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    /// The machine's folder for temporary files: it outlives the worker, but not the machine.
    pub(super) temporary: TempDir,
    pub(super) policy: RestartPolicy,
}

/// When the host stops restarting its worker.
#[derive(Debug, Clone)]
pub struct RestartPolicy {
    /// The time limit for a new worker's answer to the probe (`InitializationTimeout`).
    pub initialization_timeout: Duration,
    /// The number of worker failures at which the host shuts itself down.
    pub most_errors: usize,
    /// Failures further apart than this are not added up.
    pub error_interval: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            initialization_timeout: Duration::from_secs(30),
            most_errors: 3,
            error_interval: Duration::from_mins(30),
        }
    }
}

/// The phase of the worker's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Starting or restarting: invocations wait.
    Starting,
    /// Answering at this address, in this life.
    Ready { address: String, life: u64 },
    /// It exited with 0 and is not restarted: invocations fail.
    Closed,
    /// The host has shut down.
    Stopped,
}

/// The supervised worker.
#[derive(Debug)]
pub(super) struct Worker {
    phase: watch::Receiver<Phase>,
    kill: mpsc::Sender<Kill>,
}

/// An order to end the process.
#[derive(Debug)]
struct Kill {
    /// The life to end; any life if `None`.
    life: Option<u64>,
    /// Completed when the process is gone.
    done: oneshot::Sender<()>,
}

/// How long it may take to notice the end of a process.
const NOTICE: Duration = Duration::from_secs(1);
/// The pause between two probes of a worker that does not listen yet.
const PROBE_PAUSE: Duration = Duration::from_millis(10);
/// How long after a call's time-out the host kills the worker (seen with version 4.1037).
const AFTER_TIME_OUT: Duration = Duration::from_secs(2);

impl Worker {
    /// Creates the worker and its supervising future. The process is a child of that future and ends with it.
    pub(super) fn new(
        spec: WorkerSpec,
        client: reqwest::Client,
        clock: SandboxClock,
        events: Events,
        log: WorkerLog,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (phase, seen) = watch::channel(Phase::Starting);
        let (kill, kills) = mpsc::channel(1);
        let supervisor = Supervisor {
            spec,
            client,
            clock,
            events,
            log,
            phase,
            kills,
        };
        (Self { phase: seen, kill }, supervisor.run())
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// Waits while the worker is starting, and returns its phase.
    pub(super) async fn settled(&self) -> Phase {
        let mut phase = self.phase.clone();
        match phase.wait_for(|phase| *phase != Phase::Starting).await {
            Ok(phase) => phase.clone(),
            Err(_) => Phase::Stopped,
        }
    }

    /// Waits a moment for the end of this life to be noticed. In reality abandoning a message takes a round trip to
    /// Service Bus, and the host notices a dead worker sooner. Without this wait the message would be delivered again
    /// before that, and use up its deliveries on a worker that is gone.
    pub(super) async fn leave_time_to_notice(&self, life: u64) {
        let mut phase = self.phase.clone();
        let gone = phase
            .wait_for(|phase| !matches!(phase, Phase::Ready { life: now, .. } if *now == life));
        // After the time-out the worker lives and merely gave no answer.
        let _still_there = tokio::time::timeout(NOTICE, gone).await;
    }

    /// Kills the process at once, as the host and the platform do, and waits until it is gone. Returns false if there
    /// is none.
    pub(super) async fn kill(&self) -> bool {
        self.end(None).await
    }

    /// A call to this life of the worker exceeded `functionTimeout`: the host kills the whole process, with all its
    /// other work, and restarts it. That does not count as a failure of the worker.
    pub(super) async fn timed_out(&self, life: u64) {
        tokio::time::sleep(AFTER_TIME_OUT).await;
        // Another call may have exceeded its time-out first.
        let _ended_before = self.end(Some(life)).await;
    }

    async fn end(&self, life: Option<u64>) -> bool {
        let (done, gone) = oneshot::channel();
        self.kill.send(Kill { life, done }).await.is_ok() && gone.await.is_ok()
    }
}

struct Supervisor {
    spec: WorkerSpec,
    client: reqwest::Client,
    clock: SandboxClock,
    events: Events,
    log: WorkerLog,
    phase: watch::Sender<Phase>,
    kills: mpsc::Receiver<Kill>,
}

/// How one life of the process ended.
enum End {
    Exited(i32),
    /// Killed by the host, because of a time-out.
    TimedOut,
    NotReady,
    NotStarted,
}

impl Supervisor {
    async fn run(mut self) {
        let mut errors: Vec<Timestamp> = Vec::new();
        // The host keeps the port over all restarts of its worker.
        let mut port = None;
        for life in 1.. {
            self.phase.send_replace(Phase::Starting);
            let end = self.live(life, &mut port).await.unwrap_or_else(|error| {
                self.log.add(
                    Stream::Err,
                    &format!("Failed to start the worker: {error:#}"),
                );
                End::NotStarted
            });
            match end {
                End::Exited(0) => {
                    self.phase.send_replace(Phase::Closed);
                    return self.refuse_kills().await;
                }
                End::Exited(200) | End::TimedOut => continue,
                End::NotReady => self.events.add(Event::WorkerNotReady),
                End::Exited(_) | End::NotStarted => {}
            }
            let now = self.clock.now();
            let apart = |last: &Timestamp| now.duration_since(*last).unsigned_abs();
            if errors
                .last()
                .is_some_and(|last| apart(last) > self.spec.policy.error_interval)
            {
                errors.clear();
            }
            errors.push(now);
            if errors.len() >= self.spec.policy.most_errors {
                self.events.add(Event::HostStopped);
                self.phase.send_replace(Phase::Stopped);
                return self.refuse_kills().await;
            }
        }
    }

    /// Answers the remaining kill orders: nothing is left to supervise, but the phase stays readable.
    async fn refuse_kills(&mut self) {
        while let Some(kill) = self.kills.recv().await {
            drop(kill);
        }
    }

    /// Runs one process from its start to its end.
    async fn live(&mut self, life: u64, kept: &mut Option<u16>) -> anyhow::Result<End> {
        let port = match *kept {
            Some(port) => port,
            None => *kept.insert(free_port().await?),
        };
        let started = Instant::now();
        let mut child = self.spawn(port)?;
        let readers = [
            child.stdout.take().map(|out| self.read(Stream::Out, out)),
            child.stderr.take().map(|err| self.read(Stream::Err, err)),
        ];
        self.events.add(Event::WorkerStarted {
            pid: child.id().unwrap_or_default(),
            port,
        });
        let address = format!("http://127.0.0.1:{port}");
        let limit = self.spec.policy.initialization_timeout;
        let ready = tokio::select! {
            ready = tokio::time::timeout(limit, probe(&self.client, &address)) => ready.is_ok(),
            status = child.wait() => return Ok(self.ended(status?, readers, None).await),
            kill = order_for(&mut self.kills, life) => {
                child.kill().await.context("ending the worker")?;
                let status = child.wait().await?;
                return Ok(self.ended(status, readers, Some(kill)).await);
            }
        };
        if !ready {
            child.kill().await.context("ending the worker")?;
            return Ok(End::NotReady);
        }
        self.events.add(Event::WorkerReady {
            after: started.elapsed(),
        });
        self.phase.send_replace(Phase::Ready { address, life });
        // It is not probed again: one probe per start is all.
        tokio::select! {
            status = child.wait() => Ok(self.ended(status?, readers, None).await),
            kill = order_for(&mut self.kills, life) => {
                child.kill().await.context("ending the worker")?;
                let status = child.wait().await?;
                Ok(self.ended(status, readers, Some(kill)).await)
            }
        }
    }

    fn spawn(&self, port: u16) -> anyhow::Result<Child> {
        let id = Uuid::new_v4().to_string();
        let port = port.to_string();
        Command::new(&self.spec.executable)
            .args(&self.spec.arguments)
            .current_dir(&self.spec.directory)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/home")
            .env("TMPDIR", self.spec.temporary.path())
            .env("FUNCTIONS_APP_ROOT_PATH", &self.spec.app_root)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id)
            .env("FUNCTIONS_HTTPWORKER_PORT", &port)
            .env("FUNCTIONS_HTTPWORKER_ID", &id)
            .envs(self.spec.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.spec.executable.display()))
    }

    /// Copies the worker's lines into the log until it closes the stream.
    fn read(
        &self,
        stream: Stream,
        source: impl AsyncRead + Unpin + Send + 'static,
    ) -> JoinHandle<()> {
        let log = self.log.clone();
        tokio::spawn(async move {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            loop {
                line.clear();
                match source.read_until(b'\n', &mut line).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => log.add(stream, String::from_utf8_lossy(&line).trim_end()),
                }
            }
        })
    }

    /// Reads the remaining output of the process, and only then reports that it is gone.
    async fn ended(
        &self,
        status: ExitStatus,
        readers: [Option<JoinHandle<()>>; 2],
        kill: Option<Kill>,
    ) -> End {
        self.phase.send_replace(Phase::Starting);
        for reader in readers.into_iter().flatten() {
            // A grandchild may hold the stream open; its output is not waited for.
            let _open = tokio::time::timeout(Duration::from_secs(1), reader).await;
        }
        let code = exit_code(status);
        self.events.add(Event::WorkerExited { code });
        let Some(kill) = kill else {
            return End::Exited(code);
        };
        // The requester may be gone.
        let _gone = kill.done.send(());
        match kill.life {
            Some(_) => End::TimedOut,
            None => End::Exited(code),
        }
    }
}

/// Waits for an order for this life. An order for an earlier life was already carried out. Waits for ever if nobody can
/// send one.
async fn order_for(kills: &mut mpsc::Receiver<Kill>, life: u64) -> Kill {
    while let Some(kill) = kills.recv().await {
        if kill.life.is_none_or(|meant| meant == life) {
            return kill;
        }
    }
    std::future::pending().await
}

/// Requests `/` until there is an answer of any kind. Only a refused connection is retried.
async fn probe(client: &reqwest::Client, address: &str) {
    while let Err(error) = client.get(format!("{address}/")).send().await {
        if !error.is_connect() {
            return;
        }
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}

/// A port that is free now and that no other worker of this process has received.
async fn free_port() -> anyhow::Result<u16> {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    loop {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("a port for the worker")?;
        let port = listener.local_addr()?.port();
        if lock(&GIVEN).get_or_insert_default().insert(port) {
            return Ok(port);
        }
    }
}

#[cfg(unix)]
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(not(unix))]
fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}
