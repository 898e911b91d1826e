//! A simulated Entra tenant and a simulated Functions host, for people and for tests. It has its own structures for the
//! wire and never depends on the package under test.

pub mod az;
pub mod blob;
pub mod bus;
pub mod clock;
pub mod functions;
pub mod handler;
pub mod judges;
pub mod operator;
pub mod send;
pub mod stage;
pub mod story;
mod sync;
pub mod tenant;
pub mod tls_proxy;
