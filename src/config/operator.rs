//! Which deployment the operator's command means: a flag wins over a variable, a variable over the profile.

use super::environment::{Content, Environment};
use super::profiles::{Profile, ProfileFile, ProfileProblem};
use super::registry;

/// The variables that the operator's command has beside those of the registry. The function has none of them and refuses them.
const PROFILE: &str = "EVICT_PROFILE";
const NAMESPACE: &str = "EVICT_NAMESPACE";
const CHECK_URL: &str = "EVICT_CHECK_URL";

/// Where a value stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this variable.
    Variable(&'static str),
    /// In the profile of this name.
    Profile(String),
}

/// A value, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The value, as it was written.
    pub text: String,
    /// Where.
    pub origin: Origin,
}

/// What counts at a shell besides the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The settings' variables, with those of the profile where nothing stood.
    pub environment: Environment,
    /// The profile that counts.
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
    /// Reads the variables and the profile: the one that is named, else the one of `EVICT_PROFILE`, else the usual one of the file.
    ///
    /// # Errors
    /// The profile cannot be read, or is not there.
    pub fn read(
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
            tenant: chosen(registry::TENANT_ID.name, tenant.clone()),
            cloud: chosen(registry::CLOUD.name, cloud.clone()),
            namespace: chosen(NAMESPACE, given.namespace),
            url: chosen(CHECK_URL, given.url),
            audience: chosen(registry::HTTP_AUDIENCE.name, audience),
            environment: environment
                .clone()
                .without(PROFILE)
                .without(NAMESPACE)
                .without(CHECK_URL)
                .with_default(registry::TENANT_ID.name, tenant)
                .with_default(registry::CLOUD.name, cloud)
                // Whom callers of the function have to be is the function's to know.
                .without(registry::HTTP_AUDIENCE.name)
                .without(registry::ALLOWED_CALLERS.name),
            profile,
        })
    }
}

impl Environment {
    /// The same environment with this value in a variable of the registry, if nothing but white space stood there.
    fn with_default(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) if self.text(name).is_none() => self.with(name, value),
            Some(_) | None => self,
        }
    }

    /// The same environment without a variable.
    fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// What stands in a variable, if it is a text and not white space alone.
    fn text(&self, name: &str) -> Option<&str> {
        match self.variables.get(name)? {
            Content::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Content::NotUnicode => None,
        }
    }
}
