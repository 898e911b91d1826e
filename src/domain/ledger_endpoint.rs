//! The address of the ledger's blob: a storage account of the configured cloud over https, or loopback. No other
//! address can be expressed, so a typing error cannot send a token to a stranger.

use std::fmt;
use std::net::SocketAddr;

use super::cloud::Cloud;

/// The address of the ledger's blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEndpoint {
    url: String,
}

impl LedgerEndpoint {
    /// Parses `https://<account>.blob.<domain of the cloud>/<container>/<blob>`; on this machine `http://` or
    /// `https://`, a loopback address with a port, and a path.
    ///
    /// # Errors
    /// The text has another form. It is not repeated, because it may contain a shared access signature.
    pub fn parse(text: &str, cloud: Cloud) -> Result<Self, &'static str> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or("it is not an address")?;
        if rest.contains('?') {
            return Err(
                "it has a query; a shared access signature is a secret, and the app signs in as its identity",
            );
        }
        let (authority, path) = rest.split_once('/').ok_or("it has no path")?;
        if loopback(authority) {
            if !matches!(scheme, "http" | "https") {
                return Err("it is neither http nor https");
            }
            if path.split('/').count() < 2 || !path.split('/').all(is_plain) {
                return Err("it does not name a container and a blob");
            }
            return Ok(Self {
                url: text.to_owned(),
            });
        }
        if scheme != "https" {
            return Err("it is not https");
        }
        if !is_account_host(authority, cloud) {
            return Err("its host is not a storage account of the cloud");
        }
        let (container, blob) = path
            .split_once('/')
            .ok_or("it does not name a container and a blob")?;
        if !is_container(container) {
            return Err("it does not name a container");
        }
        if blob.len() > 200 || !blob.split('/').all(is_plain) {
            return Err("it does not name a blob");
        }
        Ok(Self {
            url: text.to_owned(),
        })
    }

    /// The neighbouring blob in which an app in `observe` mode counts the users that it would have cut, so that it
    /// takes no place from others.
    #[must_use]
    pub fn of_observing(&self) -> Self {
        Self {
            url: format!("{}.observed", self.url),
        }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether requests carry a token: over https alone.
    #[must_use]
    pub fn takes_a_token(&self) -> bool {
        self.url.starts_with("https://")
    }
}

impl fmt::Display for LedgerEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

fn loopback(authority: &str) -> bool {
    authority
        .parse::<SocketAddr>()
        .is_ok_and(|address| address.ip().is_loopback() && address.port() != 0)
}

/// Whether a host is a storage account of the cloud ("Storage account overview", endpoints; an account with an Azure
/// DNS zone has the zone, `z00` to `z99`, in between). The read-only secondary is refused; its name has a hyphen, and
/// no account's has.
fn is_account_host(host: &str, cloud: Cloud) -> bool {
    let name = match cloud {
        Cloud::Global => host.strip_suffix(".blob.core.windows.net").or_else(|| {
            let (account, zone) = host
                .strip_suffix(".blob.storage.azure.net")?
                .split_once('.')?;
            let digits = zone.strip_prefix('z')?;
            (digits.len() == 2 && digits.bytes().all(|c| c.is_ascii_digit())).then_some(account)
        }),
        Cloud::UsGov | Cloud::UsGovDod => host.strip_suffix(".blob.core.usgovcloudapi.net"),
        Cloud::China => host.strip_suffix(".blob.core.chinacloudapi.cn"),
    };
    name.is_some_and(|name| {
        (3..=24).contains(&name.len())
            && name
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// Whether a text is a container's name ("Naming and referencing containers, blobs, and metadata").
fn is_container(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Whether a path segment is written without encoding.
fn is_plain(piece: &str) -> bool {
    !piece.is_empty()
        && !piece.ends_with('.')
        && !piece.starts_with('.')
        && piece
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_account_of_the_cloud_and_loopback_are_taken() {
        for (text, cloud) in [
            (
                "https://evict01.blob.core.windows.net/evict-ledger/hour.json",
                Cloud::Global,
            ),
            (
                " https://evict01.z07.blob.storage.azure.net/evict-ledger/a/hour ",
                Cloud::Global,
            ),
            (
                "https://evict01.blob.core.usgovcloudapi.net/evict-ledger/hour",
                Cloud::UsGov,
            ),
            (
                "https://evict01.blob.core.usgovcloudapi.net/evict-ledger/hour",
                Cloud::UsGovDod,
            ),
            (
                "https://evict01.blob.core.chinacloudapi.cn/evict-ledger/hour",
                Cloud::China,
            ),
            ("http://127.0.0.1:4010/evict-ledger/hour", Cloud::Global),
            ("http://[::1]:4010/evict-ledger/hour", Cloud::China),
            (
                "https://127.0.0.1:10000/devstoreaccount1/evict-ledger/hour",
                Cloud::Global,
            ),
        ] {
            let endpoint = LedgerEndpoint::parse(text, cloud).unwrap();
            assert_eq!(endpoint.url(), text.trim());
            assert_eq!(endpoint.takes_a_token(), text.contains("https:"), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_taken() {
        for text in [
            "",
            "evict01.blob.core.windows.net/evict-ledger/hour",
            "http://evict01.blob.core.windows.net/evict-ledger/hour",
            "https://evict01.blob.core.windows.net",
            "https://evict01.blob.core.windows.net/evict-ledger",
            "https://evict01.blob.core.windows.net/evict-ledger/",
            "https://evict01.blob.core.windows.net/Evict/hour",
            "https://evict01.blob.core.windows.net/evict--ledger/hour",
            "https://evict01.blob.core.windows.net/evict-ledger/../hour",
            "https://evict01.blob.core.windows.net/evict-ledger/a%2Fb",
            "https://evict01.blob.core.windows.net/evict-ledger/hour?sv=2024&sig=secret",
            "https://evict01.blob.core.windows.net/evict-ledger/hour#x",
            "https://evict01.blob.core.windows.net:8443/evict-ledger/hour",
            "https://evict01.blob.core.windows.net.example.org/evict-ledger/hour",
            "https://evict01.blob.core.windows.net@example.org/evict-ledger/hour",
            "https://example.org/evict-ledger/hour",
            "https://evict01-secondary.blob.core.windows.net/evict-ledger/hour",
            "https://evict01.z7.blob.storage.azure.net/evict-ledger/hour",
            "https://evict01.blob.core.chinacloudapi.cn/evict-ledger/hour",
            "https://evict01.queue.core.windows.net/evict-ledger/hour",
            "https://a.b.blob.core.windows.net/evict-ledger/hour",
            "http://10.0.0.1:80/evict-ledger/hour",
            "http://localhost:80/evict-ledger/hour",
            "http://127.0.0.1/evict-ledger/hour",
            "http://127.0.0.1:80@example.org/evict-ledger/hour",
            "http://127.0.0.1:80/hour",
            "ftp://127.0.0.1:80/evict-ledger/hour",
        ] {
            let parsed = LedgerEndpoint::parse(text, Cloud::Global);
            assert!(parsed.is_err(), "{text}");
            assert!(!parsed.unwrap_err().contains("secret&"), "{text}");
        }
    }
}
