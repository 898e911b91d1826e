//! The Service Bus client of the operator's command: sends to a queue, and reads a queue and its dead letters under locks.
//!
//! It goes through the crate `azure_messaging_servicebus` 0.21, which speaks Service Bus's REST. What that crate cannot do
//! is done in `adapter`, below its HTTP client trait:
//!
//! - **Entra instead of SAS.** The crate signs every request with a SAS key, and a namespace of ours takes none. The adapter
//!   puts a bearer token in place of that signature; the key that the crate is given is no secret and signs nothing.
//! - **Other hosts.** The crate writes `servicebus.windows.net` into every address. The adapter keeps path and query and
//!   puts the [`Namespace`] before them: a cloud of Microsoft over https, or loopback. So the token goes to that one place,
//!   also when an answer's `Location` names another.
//! - **One TLS stack.** The crate's own HTTP client stays out (default features off); ours is the one of the whole program.
//! - **Properties.** The crate's own type writes a scheduled time with the zone `+0000`, while the service documents `GMT`;
//!   on reading it takes sequence numbers of 32 bits, where those of a partitioned queue need 64, and gives neither
//!   correlation id nor label. So `BrokerProperties` is written and read in `message`, and passes the crate as a header that
//!   it does not look at.
//! - **Bodies that are no text.** The crate sends and reads text alone; others pass it in base64, and go out as they are.
//! - **Locks.** The crate keeps a message's body beside its lock; ours is the address that the service gave, so that thousands can
//!   be held.
//! - **Statuses.** The crate's peek-lock does not look at the status; the adapter makes every refusal an error of ours.
//!
//! A dead-letter sub-queue is reached by its path, `<queue>/$deadletterqueue`, which the crate passes on as it is.

mod adapter;
mod client;
mod error;
mod message;
mod namespace;

pub use self::client::{Lock, Locked, Reading, ServiceBus};
pub use self::error::{QueueError, ServiceBusFailure, ServiceBusOperation};
pub use self::message::{Outgoing, Received, Routing};
pub use self::namespace::{Namespace, QueuePath};
