//! Asks what an account reaches, in parallel, and combines the answers.

use std::collections::HashMap;

use futures_util::future::{join, join_all, join5};
use uuid::Uuid;

use super::asking::{AT_ONCE, Common, Holders, Survey};
use super::reach::{Kind, Reach, Scope, ScopeKind, State, Unread, What};
use super::unread::{self, note};
use super::{
    AppRole, Group, Listed, Owned, OwnedKind, RoleDefinition, RoleGrant, azure_reach, risk, scope,
};
use crate::domain::User;
use crate::graph::Tally;

/// What one user reaches.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) reaches: Vec<Reach>,
    pub(crate) unread: Vec<Unread>,
    /// Whether there was any answer.
    pub(crate) is_answered: bool,
}

impl Survey<'_> {
    /// Asks the questions that are the same for every user.
    pub(crate) async fn common(&self) -> Common {
        let tally = Tally::new();
        let (definitions, subscriptions) = join(
            self.directory.role_definitions(&tally, self.deadline()),
            self.azure.subscriptions(&tally, self.deadline()),
        )
        .await;
        Common {
            definitions,
            subscriptions,
        }
    }

    pub(crate) async fn of_user(&self, common: &Common, user: &User) -> Found {
        let tally = Tally::new();
        let deadline = self.deadline();
        let directory = &self.directory;
        let (groups, active, applications, principals, app_roles) = join5(
            directory.groups_of(user.id, &tally, deadline),
            directory.active_roles(user.id, &tally, deadline),
            directory.owned_by(user.id, OwnedKind::Application, &tally, deadline),
            directory.owned_by(user.id, OwnedKind::ServicePrincipal, &tally, deadline),
            directory.app_roles_of(user.id, &tally, deadline),
        )
        .await;
        let holders = Holders::new(user, &groups.items);
        let (eligible, names, azure) = futures_util::join!(
            eligible_roles(self, user, &groups.items, &tally),
            app_role_names(self, &app_roles.items, &tally),
            Box::pin(azure_reach::of_user(self, common, user, &groups, &tally)),
        );

        let mut found = Found {
            is_answered: groups.unread().is_none()
                || active.unread().is_none()
                || eligible.unread().is_none()
                || applications.unread().is_none()
                || principals.unread().is_none()
                || app_roles.unread().is_none()
                || azure.is_answered,
            ..Found::default()
        };
        let unread = &mut found.unread;
        note(unread, What::ActiveDirectoryRoles, &active);
        note(unread, What::EligibleDirectoryRoles, &eligible);
        if !(active.items.is_empty() && eligible.items.is_empty()) {
            note(unread, What::DirectoryRoleNames, &common.definitions);
        }
        note(unread, What::Groups, &groups);
        if groups.missing.is_none() && groups.items.iter().any(|group| group.name.is_none()) {
            unread.push(unread::nameless_groups());
        }
        note(unread, What::OwnedApplications, &applications);
        note(unread, What::OwnedServicePrincipals, &principals);
        note(unread, What::ApplicationRoles, &app_roles);
        note(unread, What::ApplicationRoleNames, &names);
        unread.extend(azure.unread());

        let roles = |grants: &[RoleGrant], state| -> Vec<Reach> {
            let reach = |grant| directory_role(grant, state, &common.definitions.items, &holders);
            grants.iter().map(reach).collect()
        };
        let reaches = &mut found.reaches;
        reaches.extend(roles(&active.items, State::Active));
        reaches.extend(roles(&eligible.items, State::Eligible));
        let protected = self.protected_groups;
        reaches.extend(groups.items.iter().filter_map(|group| {
            let is_protected = protected.contains(&group.id);
            (is_protected || group.is_role_assignable).then(|| group_reach(group, is_protected))
        }));
        reaches.extend(
            applications
                .items
                .iter()
                .chain(&principals.items)
                .map(owned_reach),
        );
        let names: HashMap<Uuid, String> = names.items.into_iter().collect();
        let of_app = |role| application_role(role, &names, &holders);
        reaches.extend(app_roles.items.iter().map(of_app));
        reaches.extend(azure.reaches(&common.subscriptions.items, &holders));
        reaches.sort_by_key(order);
        found
    }
}

/// The highest risk first, active before eligible, then by kind, name and scope.
fn order(reach: &Reach) -> impl Ord + use<> {
    (
        reach.risk,
        reach.kind,
        reach.state,
        reach.name.clone(),
        reach
            .scope
            .as_ref()
            .map(|scope| (scope.kind, scope.describe())),
        reach.through.clone(),
    )
}

/// Asks for the user and for every role-assignable group: no other group can hold roles.
async fn eligible_roles(
    survey: &Survey<'_>,
    user: &User,
    groups: &[Group],
    tally: &Tally,
) -> Listed<RoleGrant> {
    let holders = groups
        .iter()
        .filter(|group| group.is_role_assignable || group.name.is_none())
        .map(|group| group.id.uuid());
    let principals: Vec<Uuid> = std::iter::once(user.id.uuid()).chain(holders).collect();
    let mut listed = Listed::default();
    for part in principals.chunks(AT_ONCE) {
        let asked = part.iter().map(|principal| {
            survey
                .directory
                .eligible_roles(*principal, tally, survey.deadline())
        });
        for answer in join_all(asked).await {
            listed.append(answer);
        }
        // A refusal for one is a refusal for all.
        if listed.unread().is_some() {
            break;
        }
    }
    listed
}

/// The names of the roles in every application of a grant.
async fn app_role_names(
    survey: &Survey<'_>,
    roles: &[AppRole],
    tally: &Tally,
) -> Listed<(Uuid, String)> {
    let with_a_role = roles.iter().filter(|role| role.role.is_some());
    let mut resources: Vec<Uuid> = with_a_role.map(|role| role.resource).collect();
    resources.sort_unstable();
    resources.dedup();
    let mut listed = Listed::default();
    for part in resources.chunks(AT_ONCE) {
        let asked = part.iter().map(|resource| {
            survey
                .directory
                .app_role_names(*resource, tally, survey.deadline())
        });
        for answer in join_all(asked).await {
            listed.append(Listed::from(
                answer.map(|names| names.into_iter().collect()),
            ));
        }
        if listed.unread().is_some() {
            break;
        }
    }
    listed
}

fn directory_role(
    grant: &RoleGrant,
    state: State,
    definitions: &[RoleDefinition],
    holders: &Holders<'_>,
) -> Reach {
    let known = definitions
        .iter()
        .find(|definition| definition.id == grant.role || definition.template == grant.role);
    let template = known.map_or(grant.role, |definition| definition.template);
    let built_in = risk::ABOVE_ALL.iter().find(|(id, _)| *id == template);
    let name = known
        .map(|definition| definition.name.clone())
        .or_else(|| built_in.map(|(_, name)| (*name).to_owned()))
        .unwrap_or_else(|| format!("role {}", grant.role));
    let scope = scope::of_directory(&grant.scope);
    let is_privileged = known.map(|definition| definition.is_privileged);
    Reach {
        id: Some(grant.role.to_string()),
        state: Some(state),
        ends_at: grant.ends_at,
        through: holders.through(grant.principal, None),
        ..Reach::new(
            risk::directory_role(template, is_privileged, &scope),
            Kind::DirectoryRole,
            name,
            Some(scope),
        )
    }
}

fn group_reach(group: &Group, is_protected: bool) -> Reach {
    let name = group.name.clone().unwrap_or_else(|| group.id.to_string());
    Reach {
        id: Some(group.id.to_string()),
        protected: is_protected,
        role_assignable: group.is_role_assignable,
        ..Reach::new(risk::GROUP, Kind::Group, name, None)
    }
}

fn owned_reach(owned: &Owned) -> Reach {
    let kind = match owned.kind {
        OwnedKind::Application => Kind::OwnedApplication,
        OwnedKind::ServicePrincipal => Kind::OwnedServicePrincipal,
    };
    let name = owned.name.clone().unwrap_or_else(|| owned.id.to_string());
    Reach {
        id: Some(owned.id.to_string()),
        ..Reach::new(risk::OWNED, kind, name, None)
    }
}

fn application_role(
    given: &AppRole,
    names: &HashMap<Uuid, String>,
    holders: &Holders<'_>,
) -> Reach {
    let name = match given.role {
        None => "assigned, without a role".to_owned(),
        Some(role) => names
            .get(&role)
            .cloned()
            .unwrap_or_else(|| format!("role {role}")),
    };
    let scope = Scope {
        kind: ScopeKind::Application,
        id: Some(given.resource.to_string()),
        name: given.resource_name.clone(),
    };
    Reach {
        id: given.role.map(|role| role.to_string()),
        through: holders.through(given.principal, given.principal_name.as_ref()),
        ..Reach::new(
            risk::application_role(given.role.is_none()),
            Kind::ApplicationRole,
            name,
            Some(scope),
        )
    }
}
