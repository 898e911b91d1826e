//! A message or a call from its arrival to its outputs.

pub(crate) mod callers_http;
pub(crate) mod callers_tokens;
pub(crate) mod http_reply;
pub(crate) mod incident;
pub(crate) mod incident_joined;
pub(crate) mod incident_shown;
pub(crate) mod main_job;
pub(crate) mod queue_delivery;
pub(crate) mod queue_forged;
pub(crate) mod queue_unreadable;
pub(crate) mod self_check;
pub(crate) mod whose_word;
