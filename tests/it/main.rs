//! The one integration target: one file for each behaviour.

#[cfg(test)]
mod entra_support;
#[cfg(test)]
mod entra_wire;
