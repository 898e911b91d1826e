//! Whom a token is for. A token serves one resource; the same sign-in gives tokens for several.

use std::fmt;

use crate::domain::{Audience, Cloud};

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

    /// An application of the tenant's own, such as the one that HTTP callers of the function get their tokens for.
    #[must_use]
    pub fn application(audience: &Audience) -> Self {
        Self {
            id: audience.to_string(),
        }
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
                Resource::application(&application),
                "api://6cace4d5-19d5-4695-92e7-4f7bfab36728/.default",
            ),
        ] {
            assert_eq!(resource.scope(), scope);
        }
    }
}
