//! The promises of the simulated tenant, over real HTTP on loopback.

mod access;
mod control;
mod faults;
#[cfg(test)]
mod incidents;
mod limits;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod support;
mod world;
