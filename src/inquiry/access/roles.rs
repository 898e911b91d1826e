//! Asks which directory roles a principal holds or may activate, and their names.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::pages::Listed;
use super::{BETA, questions};
use crate::directory::Directory;
use crate::domain::{Deadline, UserId};
use crate::graph::{Operation, Question, Tally, path};

/// The code for a tenant without the licence for Privileged Identity Management, where nobody can be eligible (Microsoft
/// Graph and Azure Resource Manager alike: JulianHayward/Azure-MG-Sub-Governance-Reporting, issue 114).
const NO_LICENCE: &str = "AadPremiumLicenseRequired";

/// The definition of a directory role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its id in assignments.
    pub id: Uuid,
    /// The id of its built-in template, the same in every tenant.
    pub template: Uuid,
    /// Its name.
    pub name: String,
    /// Whether Microsoft lists it as privileged.
    pub is_privileged: bool,
}

/// A directory role that was granted to a user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGrant {
    /// The id of the role's definition.
    pub role: Uuid,
    /// The user or group that it was granted to.
    pub principal: Uuid,
    /// Where it holds.
    pub scope: RoleScope,
    /// When it ends by itself.
    pub ends_at: Option<Timestamp>,
}

/// Where a directory role holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleScope {
    /// Everywhere in the tenant.
    Tenant,
    /// In an administrative unit, by its object id.
    AdministrativeUnit(String),
    /// On one object, such as an application, by its object id.
    Object(String),
    /// In a part of an application of Microsoft, as that application names it.
    Part(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDefinition {
    id: Uuid,
    template_id: Option<Uuid>,
    display_name: Option<String>,
    is_privileged: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGrant {
    role_definition_id: Uuid,
    principal_id: Uuid,
    directory_scope_id: Option<String>,
    app_scope_id: Option<String>,
    end_date_time: Option<Timestamp>,
}

impl WireGrant {
    fn grant(self) -> RoleGrant {
        let scope = match (
            self.directory_scope_id.as_deref(),
            self.app_scope_id.as_deref(),
        ) {
            (Some("/"), _) | (None, None | Some("/")) => RoleScope::Tenant,
            (Some(text), _) => match text.strip_prefix("/administrativeUnits/") {
                Some(id) => RoleScope::AdministrativeUnit(id.to_owned()),
                None => RoleScope::Object(text.trim_start_matches('/').to_owned()),
            },
            (None, Some(text)) => RoleScope::Part(text.to_owned()),
        };
        RoleGrant {
            role: self.role_definition_id,
            principal: self.principal_id,
            scope,
            ends_at: self.end_date_time,
        }
    }
}

fn of_principal(principal: Uuid) -> String {
    path::equals("principalId", &principal.to_string())
}

impl Directory {
    /// Every directory role of the tenant. Only `beta` says which ones are privileged.
    pub async fn role_definitions(
        &self,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<RoleDefinition> {
        let select = path::query(&[("select", "id,templateId,displayName,isPrivileged")]);
        let mut question = Question::get(
            Operation::Inquire(&questions::ROLE_DEFINITIONS),
            format!("/roleManagement/directory/roleDefinitions{select}"),
        );
        question.surface = BETA;
        let read: Listed<WireDefinition> = self.client().pages(question, tally, deadline).await;
        read.read(|wire| {
            Ok(RoleDefinition {
                id: wire.id,
                template: wire.template_id.unwrap_or(wire.id),
                name: wire.display_name.unwrap_or_else(|| wire.id.to_string()),
                is_privileged: wire.is_privileged.unwrap_or(false),
            })
        })
    }

    /// The directory roles that the user holds now, also through groups and after an activation. Only `beta` resolves
    /// groups, and it answers 404 unless the query is an advanced one.
    pub async fn active_roles(
        &self,
        user: UserId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<RoleGrant> {
        let filter = of_principal(user.uuid());
        let query = path::query(&[("count", "true"), ("filter", &filter)]);
        let mut question = Question::get(
            Operation::Inquire(&questions::ACTIVE_ROLES),
            format!("/roleManagement/directory/transitiveRoleAssignments{query}"),
        );
        question.surface = BETA;
        question.eventual = true;
        question.user = Some(user);
        let read: Listed<WireGrant> = self.client().pages(question, tally, deadline).await;
        read.read(|wire| Ok(wire.grant()))
    }

    /// The directory roles that a user or a group may activate: its own, not those of its groups. A tenant without
    /// Privileged Identity Management has none.
    pub async fn eligible_roles(
        &self,
        principal: Uuid,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<RoleGrant> {
        let query = path::query(&[("filter", &of_principal(principal))]);
        let question = Question::get(
            Operation::Inquire(&questions::ELIGIBLE_ROLES),
            format!("/roleManagement/directory/roleEligibilityScheduleInstances{query}"),
        );
        let read: Listed<WireGrant> = self.client().pages(question, tally, deadline).await;
        if read.unread().and_then(|error| error.code()) == Some(NO_LICENCE) {
            return Listed::default();
        }
        read.read(|wire| Ok(wire.grant()))
    }
}
