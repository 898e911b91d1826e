//! The settings: one registry of every environment variable, read in one go.
//!
//! This is the only room that reads the environment. All problems are reported at once, each with its variable's name,
//! and a variable whose name begins with `EVICT_` but is none of the registry's is a problem too, because a misspelt
//! guard is no guard. No secret is among the settings: nothing here may ever ask for one. A value is never repeated in a
//! problem, since nobody knows what was pasted there.

mod document;
mod environment;
mod host_process;
mod in_force;
mod nearest;
#[cfg(feature = "operator")]
pub mod operator;
mod problem;
#[cfg(feature = "operator")]
pub mod profiles;
mod reader;
mod registry;
mod settings;
mod sign_in;

pub use document::{local_settings_example, table};
pub use environment::Environment;
pub use host_process::HostProcess;
pub use problem::{EXIT_CODE, Problem, Problems};
pub use registry::{Fallback, Kind, LogLevel, REGISTRY, Setting};
pub use settings::Settings;
pub use sign_in::SignInSettings;
