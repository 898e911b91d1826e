//! Asks which applications a user owns, and which roles the user has in applications.

use std::collections::HashMap;

use serde::Deserialize;
use uuid::Uuid;

use super::pages::Listed;
use super::questions;
use crate::directory::Directory;
use crate::domain::{Deadline, UserId};
use crate::graph::{CallError, Operation, Question, Tally, path};

/// The kind of an owned object. An owner can add credentials to either, and act as the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnedKind {
    /// The application's registration.
    Application,
    /// The application's service principal in this tenant.
    ServicePrincipal,
}

/// An application or service principal that a user owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The kind of object.
    pub kind: OwnedKind,
    /// Its object id.
    pub id: Uuid,
    /// The application (client) id.
    pub app_id: Option<Uuid>,
    /// Its name.
    pub name: Option<String>,
}

/// A role in an application, granted to a user or to a group that the user is directly in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    /// The role's id; `None` for the mere assignment to the application.
    pub role: Option<Uuid>,
    /// The application's service principal.
    pub resource: Uuid,
    /// Its name.
    pub resource_name: Option<String>,
    /// The user or group that it was granted to.
    pub principal: Uuid,
    /// Its name.
    pub principal_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOwned {
    id: Uuid,
    app_id: Option<Uuid>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignment {
    app_role_id: Uuid,
    principal_id: Uuid,
    principal_display_name: Option<String>,
    resource_id: Uuid,
    resource_display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResource {
    app_roles: Vec<WireRole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRole {
    id: Uuid,
    display_name: Option<String>,
    value: Option<String>,
}

impl OwnedKind {
    fn type_name(self) -> &'static str {
        match self {
            Self::Application => "microsoft.graph.application",
            Self::ServicePrincipal => "microsoft.graph.servicePrincipal",
        }
    }
}

impl Directory {
    /// The objects of this kind that the user owns. The cast makes it an advanced query.
    pub async fn owned_by(
        &self,
        user: UserId,
        kind: OwnedKind,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<Owned> {
        let query = path::query(&[("select", "id,appId,displayName"), ("count", "true")]);
        let mut question = Question::get(
            Operation::Inquire(&questions::OWNED),
            format!(
                "{}/ownedObjects/{}{query}",
                path::user(user),
                kind.type_name()
            ),
        );
        question.eventual = true;
        question.user = Some(user);
        let read: Listed<WireOwned> = self.client().pages(question, tally, deadline).await;
        read.read(|wire| {
            Ok(Owned {
                kind,
                id: wire.id,
                app_id: wire.app_id,
                name: wire.display_name,
            })
        })
    }

    /// The user's roles in applications.
    pub async fn app_roles_of(
        &self,
        user: UserId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<AppRole> {
        let mut question = Question::get(
            Operation::Inquire(&questions::APP_ROLES),
            format!("{}/appRoleAssignments", path::user(user)),
        );
        question.user = Some(user);
        let read: Listed<WireAssignment> = self.client().pages(question, tally, deadline).await;
        read.read(|wire| {
            Ok(AppRole {
                // All zeros mean no particular role ("appRoleAssignment resource type").
                role: (!wire.app_role_id.is_nil()).then_some(wire.app_role_id),
                resource: wire.resource_id,
                resource_name: wire.resource_display_name,
                principal: wire.principal_id,
                principal_name: wire.principal_display_name,
            })
        })
    }

    /// The names of an application's roles, by their ids.
    ///
    /// # Errors
    /// Any answer but the service principal, after the retries that there was time for.
    pub async fn app_role_names(
        &self,
        resource: Uuid,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<HashMap<Uuid, String>, CallError> {
        let question = Question::get(
            Operation::Inquire(&questions::APP_ROLE_NAMES),
            format!(
                "/servicePrincipals/{resource}{}",
                path::query(&[("select", "appRoles")])
            ),
        );
        let resource: WireResource = self.client().ask(&question, tally, deadline).await?;
        Ok(resource
            .app_roles
            .into_iter()
            .filter_map(|role| Some((role.id, role.display_name.or(role.value)?)))
            .collect())
    }
}
