//! Helpers of the tests: the app beside its sandbox, the command at a shell, golden files.

pub(crate) mod app;
pub(crate) mod busy;
pub(crate) mod directory;
pub(crate) mod golden;
#[cfg(feature = "operator")]
pub(crate) mod operator_shell;
pub(crate) mod receipts;
#[cfg(feature = "operator")]
pub(crate) mod shell;
