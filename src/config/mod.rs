//! The settings: one registry of every environment variable, read in one go.
//!
//! This is the only room that reads the environment. All problems are reported at once, each with its variable's name. An
//! unknown variable with the prefix `EVICT_` is a problem too, because a misspelt guard is no guard. No setting is a secret:
//! nothing here may ever ask for one. A problem never repeats a value, because anything may have been pasted there.

mod document;
mod environment;
mod host_process;
mod in_force;
mod nearest;
mod problem;
mod reader;
mod registry;
mod settings;
mod sign_in;

pub use document::{local_settings_example, table};
pub use environment::Environment;
pub use host_process::HostProcess;
pub use problem::{EXIT_CODE, Problem, Problems};
pub use registry::{
    ALLOWED_CALLERS, CLOUD, Fallback, HTTP_AUDIENCE, Kind, LogLevel, REGISTRY, Setting, TENANT_ID,
};
pub use settings::Settings;
pub use sign_in::SignInSettings;
