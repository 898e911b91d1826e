//! How calls are held back while a service limits them: `throttle` blocks them until an instant, `pace` says how fast they leave
//! after that, and `turns` which goes first. `limits` and `retry_after` read what an answer says of it; `backoff` is the wait
//! where it says nothing.

pub(crate) mod backoff;
pub(crate) mod limits;
mod pace;
pub(crate) mod retry_after;
pub(crate) mod throttle;
mod turns;

pub use turns::{Turn, Turns};
