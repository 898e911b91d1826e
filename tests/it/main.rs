//! The one integration target: one file per behaviour.

#[cfg(test)]
mod config_settings;
#[cfg(test)]
mod host_invocation;
#[cfg(test)]
mod host_log;
#[cfg(test)]
mod host_process;
#[cfg(test)]
mod host_server;
#[cfg(test)]
mod receipt_comment;
#[cfg(test)]
mod receipt_json;
#[cfg(test)]
mod receipt_messages;
#[cfg(test)]
mod receipt_world;
