//! The program as the host starts it: settings, server, log, package.

pub(crate) mod dependencies;
pub(crate) mod host_invocation;
pub(crate) mod host_log;
pub(crate) mod host_process;
pub(crate) mod host_server;
pub(crate) mod package;
pub(crate) mod settings;
