//! The definition of a tenant in a file: users with their sessions, groups, and the app's identity. It describes the
//! start; `directory` and `sessions` keep the later state.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::world_access::{self, WorldAccess};

/// A tenant at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct World {
    /// The tenant itself.
    pub tenant: WorldTenant,
    /// Its users.
    #[serde(default, deserialize_with = "null_is_default")]
    pub users: Vec<WorldUser>,
    /// Its groups.
    #[serde(default, deserialize_with = "null_is_default")]
    pub groups: Vec<WorldGroup>,
    /// The identity of the function app in it.
    #[serde(default, deserialize_with = "null_is_default")]
    pub app: WorldApp,
    /// What accounts can reach.
    #[serde(default, deserialize_with = "null_is_default")]
    pub access: WorldAccess,
}

/// A tenant's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldTenant {
    /// The tenant id.
    pub id: Uuid,
    /// Its default domain.
    pub domain: String,
}

/// A user. Names are Graph's; omitted properties have Graph's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldUser {
    /// The object id.
    pub id: Uuid,
    /// The user principal name.
    pub user_principal_name: String,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The primary mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// All mail addresses, `SMTP:` before the primary one and `smtp:` before the others. From `mail` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_addresses: Option<Vec<String>>,
    /// The SID in the on-premises directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_security_identifier: Option<String>,
    /// The account name in the on-premises directory, without its domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_sam_account_name: Option<String>,
    /// The DNS name of the on-premises domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_domain_name: Option<String>,
    /// Whether the user is synchronised from an on-premises directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_sync_enabled: Option<bool>,
    /// `Member` or `Guest`; `Member` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// `Accepted` or `PendingAcceptance` for an invited user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_user_state: Option<String>,
    /// Whether the user may sign in; true if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_enabled: Option<bool>,
    /// When sessions were last cut; thirty days before the start if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_sessions_valid_from_date_time: Option<jiff::Timestamp>,
    /// The names of the user's Entra roles, for readers of the file; `access` defines what calls return.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub roles: Vec<String>,
    /// Identity Protection's view of the user; `None` for a user who was never at risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<WorldRisk>,
    /// The client apps in which the user is signed in.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sessions: Vec<WorldSession>,
}

impl WorldUser {
    /// A member with this id and name alone.
    #[must_use]
    pub fn member(id: Uuid, user_principal_name: &str) -> Self {
        Self {
            id,
            user_principal_name: user_principal_name.to_owned(),
            mail: Some(user_principal_name.to_owned()),
            ..Self::default()
        }
    }

    /// The same user, signed in with one more client app.
    #[must_use]
    pub fn signed_in_with(mut self, app: &str) -> Self {
        self.sessions.push(WorldSession {
            app: app.to_owned(),
            ..WorldSession::default()
        });
        self
    }

    /// Whether the user signs in at another tenant. The `#EXT#` of the name decides, because the user type is only a
    /// label ("Properties of a Microsoft Entra B2B collaboration user").
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.user_principal_name
            .to_ascii_uppercase()
            .contains("#EXT#")
            || self.external_user_state.is_some()
    }
}

/// A client app in which a user is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldSession {
    /// The name of the client app.
    pub app: String,
    /// Whether client and resource take part in continuous access evaluation.
    #[serde(default, deserialize_with = "null_is_default")]
    pub cae: bool,
    /// How many minutes before the start the user signed in; 60 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_minutes_ago: Option<u32>,
    /// The address of the client app, for the sign-in log; one reserved for documentation if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The two letters of the country or region of that address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Identity Protection's view of a user, in the words of "riskyUser resource type".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldRisk {
    /// `low`, `medium`, `high`, `hidden` or `none`.
    pub level: String,
    /// `atRisk`, `confirmedCompromised`, `remediated`, `dismissed`, `confirmedSafe` or `none`.
    pub state: String,
    /// Why it is in that state; `none` without an action.
    pub detail: String,
    /// When it last changed.
    pub last_updated: jiff::Timestamp,
}

/// A group. Members are users or other groups of the same world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldGroup {
    /// The object id.
    pub id: Uuid,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether directory roles can be assigned to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_assignable_to_role: bool,
    /// Who can see it and its members: `HiddenMembership` hides them from callers without Member.Read.Hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// The object ids of its direct members.
    #[serde(default, deserialize_with = "null_is_default")]
    pub members: Vec<Uuid>,
}

/// The function app's managed identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorldApp {
    /// The client id of the system-assigned identity.
    pub client_id: Uuid,
    /// Its object id in the tenant.
    pub principal_id: Uuid,
    /// The client ids of user-assigned identities, which hold the same permissions.
    pub user_assigned_client_ids: Vec<Uuid>,
    /// The Graph application permissions granted to it.
    pub permissions: Vec<String>,
}

impl Default for WorldApp {
    fn default() -> Self {
        Self {
            client_id: Uuid::from_u128(0x9a3d_526c_b3c1_4479_ba74_197b_5c57_51ae),
            principal_id: Uuid::from_u128(0x4f0c_7c9e_31d5_4b5f_8e0a_2f64_d1b8_7a13),
            user_assigned_client_ids: vec![Uuid::from_u128(
                0x5e29_463d_71da_4fe0_8e69_999b_57db_23b0,
            )],
            permissions: [
                "User.RevokeSessions.All",
                "User.Read.All",
                "GroupMember.Read.All",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

impl World {
    /// The shipped world: every user in the sample alerts, and the difficult cases (guests, synchronised, disabled,
    /// administrators, a break-glass account two groups deep).
    ///
    /// # Errors
    /// The shipped file is broken, which a test rules out.
    pub fn default_contoso() -> anyhow::Result<Self> {
        Self::from_json(include_str!("../../worlds/contoso.json"))
            .context("the world that ships with the sandbox")
    }

    /// Parses a world.
    ///
    /// # Errors
    /// The text is not a world; the message names the place, such as `users[2].id`.
    pub fn from_json(text: &str) -> anyhow::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let world: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            anyhow::anyhow!("at {path}: {}", error.into_inner())
        })?;
        reader.end().context("after the world's last brace")?;
        world.check()?;
        Ok(world)
    }

    /// Checks what serde cannot: duplicate names, and members that do not exist.
    fn check(&self) -> anyhow::Result<()> {
        let mut ids = HashSet::new();
        let mut names = HashSet::new();
        for (index, user) in self.users.iter().enumerate() {
            if !ids.insert(user.id) {
                bail!("at users[{index}].id: {} occurs twice", user.id);
            }
            let name = user.user_principal_name.to_lowercase();
            if !name.contains('@') {
                bail!(
                    "at users[{index}].userPrincipalName: {name:?} has no @; expected a form such as alice@contoso.com"
                );
            }
            if !names.insert(name.clone()) {
                bail!("at users[{index}].userPrincipalName: {name:?} occurs twice");
            }
        }
        for (index, group) in self.groups.iter().enumerate() {
            if !ids.insert(group.id) {
                bail!("at groups[{index}].id: {} occurs twice", group.id);
            }
        }
        for (index, group) in self.groups.iter().enumerate() {
            for (position, member) in group.members.iter().enumerate() {
                if !ids.contains(member) {
                    bail!(
                        "at groups[{index}].members[{position}]: {member} is neither a user nor a group of this world"
                    );
                }
            }
        }
        world_access::check(self, &ids)
    }
}

/// Reads `null` as an omitted property.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

    fn world(users: &str, groups: &str) -> anyhow::Result<World> {
        World::from_json(&format!(
            r#"{{"tenant":{{"id":"f6fadfa7-e5c1-4b62-9362-da5cc13da58a","domain":"contoso.com"}},
                "users":{users},"groups":{groups}}}"#
        ))
    }

    #[test]
    fn the_smallest_user_has_an_id_and_a_name() {
        let user = format!(r#"[{{"id":"{ALICE}","userPrincipalName":"alice@contoso.com"}}]"#);
        let world = world(&user, "[]").unwrap();
        assert_eq!(world.users[0].user_principal_name, "alice@contoso.com");
        assert!(!world.users[0].is_external());
    }

    #[test]
    fn a_broken_world_is_refused_with_the_place() {
        for (users, groups, place) in [
            (
                r#"[{"id":"x","userPrincipalName":"a@b"}]"#.to_owned(),
                "[]".to_owned(),
                "users[0].id",
            ),
            (
                format!(r#"[{{"id":"{ALICE}"}}]"#),
                "[]".to_owned(),
                "userPrincipalName",
            ),
            (
                format!(r#"[{{"id":"{ALICE}","userPrincipalName":"alice"}}]"#),
                "[]".to_owned(),
                "users[0].userPrincipalName",
            ),
            (
                "[]".to_owned(),
                format!(r#"[{{"id":"{ALICE}","members":["{}"]}}]"#, Uuid::nil()),
                "groups[0].members[0]",
            ),
            (
                format!(r#"[{{"id":"{ALICE}","userPrincipalName":"a@b","acountEnabled":false}}]"#),
                "[]".to_owned(),
                "acountEnabled",
            ),
        ] {
            let message = format!("{:#}", world(&users, &groups).unwrap_err());
            assert!(message.contains(place), "{message} should name {place}");
        }
    }

    #[test]
    fn the_shipped_world_can_be_written_and_read_again() {
        let world = World::default_contoso().unwrap();
        let text = serde_json::to_string(&world).unwrap();
        assert_eq!(World::from_json(&text).unwrap(), world);
    }
}
