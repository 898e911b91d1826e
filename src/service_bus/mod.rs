//! The Service Bus client of the operator's command: sends to a queue, and reads a queue and its dead letters under locks.
//!
//! It uses the crate `azure_messaging_servicebus` 0.21, which speaks Service Bus's REST API. `adapter`, below the crate's
//! HTTP client trait, does what the crate cannot do:
//!
//! - **Entra instead of SAS.** The crate signs every request with a SAS key, and our namespaces accept none. The adapter
//!   replaces that signature with a bearer token; the key that the crate gets is no secret and signs nothing.
//! - **Other hosts.** The crate writes `servicebus.windows.net` into every address. The adapter keeps path and query and
//!   puts the [`Namespace`] before them: a cloud of Microsoft over https, or loopback. So the token goes to that one place,
//!   also when an answer's `Location` names another.
//! - **One TLS stack.** The crate's own HTTP client stays out (default features off); ours is the one of the whole program.
//! - **Properties.** The crate writes a scheduled time with the zone `+0000`, while the service documents `GMT`; it reads
//!   sequence numbers of 32 bits, where those of a partitioned queue need 64, and drops correlation id and label. So
//!   `message` writes and reads `BrokerProperties`, which pass the crate as a header that it ignores.
//! - **Bodies that are not text.** The crate handles text alone; other bodies pass it in base64, and leave as they are.
//! - **Locks.** The crate keeps a message's body beside its lock; ours is the address that the service gave, so that a
//!   command can hold thousands.
//! - **Statuses.** The crate's peek-lock ignores the status; the adapter makes every refusal an error of ours.
//!
//! The path of a dead-letter sub-queue, `<queue>/$deadletterqueue`, passes the crate unchanged.

mod adapter;
mod client;
mod error;
mod message;
mod namespace;

pub use self::client::{Lock, Locked, Reading, ServiceBus};
pub use self::error::{QueueError, ServiceBusFailure, ServiceBusOperation};
pub use self::message::{Outgoing, Received, Routing};
pub use self::namespace::{Namespace, QueuePath};
