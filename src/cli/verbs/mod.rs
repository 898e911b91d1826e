//! One file or folder for each verb. No verb names another; `schema` alone knows the documents of all verbs.

pub(crate) mod access;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod letters;
pub(crate) mod man_pages;
pub(crate) mod profile;
pub(crate) mod revoke;
pub(crate) mod schema;
pub(crate) mod send;
pub(crate) mod settings;
pub(crate) mod status;
