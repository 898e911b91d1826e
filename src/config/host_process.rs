//! What the Functions host passes to the process that it starts. Nobody sets it by hand, so it is no setting.

use std::path::PathBuf;

use super::environment::{APP_ROOT, Content, Environment, WORKER_ID};

/// Whether the Functions host started this process, and with which app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostProcess {
    /// Whether the Functions host started it.
    pub is_there: bool,
    /// The folder of the app, with `host.json` in it.
    pub app_root: Option<PathBuf>,
}

impl HostProcess {
    /// Reads the host's variables.
    #[must_use]
    pub fn read(environment: &Environment) -> Self {
        let text = |name| match environment.get(name) {
            Some(Content::Text(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
            Some(Content::NotUnicode) | None => None,
        };
        Self {
            is_there: text(WORKER_ID).is_some(),
            app_root: text(APP_ROOT).map(PathBuf::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_there_if_it_has_named_its_worker() {
        let by_hand =
            Environment::from_pairs([("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"), (WORKER_ID, " ")]);
        let nobody = HostProcess::read(&by_hand);
        assert!(!nobody.is_there);
        assert_eq!(nobody.app_root, None);
        let by_host = Environment::from_pairs([
            (WORKER_ID, "0f8fad5b-d9cb-469f-a165-70867728950e"),
            (APP_ROOT, "/home/site/wwwroot"),
        ]);
        let host = HostProcess::read(&by_host);
        assert!(host.is_there);
        assert_eq!(host.app_root, Some(PathBuf::from("/home/site/wwwroot")));
    }
}
