//! The Microsoft clouds, and the one other place where their services may be: this machine.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A Microsoft cloud. Tokens of one do not work in another ("National cloud deployments", Microsoft Graph).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The worldwide cloud, GCC included.
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud, with its name in `EVICT_CLOUD`.
    pub const ALL: [(&'static str, Self); 4] = [
        ("global", Self::Global),
        ("usgov", Self::UsGov),
        ("usgovdod", Self::UsGovDod),
        ("china", Self::China),
    ];

    /// The root URL of Graph, which is also its tokens' audience, without a trailing slash.
    #[must_use]
    pub fn graph_root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// The root URL of the sign-in service, without a trailing slash ("Microsoft Entra authentication endpoints" of
    /// "National clouds").
    #[must_use]
    pub fn login_root(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// The root URL of the issuer of version 1 tokens, without a trailing slash ("Access token claims reference"; for
    /// China from the metadata of its sign-in service).
    #[must_use]
    pub fn first_issuer_root(self) -> &'static str {
        match self {
            Self::Global | Self::UsGov | Self::UsGovDod => "https://sts.windows.net",
            Self::China => "https://sts.chinacloudapi.cn",
        }
    }

    /// The root URL of Azure Resource Manager, which is also its tokens' audience, without a trailing slash (the cloud
    /// metadata of the Azure CLI; both government clouds share one).
    #[must_use]
    pub fn arm_root(self) -> &'static str {
        match self {
            Self::Global => "https://management.azure.com",
            Self::UsGov | Self::UsGovDod => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    /// The name of the cloud in `EVICT_CLOUD`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::UsGovDod => "usgovdod",
            Self::China => "china",
        }
    }
}

impl FromStr for Cloud {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
            .map(|(_, cloud)| *cloud)
            .ok_or("expected one of global, usgov, usgovdod, china")
    }
}

/// An endpoint of one service: a Microsoft cloud over https, or loopback. No other address can be expressed, so a
/// typing error cannot send a token to a stranger.
macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident, $root:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            root: String,
        }

        impl $name {
            /// The service of a Microsoft cloud.
            #[must_use]
            pub fn of_cloud(cloud: Cloud) -> Self {
                Self {
                    root: cloud.$root().to_owned(),
                }
            }

            /// The service on this machine, such as `http://127.0.0.1:4010`. Https is allowed too, so that HTTP/2
            /// behaviour can be tried here.
            ///
            /// # Errors
            /// The text is not http or https to an explicit loopback address and port.
            pub fn loopback(text: &str) -> Result<Self, &'static str> {
                loopback_root(text).map(|root| Self { root })
            }

            /// The root URL, without a trailing slash.
            #[must_use]
            pub fn root(&self) -> &str {
                &self.root
            }
        }

        impl From<$name> for String {
            fn from(endpoint: $name) -> Self {
                endpoint.root
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.root)
            }
        }
    };
}

endpoint! {
    /// The endpoint of Graph: the root before `/v1.0`.
    GraphEndpoint, graph_root
}
endpoint! {
    /// The endpoint of the sign-in service, for signing keys and federated tokens: the root before the tenant's id.
    LoginEndpoint, login_root
}
endpoint! {
    /// The endpoint of Azure Resource Manager: the root before `/subscriptions`.
    ArmEndpoint, arm_root
}

fn loopback_root(text: &str) -> Result<String, &'static str> {
    const EXPECTED: &str = "expected http:// or https:// and a loopback address with a port, such as http://127.0.0.1:4010";
    let root = text.trim().trim_end_matches('/');
    let (scheme, rest) = root.split_once("://").ok_or(EXPECTED)?;
    if !matches!(scheme, "http" | "https") {
        return Err(EXPECTED);
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = match authority.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => authority.to_owned(),
    };
    let address: SocketAddr = address.parse().map_err(|_| EXPECTED)?;
    let plain = path
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    if !address.ip().is_loopback() || address.port() == 0 || !plain || path.contains("..") {
        return Err(EXPECTED);
    }
    let slash = if path.is_empty() { "" } else { "/" };
    Ok(format!("{scheme}://{address}{slash}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_taken_for_an_endpoint() {
        for text in [
            "http://127.0.0.1:4010",
            "http://127.0.0.1:4010/",
            "http://localhost:80/graph",
            "http://[::1]:9",
            "https://127.0.0.1:4010",
        ] {
            assert!(GraphEndpoint::loopback(text).is_ok(), "{text}");
        }
        for text in [
            "https://graph.microsoft.com",
            "ftp://127.0.0.1:21",
            "https://127.0.0.1.example.org:443",
            "http://127.0.0.1.example.org:80",
            "http://127.0.0.1:80@example.org",
            "http://10.0.0.1:80",
            "http://0.0.0.0:80",
            "http://127.0.0.1",
            "http://localhost.example:80",
            "http://127.0.0.1:80/../x",
            "http://127.0.0.1:80?x",
            "",
        ] {
            assert!(GraphEndpoint::loopback(text).is_err(), "{text}");
        }
    }
}
