//! The one integration target: one file for each behaviour.

#[cfg(test)]
mod config_settings;
#[cfg(test)]
mod entra_support;
#[cfg(test)]
mod entra_wire;
#[cfg(test)]
mod receipt_comment;
#[cfg(test)]
mod receipt_json;
#[cfg(test)]
mod receipt_messages;
#[cfg(test)]
mod receipt_world;
