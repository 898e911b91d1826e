//! Asks for a user's Azure roles. Azure Resource Graph answers for everything at once if the user's groups are known.
//! Otherwise, or if it fails, each subscription is asked, and Azure resolves the groups.

use std::collections::HashMap;

use futures_util::future::join_all;
use uuid::Uuid;

use super::asking::{AT_ONCE, Common, Holders, Survey};
use super::reach::{Kind, Reach, Unread, What};
use super::scope::{self, Names};
use super::unread::{no_subscription, note};
use super::{AzureAssignment, AzureRole, Group, Listed, Subscription, risk};
use crate::domain::User;
use crate::graph::Tally;

/// The answers about a user's Azure roles.
pub(super) struct Answer {
    assignments: Listed<AzureAssignment>,
    roles: Listed<AzureRole>,
    sees_nothing: bool,
    /// Whether there was any answer.
    pub(super) is_answered: bool,
}

pub(super) async fn of_user(
    survey: &Survey<'_>,
    common: &Common,
    user: &User,
    groups: &Listed<Group>,
    tally: &Tally,
) -> Answer {
    let subscriptions = &common.subscriptions;
    if subscriptions.items.is_empty() {
        return Answer {
            assignments: Listed {
                items: Vec::new(),
                missing: subscriptions.missing.clone(),
            },
            roles: Listed::default(),
            sees_nothing: subscriptions.missing.is_none(),
            is_answered: false,
        };
    }
    let mut assignments = assignments(survey, &subscriptions.items, user, groups, tally).await;
    let is_answered = assignments.unread().is_none();
    assignments.missing = assignments
        .missing
        .or_else(|| subscriptions.missing.clone());
    let roles = roles(survey, &subscriptions.items, &assignments.items, tally).await;
    Answer {
        assignments,
        roles,
        sees_nothing: false,
        is_answered,
    }
}

async fn assignments(
    survey: &Survey<'_>,
    subscriptions: &[Subscription],
    user: &User,
    groups: &Listed<Group>,
    tally: &Tally,
) -> Listed<AzureAssignment> {
    if groups.missing.is_none() {
        let holders = groups.items.iter().map(|group| group.id.uuid());
        let principals: Vec<Uuid> = std::iter::once(user.id.uuid()).chain(holders).collect();
        let answer = survey
            .azure
            .assignments(&principals, tally, survey.deadline())
            .await;
        if answer.unread().is_none() {
            return answer;
        }
    }
    let mut listed = Listed::default();
    for part in subscriptions.chunks(AT_ONCE) {
        let asked = part.iter().map(|subscription| {
            survey
                .azure
                .assigned_to(user.id, subscription.id, tally, survey.deadline())
        });
        for answer in join_all(asked).await {
            listed.append(answer);
        }
    }
    // A grant above a subscription is listed for each of them.
    listed.items.sort();
    listed.items.dedup();
    listed
}

/// The roles of the assignments, from Azure Resource Graph, or else one by one.
async fn roles(
    survey: &Survey<'_>,
    subscriptions: &[Subscription],
    assignments: &[AzureAssignment],
    tally: &Tally,
) -> Listed<AzureRole> {
    let mut ids: Vec<Uuid> = assignments.iter().filter_map(|given| given.role).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut listed = survey.azure.roles(&ids, tally, survey.deadline()).await;
    ids.retain(|id| listed.items.iter().all(|role| role.id != *id));
    let Some(subscription) = subscriptions.first() else {
        return listed;
    };
    // These answers replace those that could not be read there.
    listed.missing = None;
    for part in ids.chunks(AT_ONCE) {
        let asked = part.iter().map(|id| {
            survey
                .azure
                .role(*id, subscription.id, tally, survey.deadline())
        });
        for answer in join_all(asked).await {
            listed.append(Listed::from(answer.map(|role| vec![role])));
        }
    }
    listed
}

impl Answer {
    pub(super) fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        if self.sees_nothing {
            unread.push(no_subscription());
        }
        note(&mut unread, What::AzureRoles, &self.assignments);
        note(&mut unread, What::AzureRoleNames, &self.roles);
        unread
    }

    pub(super) fn reaches(
        &self,
        subscriptions: &[Subscription],
        holders: &Holders<'_>,
    ) -> Vec<Reach> {
        let names = Names::of(subscriptions);
        let roles: HashMap<Uuid, &AzureRole> = self
            .roles
            .items
            .iter()
            .map(|role| (role.id, role))
            .collect();
        let reach = |assignment: &AzureAssignment| {
            let id = assignment.role;
            let role = id.and_then(|id| roles.get(&id));
            let scope = scope::of_azure(&assignment.scope, &names);
            let risk = risk::azure_role(role.map(|role| role.power), &scope);
            let name = match (role, id) {
                (Some(role), _) => role.name.clone(),
                (None, Some(id)) => format!("role {id}"),
                (None, None) => "a role".to_owned(),
            };
            Reach {
                id: id.map(|id| id.to_string()),
                through: holders.through(assignment.principal, None),
                conditional: assignment.is_conditional,
                ..Reach::new(risk, Kind::AzureRole, name, Some(scope))
            }
        };
        self.assignments.items.iter().map(reach).collect()
    }
}
