//! The Azure Functions host's contract with a custom handler, and nothing else.
//!
//! Bytes come in as an [`Invocation`] and go out as a [`Reply`]; a [`Handler`] does what lies between. This room knows
//! what the host writes and reads, not what an alert is: it names no other room. The facts are those of
//! Azure/azure-functions-host, version 4, and of the Service Bus extension, version 5; each is cited beside the code
//! that relies on it. A body, a header or a name from outside is never logged and never repeated in an error.
//!
//! # What the host does with an answer
//!
//! | answer | what the host does |
//! | --- | --- |
//! | 200, a [`Reply::completed`] | writes the outputs, then completes the message, or answers the HTTP caller with `res` |
//! | any other | fails the invocation: outputs and logs are dropped, the message is abandoned and comes again at once, and an HTTP caller gets 500 |
//!
//! A request that is not an invocation is answered 400 or 413, so its message is abandoned as well. After the queue's
//! maximum delivery count it is in the dead-letter queue, so refusing it loses nothing.

mod answer;
mod body_budget;
mod broker;
mod encoding;
mod error;
mod handler;
mod invocation;
mod invoke;
mod leaving;
mod manifest;
mod message;
mod reply;
mod request;
mod server;
mod starting;

pub use body_budget::{Arrival, BODY_LIMIT};
pub use broker::BrokerWord;
pub use error::InvocationError;
pub use handler::Handler;
pub use invocation::{Function, Invocation, Trigger};
pub use leaving::{START_ANEW, STAY, stay};
pub use manifest::{AuthLevel, HttpFunction, ManifestError, http_functions};
pub use message::QueueMessage;
pub use reply::{HttpReply, OutputBinding, Reply};
pub use request::HttpRequest;
pub use server::{InFlight, ServeError, serve};
pub use starting::{HELD_WHEN_NOT_SET_UP, Starting};

#[cfg(test)]
mod tests;
