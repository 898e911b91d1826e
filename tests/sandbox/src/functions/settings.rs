//! The app's settings: the defaults of every deployment, and the host's own use of the given ones.

use super::CONNECTION;
use super::manifest::Manifest;

/// The host's features that settings control.
#[derive(Debug)]
pub(super) struct Switches {
    /// Whether everything below `/admin` is reserved for the platform (`FUNCTIONS_ADMIN_ISOLATION_ENABLED`).
    pub(super) admin_is_isolated: bool,
    /// Whether the app has Application Insights (`APPLICATIONINSIGHTS_CONNECTION_STRING`).
    pub(super) traced: bool,
    /// The disabled functions (`AzureWebJobs.<Name>.Disabled`).
    pub(super) disabled: Vec<String>,
}

impl Switches {
    /// Reads the settings; of duplicates the later one counts.
    pub(super) fn read(environment: &[(String, String)], manifest: &Manifest) -> Self {
        let setting = |name: &str| {
            let given = environment.iter().rev().find(|(known, _)| known == name);
            given.map(|(_, value)| value.as_str())
        };
        let is_off = |name: &str| {
            setting(&format!("AzureWebJobs.{name}.Disabled"))
                .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
        };
        let names = manifest.functions.iter().map(|function| &function.name);
        Self {
            admin_is_isolated: setting("FUNCTIONS_ADMIN_ISOLATION_ENABLED") == Some("1"),
            traced: setting("APPLICATIONINSIGHTS_CONNECTION_STRING").is_some(),
            disabled: names.filter(|name| is_off(name)).cloned().collect(),
        }
    }
}

/// The settings that every deployment has, and the given ones.
pub(super) fn app_settings(given: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut settings = vec![
        ("FUNCTIONS_WORKER_RUNTIME".to_owned(), "custom".to_owned()),
        ("FUNCTIONS_EXTENSION_VERSION".to_owned(), "~4".to_owned()),
        (
            format!("{CONNECTION}__fullyQualifiedNamespace"),
            "sandbox.servicebus.windows.net".to_owned(),
        ),
    ];
    settings.extend(given);
    settings
}
