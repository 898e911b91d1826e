//! The contract between the Functions host and a custom handler, and nothing else: it names no other room, so that what
//! an alert is and who may be cut are unknown here.
//!
//! Facts in this room were read in the host's source (Azure/azure-functions-host); the documentation shows some values
//! plainer than the host writes them, so both forms are read ("Azure Functions custom handlers").
//!
//! - `encoding` undoes the layers in which the host writes values.
//! - `broker` tells what Service Bus said from what a message claims.
//! - `invocation` is what comes in, `reply` what goes out.
//! - `server` listens, keeps going when a caller leaves, and contains a panic.
//! - `starting` answers while the rest of the program is still being made.

mod broker;
mod encoding;
mod invocation;
mod reply;
mod server;
mod starting;

pub use broker::BrokerWord;
pub use invocation::{Function, HttpRequest, Invocation, InvocationError, QueueMessage, Trigger};
pub use reply::{HttpReply, OutputBinding, Reply};
pub use server::{BODY_LIMIT, Handler, ServeError, serve};
pub use starting::Starting;
