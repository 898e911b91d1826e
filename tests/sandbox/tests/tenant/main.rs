//! What the simulated tenant promises, over real HTTP on loopback.

mod faults;
#[cfg(test)]
mod support;
mod world;
