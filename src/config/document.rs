//! The registry for people: the table of the page beside this file, and `local.settings.json.example`. Both are generated,
//! so that neither drifts from the code.

use std::fmt::Write as _;

use super::registry::{Fallback, REGISTRY, Setting};
use crate::domain::Mode;

/// The table of settings in `src/config/README.md`, in Markdown, with a line break at the end.
#[must_use]
pub fn table() -> String {
    let mut text =
        String::from("| setting | holds | default | meaning |\n| --- | --- | --- | --- |\n");
    for setting in REGISTRY {
        let default = match setting.fallback {
            Fallback::Required { .. } if setting.is_set_by_the_host() => {
                "set by the host".to_owned()
            }
            Fallback::Required { .. } => "**required**".to_owned(),
            Fallback::Absent { means } => format!("none: {means}"),
            Fallback::Text("") => "none".to_owned(),
            Fallback::Text(text) => format!("`{text}`"),
        };
        push(
            &mut text,
            format_args!(
                "| `{}` | {} | {default} | {} |\n",
                setting.name,
                setting.kind.describe(),
                setting.doc,
            ),
        );
    }
    text
}

/// The text of `local.settings.json.example`, which the Functions Core Tools read on a developer's machine. It holds no
/// secret and no connection string: connections use the developer's own identity.
#[must_use]
pub fn local_settings_example() -> String {
    const OF_THE_PLATFORM: [(&str, &str); 3] = [
        ("FUNCTIONS_WORKER_RUNTIME", "custom"),
        ("AzureWebJobsStorage__accountName", "<storage account>"),
        (
            "EvictServiceBus__fullyQualifiedNamespace",
            "<namespace>.servicebus.windows.net",
        ),
    ];
    let ours = REGISTRY
        .iter()
        .filter(|setting| !setting.is_set_by_the_host())
        .map(|setting| (setting.name, example_value(setting)));
    let mut text = String::from("{\n  \"IsEncrypted\": false,\n  \"Values\": {");
    let mut separator = "";
    for (name, value) in OF_THE_PLATFORM.into_iter().chain(ours) {
        // Neither needs escaping: this program writes both, and a test parses the whole.
        push(
            &mut text,
            format_args!("{separator}\n    \"{name}\": \"{value}\""),
        );
        separator = ",";
    }
    text.push_str("\n  }\n}\n");
    text
}

fn example_value(setting: &Setting) -> &'static str {
    if setting.name == super::registry::MODE.name {
        // The example protects nobody, so it only observes.
        return Mode::Observe.as_str();
    }
    match setting.fallback {
        Fallback::Required { .. } => "<tenant id>",
        Fallback::Absent { .. } => "",
        Fallback::Text(text) => text,
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}
