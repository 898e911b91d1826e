//! Chooses the deployment of the operator's command: a flag wins over a variable, a variable over the profile.

use super::profiles::{Profile, ProfileFile, ProfileProblem};
use crate::config::{ALLOWED_CALLERS, CLOUD, Environment, HTTP_AUDIENCE, TENANT_ID};

/// The variables of the operator's command alone. The function refuses them.
const PROFILE: &str = "EVICT_PROFILE";
const NAMESPACE: &str = "EVICT_NAMESPACE";
const CHECK_URL: &str = "EVICT_CHECK_URL";

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This variable.
    Variable(&'static str),
    /// The profile of this name.
    Profile(String),
}

/// A value with its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The value as written.
    pub text: String,
    /// The source.
    pub origin: Origin,
}

/// What applies at a shell beside the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The settings' variables, completed from the profile.
    pub environment: Environment,
    /// The profile that applies.
    pub profile: Option<Profile>,
    /// The tenant.
    pub tenant: Option<Chosen>,
    /// The cloud.
    pub cloud: Option<Chosen>,
    /// The Service Bus namespace.
    pub namespace: Option<Chosen>,
    /// The address of the function's self-check.
    pub url: Option<Chosen>,
    /// The application that callers of the function get their tokens for.
    pub audience: Option<Chosen>,
}

impl Standing {
    /// Reads the variables and the profile: the named one, else that of `EVICT_PROFILE`, else the default of the file.
    ///
    /// # Errors
    /// The profile cannot be read, or is not there.
    pub(crate) fn read(
        environment: &Environment,
        file: Option<&ProfileFile>,
        named: Option<&str>,
    ) -> Result<Self, ProfileProblem> {
        let name = named.or_else(|| environment.text(PROFILE));
        let profile = match file {
            Some(file) => file.read(name)?,
            None => None,
        };
        let of_profile = |text: Option<String>| {
            let name = profile.as_ref().map(|profile| profile.name.clone())?;
            Some(Chosen {
                text: text?,
                origin: Origin::Profile(name),
            })
        };
        let chosen = |variable: &'static str, text: Option<String>| {
            let of_variable = environment.text(variable).map(|text| Chosen {
                text: text.to_owned(),
                origin: Origin::Variable(variable),
            });
            of_variable.or_else(|| of_profile(text))
        };
        let given = profile.clone().unwrap_or_default();
        let tenant = given.tenant.map(|tenant| tenant.to_string());
        let cloud = given.cloud.map(|cloud| cloud.as_str().to_owned());
        let audience = given.audience.map(|audience| audience.to_string());
        Ok(Self {
            tenant: chosen(TENANT_ID.name, tenant.clone()),
            cloud: chosen(CLOUD.name, cloud.clone()),
            namespace: chosen(NAMESPACE, given.namespace),
            url: chosen(CHECK_URL, given.url),
            audience: chosen(HTTP_AUDIENCE.name, audience),
            environment: environment
                .clone()
                .without(PROFILE)
                .without(NAMESPACE)
                .without(CHECK_URL)
                .with_default(TENANT_ID.name, tenant)
                .with_default(CLOUD.name, cloud)
                // The function alone decides which callers it admits.
                .without(HTTP_AUDIENCE.name)
                .without(ALLOWED_CALLERS.name),
            profile,
        })
    }
}
