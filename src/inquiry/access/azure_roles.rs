//! The client of Azure Resource Manager, and its questions by themselves: subscriptions, the role assignments of one
//! subscription, one role. It has a token and a throttle of its own, because Azure's limits are not Graph's.
//!
//! Sources: "Subscriptions - List" (2022-12-01); "List Azure role assignments using the REST API" (2022-04-01): the filter
//! `assignedTo('{id}')` resolves groups, also nested ones, and takes a user's id alone.

use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::pages::Listed;
use super::powers::{self, Power};
use super::{ARM, questions};
use crate::domain::{ArmEndpoint, Clock, Cloud, Deadline, UserId};
use crate::graph::{CallError, Client, Inquiry, Operation, Question, Tally, path};
use crate::identity::Resource;
use crate::identity::operator::SignedIn;

/// The client of Azure Resource Manager. Clones share everything.
#[derive(Debug, Clone)]
pub struct Azure {
    pub(super) client: Arc<Client>,
}

/// A subscription that the operator can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Option<String>,
}

/// An Azure role that was granted to a user or a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AzureAssignment {
    /// The scope, such as `/subscriptions/{id}/resourceGroups/{name}`.
    pub scope: String,
    /// The role's own id; `None` if the resource id of its definition ends in no id. That resource id begins with the scope
    /// from which it is seen, so one role has several.
    pub role: Option<Uuid>,
    /// The user or group that it was granted to.
    pub principal: Uuid,
    /// Whether a condition narrows it.
    pub is_conditional: bool,
}

/// A role's own id: the last part of its definition's resource id.
pub(super) fn role_id(definition: &str) -> Option<Uuid> {
    Uuid::try_parse(definition.rsplit('/').next()?).ok()
}

/// The definition of an Azure role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureRole {
    /// Its id, without the scope at which it is defined.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub power: Power,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSubscription {
    subscription_id: Uuid,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct WireAssignment {
    properties: WireAssignmentProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignmentProperties {
    scope: String,
    role_definition_id: String,
    principal_id: Uuid,
    condition: Option<String>,
}

#[derive(Deserialize)]
struct WireRole {
    name: Uuid,
    properties: WireRoleProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoleProperties {
    role_name: String,
    permissions: serde_json::Value,
}

impl Azure {
    /// Makes the client, over the sign-in's connections. No request is sent.
    #[must_use]
    pub fn connect_by(
        signed_in: &SignedIn,
        cloud: Cloud,
        endpoint: ArmEndpoint,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client: Arc::new(Client::new(
                endpoint,
                Box::new(signed_in.http().clone()),
                Box::new(signed_in.tokens_for(Resource::azure(cloud))),
                clock,
            )),
        }
    }

    pub(super) fn question(inquiry: &'static Inquiry, path: String) -> Question {
        let mut question = Question::get(Operation::Inquire(inquiry), path);
        question.surface = ARM;
        question
    }

    /// Every subscription that the operator can see.
    pub async fn subscriptions(&self, tally: &Tally, deadline: Deadline) -> Listed<Subscription> {
        let path = "/subscriptions?api-version=2022-12-01".to_owned();
        let question = Self::question(&questions::SUBSCRIPTIONS, path);
        let read: Listed<WireSubscription> = self.client.pages(question, tally, deadline).await;
        read.read(|wire| {
            Ok(Subscription {
                id: wire.subscription_id,
                name: wire.display_name,
            })
        })
    }

    /// The user's roles at, above and below a subscription. Azure resolves the groups.
    pub async fn assigned_to(
        &self,
        user: UserId,
        subscription: Uuid,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<AzureAssignment> {
        let query = path::query(&[("filter", &format!("assignedTo('{user}')"))]);
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments{query}&api-version=2022-04-01"
        );
        let question = Self::question(&questions::ASSIGNED_TO, path);
        let read: Listed<WireAssignment> = self.client.pages(question, tally, deadline).await;
        read.read(|wire| {
            Ok(AzureAssignment {
                scope: wire.properties.scope,
                role: role_id(&wire.properties.role_definition_id),
                principal: wire.properties.principal_id,
                is_conditional: wire.properties.condition.is_some_and(|it| !it.is_empty()),
            })
        })
    }

    /// One role by its own id: a built-in role is at the root, a custom role in the subscription.
    ///
    /// # Errors
    /// Any answer but the role, after the retries that there was time for.
    pub async fn role(
        &self,
        id: Uuid,
        subscription: Uuid,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<AzureRole, CallError> {
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}?api-version=2022-04-01"
        );
        let question = Self::question(&questions::AZURE_ROLE, path);
        let role: WireRole = self.client.ask(&question, tally, deadline).await?;
        Ok(AzureRole {
            id: role.name,
            name: role.properties.role_name,
            power: powers::of_permissions(role.properties.permissions),
        })
    }
}
