//! Any text as the environment: settings within their ranges, or problems that name their variable and repeat no value.

use evict::config::{Environment, REGISTRY, Settings};

/// Reads the bytes as lines of `NAME=VALUE`; a line without a name gives a value to the variable before it.
///
/// # Panics
/// Accepted settings break a promise of the registry, or a problem repeats a value.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let pairs: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let environment = Environment::from_pairs(pairs.iter().copied());
    match Settings::read(&environment) {
        Ok(settings) => {
            assert!(pairs.iter().any(|(name, _)| *name == "EVICT_TENANT_ID"));
            assert!((1..=64).contains(&settings.concurrency));
            assert!((5..=220).contains(&settings.http_deadline.as_secs()));
            assert!((5..=240).contains(&settings.queue_deadline.as_secs()));
            let root = settings.graph_endpoint.root();
            assert!(is_microsoft_or_loopback(root), "{root}");
            let root = settings.login_endpoint.root();
            assert!(is_microsoft_or_loopback(root), "{root}");
            for (name, value) in settings.in_force() {
                assert!(
                    !name.is_empty() && !value.contains(['\n', '\u{1b}']),
                    "{name}"
                );
            }
        }
        Err(problems) => {
            assert!(problems.iter().next().is_some());
            for problem in problems.iter() {
                let line = problem.to_string();
                assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line:?}");
                assert!(!problem.variable().is_empty());
            }
            // A value may be a secret that was pasted into the wrong place. Short ones occur in our own words.
            let told = problems.to_string();
            for (name, value) in &pairs {
                let is_told = value.len() > 24 && !name.contains(value) && told.contains(value);
                let is_a_name = pairs.iter().any(|(name, _)| name.contains(value));
                // The value may equal one of our own examples.
                let is_ours = REGISTRY
                    .iter()
                    .any(|setting| setting.kind.describe().contains(value));
                assert!(
                    !is_told || is_a_name || is_ours,
                    "{name} is repeated: {told}"
                );
            }
        }
    }
}

/// Whether a token may be sent there: to a host of Microsoft over https, or to this machine.
fn is_microsoft_or_loopback(root: &str) -> bool {
    const HOSTS: &[&str] = &[
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.us",
        "https://login.partner.microsoftonline.cn",
    ];
    let is_loopback = |rest: &str| {
        ["127.", "localhost:", "localhost/", "[::1]"]
            .iter()
            .any(|start| rest.starts_with(start))
            || rest == "localhost"
    };
    HOSTS.contains(&root) || root.strip_prefix("http://").is_some_and(is_loopback)
}
