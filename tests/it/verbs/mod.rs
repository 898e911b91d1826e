//! The operator's command, verb by verb.

pub(crate) mod access;
pub(crate) mod answers;
pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod explain;
pub(crate) mod help_examples;
pub(crate) mod letters;
pub(crate) mod letters_scale;
pub(crate) mod profiles;
pub(crate) mod readme_session;
pub(crate) mod revoke;
pub(crate) mod revoke_guards;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod terminal;
pub(crate) mod wait;
