//! The settings of the operator's sign-in where Graph is not asked.

use uuid::Uuid;

use crate::domain::{ArmEndpoint, Cloud, LoginEndpoint, TenantId};

use super::environment::Environment;
use super::problem::Problems;
use super::reader::{Noted, Reader};
use super::registry;
use super::settings::{self, Settings};

/// How the operator signs in. The tenant is pinned only if it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// The tenant that is pinned.
    pub tenant: Option<TenantId>,
    /// The client id of a user-assigned managed identity; `None` for the system-assigned one.
    pub client_id: Option<Uuid>,
    /// The endpoint that exchanges tokens: the cloud's, or one on this machine.
    pub login_endpoint: LoginEndpoint,
    /// The cloud.
    pub cloud: Cloud,
    /// Azure Resource Manager's endpoint: the cloud's, or one on this machine.
    pub arm_endpoint: ArmEndpoint,
}

impl SignInSettings {
    /// Reads the settings. A tenant of the command line wins over the variable.
    ///
    /// # Errors
    /// All that is wrong with these settings, at once, and every variable that is named like ours and is none.
    pub fn read(environment: &Environment, tenant: Option<TenantId>) -> Result<Self, Problems> {
        let mut reader = Reader::new(environment);
        let pinned = match tenant {
            Some(tenant) => Ok(Some(tenant)),
            None => reader.optional(&registry::TENANT_ID, settings::tenant),
        };
        let client_id = reader.optional(&registry::CLIENT_ID, settings::client_id);
        let cloud = settings::cloud(&mut reader);
        let login_endpoint = reader.optional(&registry::LOGIN_ENDPOINT, settings::login_endpoint);
        let arm_endpoint = reader.optional(&registry::ARM_ENDPOINT, settings::arm_endpoint);
        reader.unknown_names();
        let settings = || {
            let cloud: Cloud = cloud?;
            Ok::<Self, Noted>(Self {
                tenant: pinned?,
                client_id: client_id?,
                login_endpoint: login_endpoint?.unwrap_or_else(|| LoginEndpoint::of_cloud(cloud)),
                cloud,
                arm_endpoint: arm_endpoint?.unwrap_or_else(|| ArmEndpoint::of_cloud(cloud)),
            })
        };
        match (settings(), reader.into_problems()) {
            (Ok(settings), problems) if problems.is_empty() => Ok(settings),
            (_, problems) => Err(Problems(problems)),
        }
    }
}

impl From<&Settings> for SignInSettings {
    fn from(settings: &Settings) -> Self {
        Self {
            tenant: Some(settings.policy.tenant),
            client_id: settings.client_id,
            login_endpoint: settings.login_endpoint.clone(),
            cloud: settings.cloud,
            arm_endpoint: settings.arm_endpoint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "f6fadfa7-e5c1-4b62-9362-da5cc13da58a";
    const OTHER: &str = "84c31ca0-ac3b-4eae-ad11-519d80233e6f";

    fn read(pairs: &[(&str, &str)], tenant: Option<&str>) -> Result<SignInSettings, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        SignInSettings::read(&environment, tenant.map(|text| text.parse().unwrap()))
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_command_line_pins_before_the_variable_and_nothing_pins_nothing() {
        let tenant = |pairs: &[(&str, &str)], given| {
            let pinned = read(pairs, given).unwrap().tenant;
            pinned.map(|tenant| tenant.to_string())
        };
        let variable = [("EVICT_TENANT_ID", OURS)];
        assert_eq!(tenant(&variable, Some(OTHER)).as_deref(), Some(OTHER));
        assert_eq!(tenant(&variable, None).as_deref(), Some(OURS));
        assert_eq!(tenant(&[], None), None);
    }

    #[test]
    fn what_is_wrong_is_told_at_once_and_what_is_not_needed_is_not_read() {
        let problems = read(
            &[
                ("EVICT_CLOUD", "mars"),
                ("EVICT_TENANT_ID", "contoso.com"),
                ("EVICT_TENNANT", "x"),
                ("EVICT_MAX_USERS_PER_ALERT", "many"),
            ],
            None,
        )
        .unwrap_err();
        for name in ["EVICT_CLOUD", "EVICT_TENANT_ID", "EVICT_TENNANT"] {
            assert!(problems.contains(name), "{problems}");
        }
        assert!(!problems.contains("many"), "{problems}");
        assert!(
            !problems.contains("EVICT_MAX_USERS_PER_ALERT"),
            "{problems}"
        );
    }
}
