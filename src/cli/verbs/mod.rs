//! One file or folder for each verb. No verb names another; `schema` alone knows the documents of all verbs.

pub(super) mod access;
pub(super) mod check;
pub(super) mod completions;
pub(super) mod explain;
pub(super) mod letters;
pub(super) mod man_pages;
pub(super) mod profile;
pub(super) mod revoke;
pub(super) mod schema;
pub(super) mod send;
pub(super) mod settings;
pub(super) mod status;
