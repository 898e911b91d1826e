//! The simulated Functions host: starts a staged package as the real host does, pumps its queue, serves its HTTP
//! routes, and writes its outputs to a simulated Service Bus. It follows the source of Azure/azure-functions-host,
//! version 4, and must not be more lenient. It refuses everything that it does not simulate: prefetching, sessions,
//! retry policies, forwarding of HTTP requests, route parameters.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use sandbox::clock::SandboxClock;
//! use sandbox::functions::{FunctionsHost, HostOptions, Message};
//! use std::time::Duration;
//!
//! let options = HostOptions::new("/path/to/a/staged/package", SandboxClock::new());
//! let host = FunctionsHost::start(options).await?;
//! host.send("evict", Message::of("alice@contoso.com"))?;
//! host.wait_until_idle(Duration::from_secs(30)).await?;
//! assert_eq!(host.queue("evict").completed.len(), 1);
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod binding_data;
mod broker;
mod chunked;
mod control;
mod events;
mod front_end;
mod host;
mod in_process_host;
mod invocation;
mod manifest;
mod message;
mod net_value;
mod newtonsoft;
mod output_bindings;
mod outputs;
mod pump;
mod records;
mod runner;
mod settings;
mod signal;
mod spelling;
mod text;
mod worker;
mod worker_log;

pub use self::broker::{Broker, BrokerOptions, LARGEST_MESSAGE_BYTES, Progress, QueueState};
pub(crate) use self::broker::{End, Held, NoEntity};
pub use self::events::Event;
pub use self::host::{FunctionsHost, HostOptions};
pub use self::in_process_host::{InProcessHost, Settled, Work};
pub use self::invocation::queue_invocation;
pub use self::message::{BodyKind, DeadLetter, Message, QueuedMessage};
pub use self::records::{InvocationRecord, InvocationState};
pub use self::worker::RestartPolicy;
pub use self::worker_log::{Level, LogLine, Stream, level_of};

/// The name of the Service Bus connection in the app's settings.
const CONNECTION: &str = "EvictServiceBus";
