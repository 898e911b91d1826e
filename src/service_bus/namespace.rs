//! Namespaces and queues of Service Bus. Only a cloud of Microsoft or this machine can be expressed, so that a typing error
//! cannot send a token to a stranger.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// The domains of namespaces ("National clouds", "Azure Government developer guide", "Azure China developer guide").
const DOMAINS: &[&str] = &[
    ".servicebus.windows.net",
    ".servicebus.usgovcloudapi.net",
    ".servicebus.chinacloudapi.cn",
];

/// A Service Bus namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    root: String,
}

impl Namespace {
    /// The root of its addresses, without a slash at the end.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The form for a file: the host, or the whole address of one on this machine.
    #[must_use]
    pub fn written(&self) -> &str {
        if self.root.starts_with("http://") {
            self.root()
        } else {
            self.host()
        }
    }

    /// The host, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        self.root.split_once("://").map_or("", |(_, host)| host)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host())
    }
}

impl FromStr for Namespace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a namespace such as contoso-evict or contoso-evict.servicebus.windows.net \
                                (or .usgovcloudapi.net, .chinacloudapi.cn), or http:// and a loopback address with a port";
        let text = text.trim();
        if let Some(address) = text.strip_prefix("http://") {
            let address: SocketAddr = address
                .trim_end_matches('/')
                .parse()
                .map_err(|_| EXPECTED)?;
            if !address.ip().is_loopback() || address.port() == 0 {
                return Err(EXPECTED);
            }
            return Ok(Self {
                root: format!("http://{address}"),
            });
        }
        let text = ["https://", "sb://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text)
            .trim_end_matches('/')
            .to_ascii_lowercase();
        let domain = DOMAINS.iter().find(|domain| text.ends_with(**domain));
        let (name, domain) = match domain {
            Some(domain) => (text.strip_suffix(domain).unwrap_or_default(), *domain),
            None => (text.as_str(), DOMAINS[0]),
        };
        // "The namespace name": 6 to 50 letters, digits and hyphens, the first one a letter.
        let is_name = (6..=50).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name {
            return Err(EXPECTED);
        }
        Ok(Self {
            root: format!("https://{name}{domain}"),
        })
    }
}

/// A queue, or its dead-letter sub-queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePath {
    queue: String,
    dead_letters: bool,
}

impl QueuePath {
    /// The dead-letter sub-queue of the same queue.
    #[must_use]
    pub fn dead_letters(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            dead_letters: true,
        }
    }

    /// The path in an address.
    pub(super) fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for QueuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.queue)?;
        if self.dead_letters {
            f.write_str("/$deadletterqueue")?;
        }
        Ok(())
    }
}

impl FromStr for QueuePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_name = (1..=260).contains(&text.len())
            && text.split('/').all(|part| {
                part.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && part
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            });
        if !is_name {
            return Err(
                "expected the name of a queue: letters, digits, periods, hyphens, underscores",
            );
        }
        Ok(Self {
            queue: text.to_owned(),
            dead_letters: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_one_of_microsofts_or_on_this_machine() {
        for (text, root) in [
            (
                "contoso-evict",
                "https://contoso-evict.servicebus.windows.net",
            ),
            (
                "sb://Contoso-Evict.servicebus.windows.net/",
                "https://contoso-evict.servicebus.windows.net",
            ),
            (
                "contoso-evict.servicebus.usgovcloudapi.net",
                "https://contoso-evict.servicebus.usgovcloudapi.net",
            ),
            (
                "contoso-evict.servicebus.chinacloudapi.cn",
                "https://contoso-evict.servicebus.chinacloudapi.cn",
            ),
            ("http://127.0.0.1:4010/", "http://127.0.0.1:4010"),
        ] {
            assert_eq!(Namespace::from_str(text).unwrap().root(), root);
        }
        for text in [
            "",
            "evil.example.org",
            "contoso-evict.servicebus.windows.net.example.org",
            "contoso.evict.servicebus.windows.net",
            "contoso-evict.servicebus.windows.net/path",
            "user@contoso-evict.servicebus.windows.net",
            "http://contoso-evict.servicebus.windows.net",
            "http://10.0.0.1:80",
            "http://127.0.0.1",
        ] {
            assert!(Namespace::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_queue_leads_to_its_dead_letters_and_nowhere_else() {
        let queue = QueuePath::from_str("evict").unwrap();
        assert_eq!(queue.dead_letters().path(), "evict/$deadletterqueue");
        for text in ["", "..", "a/../b", "a?b", "a#b", "a b", "/a", "$management"] {
            assert!(QueuePath::from_str(text).is_err(), "{text}");
        }
    }
}
