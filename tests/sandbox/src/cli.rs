//! What can be asked of the sandbox by hand.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sandbox::operator::Means;
use sandbox::send::Via;

/// A simulated Entra tenant and a simulated Functions host around the real handler. Without a command it sends one
/// alert and tells what became of it.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) alert: AlertOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stay up, so that curl can post alerts and drop messages into the queue, and `evict` can be tried from a shell,
    /// until Ctrl-C or SIGTERM.
    Serve(ServeOptions),
}

/// Which alert is sent, and how.
#[derive(Debug, Args)]
pub(crate) struct AlertOptions {
    /// A file with the payload to send; `-` for standard input. A sample Sentinel incident if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) alert: Option<PathBuf>,
    /// The trigger it goes through.
    #[arg(long, value_enum, default_value_t = Via::Queue)]
    pub(crate) via: Via,
    /// Print one JSON document instead of the story.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct CommonOptions {
    /// A file with another tenant than the one that ships with the sandbox.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) world: Option<PathBuf>,
    /// A handler that is already built; otherwise cargo builds it first.
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) handler: Option<PathBuf>,
    /// A package that is ready to be deployed, in place of the repository's functions and handler.
    #[arg(long, value_name = "ZIP", global = true, conflicts_with = "handler")]
    pub(crate) package: Option<PathBuf>,
    /// A setting of the handler. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, global = true)]
    pub(crate) set: Vec<(String, String)>,
    /// The least important log lines on standard error: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", global = true)]
    pub(crate) log: Option<tracing::Level>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// The port of the functions' HTTP endpoint; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) http_port: u16,
    /// The port on which messages are dropped into queues and the host is looked at; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) control_port: u16,
    /// The port of Service Bus's REST, for `evict --namespace`; 0 for a free one.
    #[arg(long = "bus-port", value_name = "BUS_PORT", default_value_t = 0)]
    pub(crate) bus: u16,
    /// How much the person at the shell may see.
    #[arg(long, value_enum, default_value_t = Means::Rich)]
    pub(crate) person: Means,
}

/// Reads `NAME=VALUE`.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as EVICT_MODE=observe".to_owned()),
    }
}
