//! What a token is for. A token serves one resource; the same sign-in gives tokens for several.

use std::fmt;

use crate::domain::{Audience, Cloud};

/// Domains of Microsoft's own services in its clouds, as they name them as resources.
const MICROSOFTS_DOMAINS: [&str; 12] = [
    "microsoft.com",
    "microsoft.us",
    "azure.com",
    "azure.net",
    "azure.us",
    "azure.cn",
    "windows.net",
    "office.com",
    "office365.com",
    "usgovcloudapi.net",
    "chinacloudapi.cn",
    "microsoftonline.com",
];

/// How the ids of Microsoft's oldest applications end, Graph's among them ("Application IDs of commonly used Microsoft
/// applications").
const MICROSOFTS_IDS: &str = "-0000-0000-c000-000000000000";

/// Younger ones: Azure Resource Manager, Azure Key Vault, Azure Storage, Azure Service Bus, Log Analytics.
const MICROSOFTS_APPLICATIONS: [&str; 5] = [
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "e406a681-f3d4-42a8-90b6-c2b029497af1",
    "80a10ef9-8168-493d-abf9-3297c4ef6e3c",
    "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
];

/// A service that wants tokens of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    id: String,
}

impl Resource {
    /// Microsoft Graph in this cloud.
    #[must_use]
    pub fn graph(cloud: Cloud) -> Self {
        Self {
            id: cloud.graph_root().to_owned(),
        }
    }

    /// Azure Resource Manager in this cloud.
    #[must_use]
    pub fn azure(cloud: Cloud) -> Self {
        Self {
            id: cloud.arm_root().to_owned(),
        }
    }

    /// Service Bus, which has one id in every cloud ("Authenticate an application with Microsoft Entra ID to access Azure
    /// Service Bus entities").
    #[must_use]
    pub fn service_bus() -> Self {
        Self {
            id: "https://servicebus.azure.net".to_owned(),
        }
    }

    /// Azure Storage, which has one id in every cloud ("Authorize access to blobs using Microsoft Entra ID").
    #[must_use]
    pub fn storage() -> Self {
        Self {
            id: "https://storage.azure.com".to_owned(),
        }
    }

    /// An application of the tenant's own, such as the one that HTTP callers of the function get their tokens for.
    ///
    /// # Errors
    /// It is one of Microsoft's own services: a token for that may not go to an address that somebody typed.
    pub fn application(audience: &Audience) -> Result<Self, &'static str> {
        let id = audience.to_string();
        let lower = id.to_ascii_lowercase();
        let host = lower.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let is_host = MICROSOFTS_DOMAINS
            .iter()
            .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
        let is_id = lower.contains(MICROSOFTS_IDS)
            || MICROSOFTS_APPLICATIONS
                .iter()
                .any(|known| lower.contains(known));
        if is_host || is_id {
            return Err("a service of Microsoft's own, and no application of the tenant");
        }
        Ok(Self { id })
    }

    /// All that is granted there beforehand, as the sign-in service wants it.
    pub(super) fn scope(&self) -> String {
        format!("{}/.default", self.id)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_has_its_scope() {
        let application: Audience = "api://6cace4d5-19d5-4695-92e7-4f7bfab36728"
            .parse()
            .unwrap();
        for (resource, scope) in [
            (
                Resource::graph(Cloud::China),
                "https://microsoftgraph.chinacloudapi.cn/.default",
            ),
            (
                Resource::azure(Cloud::Global),
                "https://management.azure.com/.default",
            ),
            (
                Resource::service_bus(),
                "https://servicebus.azure.net/.default",
            ),
            (
                Resource::application(&application).unwrap(),
                "api://6cace4d5-19d5-4695-92e7-4f7bfab36728/.default",
            ),
        ] {
            assert_eq!(resource.scope(), scope);
        }
    }

    #[test]
    fn a_service_of_microsofts_own_is_no_application_of_the_tenant() {
        for text in [
            "https://graph.microsoft.com",
            "https://management.AZURE.com/",
            "https://servicebus.azure.net",
            "https://vault.azure.net",
            "00000003-0000-0000-c000-000000000000",
            "api://00000003-0000-0000-c000-000000000000",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        ] {
            let audience: Audience = text.parse().unwrap();
            assert!(Resource::application(&audience).is_err(), "{text}");
        }
        for text in [
            "api://evict.contoso.com",
            "https://evict.notmicrosoft.com",
            "6cace4d5-19d5-4695-92e7-4f7bfab36728",
        ] {
            let audience: Audience = text.parse().unwrap();
            assert!(Resource::application(&audience).is_ok(), "{text}");
        }
    }
}
