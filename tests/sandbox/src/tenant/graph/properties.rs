//! The properties of a user: which names exist, which are returned without `$select`, and their values ("user resource
//! type"). `$select` is applied exactly: an unknown name is refused.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::permissions::Permitted;
use crate::tenant::answer::Answer;
use crate::tenant::directory::User;

/// Returned without `$select`.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// The basic profile: what User.ReadBasic.All shows.
const BASIC: [&str; 8] = [
    "displayName",
    "givenName",
    "id",
    "mail",
    "photo",
    "securityIdentifier",
    "surname",
    "userPrincipalName",
];

/// Further existing names, whose value here is null.
const WITHOUT_VALUE: [&str; 39] = [
    "aboutMe",
    "ageGroup",
    "assignedLicenses",
    "assignedPlans",
    "birthday",
    "businessPhones",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "deletedDateTime",
    "department",
    "employeeHireDate",
    "employeeId",
    "employeeType",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "givenName",
    "imAddresses",
    "isResourceAccount",
    "jobTitle",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "mobilePhone",
    "officeLocation",
    "onPremisesDistinguishedName",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "postalCode",
    "preferredLanguage",
    "signInActivity",
    "state",
    "surname",
    "usageLocation",
];

/// Existing names with a value.
pub(super) const WITH_VALUE: [&str; 16] = [
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "userType",
    "externalUserState",
    "accountEnabled",
    "identities",
    "securityIdentifier",
    "onPremisesSecurityIdentifier",
    "onPremisesSamAccountName",
    "onPremisesDomainName",
    "onPremisesSyncEnabled",
    "signInSessionsValidFromDateTime",
];

/// The properties that a call requests.
#[derive(Debug)]
pub(super) struct Selection {
    names: Vec<String>,
    /// Whether the names came from `$select`, and so appear in the context.
    explicit: bool,
}

/// Whether the directory knows a property by this name.
pub(super) fn exists(name: &str) -> bool {
    WITH_VALUE.contains(&name) || WITHOUT_VALUE.contains(&name)
}

/// The refusal of a name that is not in the type.
pub(super) fn no_such_property(name: &str, type_name: &str) -> Answer {
    let message = format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
    );
    Answer::error(400, "BadRequest", &message)
}

impl Selection {
    /// Reads `$select`.
    pub(super) fn of_user(select: Option<&str>) -> Result<Self, Answer> {
        let Some(select) = select else {
            return Ok(Self {
                names: DEFAULT.map(str::to_owned).to_vec(),
                explicit: false,
            });
        };
        let names: Vec<String> = select
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        if let Some(unknown) = names.iter().find(|name| !exists(name)) {
            return Err(no_such_property(unknown, "user"));
        }
        Ok(Self {
            names,
            explicit: true,
        })
    }

    /// Whether only the basic profile is requested.
    pub(super) fn is_basic(&self) -> bool {
        !self.explicit || self.names.iter().all(|name| BASIC.contains(&name.as_str()))
    }

    /// Whether this property is requested by name.
    pub(super) fn names(&self, property: &str) -> bool {
        self.explicit && self.names.iter().any(|name| name == property)
    }

    /// The text after `users` in the context: `(id,mail)` or nothing.
    pub(super) fn in_context(&self) -> String {
        if self.explicit {
            format!("({})", self.names.join(","))
        } else {
            String::new()
        }
    }

    /// The selected properties of a user, as far as they may be seen.
    pub(super) fn read(
        &self,
        user: &mut User,
        domain: &str,
        permitted: Permitted<'_>,
        now: Timestamp,
    ) -> Map<String, Value> {
        let full = permitted.read_users();
        self.names
            .iter()
            .filter(|name| full || BASIC.contains(&name.as_str()))
            .map(|name| (name.clone(), value(user, name, domain, now)))
            .collect()
    }
}

/// The value of a property; null for properties without one here.
pub(super) fn value(user: &mut User, name: &str, domain: &str, now: Timestamp) -> Value {
    match name {
        "signInSessionsValidFromDateTime" => json!(user.read_valid_from(now)),
        "businessPhones" | "otherMails" | "imAddresses" | "assignedLicenses" | "assignedPlans" => {
            json!([])
        }
        _ => still_value(user, name, domain),
    }
}

/// The value of a property that reading does not change.
pub(super) fn still_value(user: &User, name: &str, domain: &str) -> Value {
    let entry = &user.entry;
    match name {
        "id" => json!(entry.id),
        "userPrincipalName" => json!(entry.user_principal_name),
        "displayName" => json!(entry.display_name),
        "mail" => json!(entry.mail),
        "mailNickname" => json!(entry.user_principal_name.split('@').next()),
        "proxyAddresses" => json!(user.proxy_addresses()),
        "userType" => json!(entry.user_type.as_deref().unwrap_or("Member")),
        "externalUserState" => json!(entry.external_user_state),
        "accountEnabled" => json!(user.enabled()),
        "identities" => identities(user, domain),
        "securityIdentifier" => json!(user.cloud_sid()),
        "onPremisesSecurityIdentifier" => json!(entry.on_premises_security_identifier),
        "onPremisesSamAccountName" => json!(entry.on_premises_sam_account_name),
        "onPremisesDomainName" => json!(entry.on_premises_domain_name),
        "onPremisesSyncEnabled" => json!(entry.on_premises_sync_enabled),
        _ => Value::Null,
    }
}

/// How a user signs in ("objectIdentity resource type"): with the name, and for an invited user also elsewhere.
fn identities(user: &User, domain: &str) -> Value {
    let issuer = user
        .entry
        .user_principal_name
        .rsplit_once('@')
        .map_or(domain, |(_, domain)| domain);
    let own = json!({
        "signInType": "userPrincipalName",
        "issuer": issuer,
        "issuerAssignedId": user.entry.user_principal_name,
    });
    if user.entry.is_external() {
        let elsewhere = json!({
            "signInType": "federated",
            "issuer": "ExternalAzureAD",
            "issuerAssignedId": null,
        });
        json!([elsewhere, own])
    } else {
        json!([own])
    }
}
