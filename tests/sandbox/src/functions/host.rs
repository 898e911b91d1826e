//! The whole Functions host: assembled from its parts, with its outside interface.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::broker::{Broker, BrokerOptions, QueueState};
use super::control::{self, Control};
use super::events::{Event, Events};
use super::front_end::{self, FrontEnd};
use super::manifest::{Manifest, Trigger};
use super::message::{Message, QueuedMessage};
use super::pump;
use super::records::{InvocationRecord, Records};
use super::runner::Runner;
use super::settings::{Switches, app_settings};
use super::spelling::{Remembering, Sent};
use super::worker::{Phase, RestartPolicy, Worker, WorkerSpec};
use super::worker_log::{LogLine, WorkerLog};
use crate::clock::SandboxClock;
use crate::sync::lock;

/// The options of a host.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The staged package: host.json, `<Name>/function.json` and the handler side by side.
    pub staged: PathBuf,
    /// The app's settings, which are the worker's whole environment.
    pub environment: Vec<(String, String)>,
    /// The time of day.
    pub clock: SandboxClock,
    /// The settings of Service Bus; ignored if `broker` is given.
    pub bus: BrokerOptions,
    /// A Service Bus that is shared with another host.
    pub broker: Option<Broker>,
    /// The time-out of a function, in place of host.json's.
    pub function_timeout: Option<Duration>,
    /// When the host stops restarting its worker.
    pub restarts: RestartPolicy,
    /// The port of the HTTP front end; 0 for a free one.
    pub http_port: u16,
    /// The port of the control API; 0 for a free one.
    pub control_port: u16,
    /// The key that functions require.
    pub function_key: String,
    /// The master key.
    pub master_key: String,
}

impl HostOptions {
    /// Default options for this package.
    #[must_use]
    pub fn new(staged: impl Into<PathBuf>, clock: SandboxClock) -> Self {
        Self {
            staged: staged.into(),
            environment: Vec::new(),
            clock,
            bus: BrokerOptions::default(),
            broker: None,
            function_timeout: None,
            restarts: RestartPolicy::default(),
            http_port: 0,
            control_port: 0,
            function_key: Uuid::new_v4().simple().to_string(),
            master_key: Uuid::new_v4().simple().to_string(),
        }
    }
}

/// A running host. Its worker ends with it.
#[derive(Debug)]
pub struct FunctionsHost {
    runner: Arc<Runner>,
    events: Events,
    log: WorkerLog,
    http: SocketAddr,
    control: SocketAddr,
    function_key: String,
    master_key: String,
    trigger_queues: Vec<String>,
    tasks: AsyncMutex<Tasks>,
}

/// The host's tasks, in the order in which they end: a pump has to be gone before the worker is, or it would see the
/// worker die and abandon its message.
#[derive(Debug, Default)]
struct Tasks {
    work: JoinSet<()>,
    worker: JoinSet<()>,
}

impl FunctionsHost {
    /// Starts a host and waits until its worker answers.
    ///
    /// # Errors
    /// The package cannot be read, a port is not available, or the worker ended for good; the message has its last
    /// lines.
    pub async fn start(options: HostOptions) -> anyhow::Result<Self> {
        let host = Self::launch(options).await?;
        if let Phase::Ready { .. } = host.runner.worker.settled().await {
            return Ok(host);
        }
        let lines: Vec<String> = host.log.lines().into_iter().map(|line| line.text).collect();
        bail!(
            "the worker does not run: {:?}; it said:\n{}",
            host.events(),
            lines.join("\n")
        );
    }

    /// Starts a host without waiting for its worker.
    ///
    /// # Errors
    /// The package cannot be read, or a port is not available.
    pub async fn launch(options: HostOptions) -> anyhow::Result<Self> {
        let root = std::path::absolute(&options.staged)?;
        let manifest = Manifest::read(&root)?;
        let broker = options
            .broker
            .unwrap_or_else(|| Broker::new(options.bus, options.clock.clone()));
        let trigger_queues = trigger_queues(&manifest, &broker)?;
        let signal = broker.signal().clone();
        let events = Events::new(signal.clone());
        let log = WorkerLog::new(signal.clone(), manifest.errors_only_on_stderr);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .build()
            .context("the client that calls the worker")?;
        let switches = Switches::read(&options.environment, &manifest);
        let spec = WorkerSpec {
            executable: root.join(&manifest.executable),
            arguments: manifest.arguments.clone(),
            directory: root.join(&manifest.working_directory),
            app_root: root.clone(),
            environment: app_settings(options.environment),
            temporary: tempfile::tempdir().context("a folder for the worker")?,
            policy: options.restarts,
        };
        let (worker, supervisor) = Worker::new(
            spec,
            client.clone(),
            options.clock,
            events.clone(),
            log.clone(),
        );
        let mut tasks = Tasks::default();
        tasks.worker.spawn(supervisor);
        let runner = Arc::new(Runner {
            worker,
            client,
            broker,
            records: Records::new(signal),
            events: events.clone(),
            function_timeout: options
                .function_timeout
                .unwrap_or(manifest.function_timeout),
            traced: switches.traced,
            disabled: switches.disabled,
            listening: watch::Sender::new(true),
            refusals: Mutex::new(BTreeMap::new()),
        });
        let public = listen(options.http_port).await?;
        let http = public.local_addr()?;
        let private = listen(options.control_port).await?;
        let control = private.local_addr()?;
        pump::start(&manifest, &runner, &mut tasks.work);
        let front_end = front_end::router(FrontEnd {
            manifest,
            runner: Arc::clone(&runner),
            function_key: options.function_key.clone(),
            master_key: options.master_key.clone(),
            admin_is_isolated: switches.admin_is_isolated,
            endpoint: format!("http://{http}"),
        });
        let side = control::router(Control {
            runner: Arc::clone(&runner),
            events: events.clone(),
            log: log.clone(),
        });
        let front_end = front_end.into_make_service_with_connect_info::<Sent>();
        tasks.work.spawn(async move {
            let served = axum::serve(Remembering(public), front_end).await;
            tracing::error!(?served, "the public listener of the host ended");
        });
        tasks.work.spawn(async move {
            let served = axum::serve(private, side).await;
            tracing::error!(?served, "the private listener of the host ended");
        });
        Ok(Self {
            runner,
            events,
            log,
            http,
            control,
            function_key: options.function_key,
            master_key: options.master_key,
            trigger_queues,
            tasks: AsyncMutex::new(tasks),
        })
    }

    /// The root URL of the front end, without a trailing slash; routes are below `/api`.
    #[must_use]
    pub fn http_endpoint(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The ports of the front end and of the control API.
    #[must_use]
    pub fn ports(&self) -> (u16, u16) {
        (self.http.port(), self.control.port())
    }

    /// The root URL of the control API, without a trailing slash.
    #[must_use]
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", self.control)
    }

    /// The key that functions require, in the header `x-functions-key` or the query parameter `code`.
    #[must_use]
    pub fn function_key(&self) -> &str {
        &self.function_key
    }

    /// The master key, which is valid for `/admin` too, in the header `x-functions-key`.
    #[must_use]
    pub fn master_key(&self) -> &str {
        &self.master_key
    }

    /// Stops receiving messages, like a host that is being scaled in or drained. Messages in progress continue; even
    /// after success, with outputs written, they are abandoned.
    pub fn stop_listening(&self) {
        self.runner.listening.send_replace(false);
    }

    /// The Service Bus of this host, to share with another host.
    #[must_use]
    pub fn broker(&self) -> Broker {
        self.runner.broker.clone()
    }

    /// Sends a message to a queue and returns it as stored.
    ///
    /// # Errors
    /// The queue does not exist, or the message is too large.
    pub fn send(&self, queue: &str, message: Message) -> anyhow::Result<QueuedMessage> {
        self.runner.broker.send(queue, message)
    }

    /// The content of a queue or a topic.
    #[must_use]
    pub fn queue(&self, name: &str) -> QueueState {
        self.runner.broker.queue(name)
    }

    /// The waiting messages of a queue or a topic.
    #[must_use]
    pub fn messages(&self, name: &str) -> Vec<QueuedMessage> {
        self.queue(name).active
    }

    /// Every invocation so far, oldest first.
    #[must_use]
    pub fn invocations(&self) -> Vec<InvocationRecord> {
        self.runner.records.list()
    }

    /// The number of running invocations.
    #[must_use]
    pub fn running(&self) -> usize {
        self.runner.records.running()
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.list()
    }

    /// The worker's log so far, over all restarts.
    #[must_use]
    pub fn worker_log(&self) -> Vec<LogLine> {
        self.log.lines()
    }

    /// How often the worker was started.
    #[must_use]
    pub fn worker_starts(&self) -> usize {
        let started = |event: &&Event| matches!(event, Event::WorkerStarted { .. });
        self.events().iter().filter(started).count()
    }

    /// Whether the host has shut itself down.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.events().contains(&Event::HostStopped)
    }

    /// Kills the worker with SIGKILL and waits until it is gone. The host then restarts it as after any failure.
    /// Returns false if there was none.
    pub async fn kill_worker(&self) -> bool {
        self.runner.worker.kill().await
    }

    /// Refuses the next writes of an output binding, as a busy Service Bus does.
    pub fn refuse_output(&self, binding: &str, times: usize) {
        lock(&self.runner.refusals).insert(binding.to_owned(), times);
    }

    /// Waits until the condition holds; it is checked now and after every event.
    ///
    /// # Errors
    /// It does not hold in time; the message lists the events by then.
    pub async fn wait_until(
        &self,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let signal = self.runner.broker.signal().clone();
        let met = tokio::time::timeout(limit, signal.until(|| condition(self))).await;
        met.with_context(|| {
            format!(
                "not within {limit:?}; {} running, events: {:?}",
                self.running(),
                self.events()
            )
        })
    }

    /// Waits until every message of the trigger queues is settled and no invocation is running.
    ///
    /// # Errors
    /// Not in time, or the host has shut itself down before.
    pub async fn wait_until_idle(&self, limit: Duration) -> anyhow::Result<()> {
        self.wait_until(limit, |host| host.has_stopped() || host.is_idle())
            .await?;
        ensure!(
            self.is_idle(),
            "the host has shut down: {:?}",
            self.events()
        );
        Ok(())
    }

    fn is_idle(&self) -> bool {
        let broker = &self.runner.broker;
        let settled = self
            .trigger_queues
            .iter()
            .all(|name| broker.progress(name).open == 0);
        settled && self.running() == 0
    }

    /// Stops the host and its worker immediately: messages in progress stay locked.
    pub async fn shutdown(&self) {
        let mut tasks = self.tasks.lock().await;
        tasks.work.shutdown().await;
        tasks.worker.shutdown().await;
    }
}

/// The queues that trigger functions, each of which has to exist.
fn trigger_queues(manifest: &Manifest, broker: &Broker) -> anyhow::Result<Vec<String>> {
    let entities = broker.entities();
    let mut queues = Vec::new();
    for function in &manifest.functions {
        if let Trigger::ServiceBus { queue, .. } = &function.trigger {
            ensure!(
                entities.contains(queue),
                "{} listens to the queue {queue:?}, which does not exist",
                function.name
            );
            queues.push(queue.clone());
        }
    }
    Ok(queues)
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("listening on 127.0.0.1:{port}"))
}
