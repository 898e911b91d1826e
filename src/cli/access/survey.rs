//! Asks what an account reaches, all that can be asked at the same time, and puts the answers together.

use std::collections::HashMap;

use futures_util::future::{join, join_all, join5};
use uuid::Uuid;

use super::document::{Kind, Reach, Scope, ScopeKind, State, Through, Unread, What};
use super::unread::{self, note};
use super::{azure, rank, scope};
use crate::cli::operator::Session;
use crate::domain::User;
use crate::graph::Tally;
use crate::inquiry::access::{
    AppRole, Group, Listed, Owned, OwnedKind, RoleDefinition, RoleGrant, Subscription,
};

/// How many questions of one kind are asked at the same time.
pub(super) const AT_ONCE: usize = 8;

/// What is the same for every user.
pub(super) struct Common {
    definitions: Listed<RoleDefinition>,
    pub(super) subscriptions: Listed<Subscription>,
}

/// What is known of one user.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) reaches: Vec<Reach>,
    pub(super) unread: Vec<Unread>,
    /// Whether anything at all was answered.
    pub(super) is_answered: bool,
}

/// Asks what is the same for every user.
pub(super) async fn common(session: &Session) -> Common {
    let tally = Tally::new();
    let (definitions, subscriptions) = join(
        session
            .directory
            .role_definitions(&tally, session.deadline()),
        session.azure.subscriptions(&tally, session.deadline()),
    )
    .await;
    Common {
        definitions,
        subscriptions,
    }
}

/// Asks what one user reaches.
pub(super) async fn of_user(session: &Session, common: &Common, user: &User) -> Found {
    let tally = Tally::new();
    let deadline = session.deadline();
    let directory = &session.directory;
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
        eligible_roles(session, user, &groups.items, &tally),
        app_role_names(session, &app_roles.items, &tally),
        Box::pin(azure::of_user(session, common, user, &groups, &tally)),
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
    let protected = &session.settings.policy.protected_groups;
    reaches.extend(groups.items.iter().filter_map(|group| {
        let is_protected = protected.contains(&group.id);
        (is_protected || group.is_role_assignable).then(|| of_group(group, is_protected))
    }));
    reaches.extend(
        applications
            .items
            .iter()
            .chain(&principals.items)
            .map(owned),
    );
    let names: HashMap<Uuid, String> = names.items.into_iter().collect();
    let of_app = |role| application_role(role, &names, &holders);
    reaches.extend(app_roles.items.iter().map(of_app));
    reaches.extend(azure.reaches(&common.subscriptions.items, &holders));
    reaches.sort_by_key(order);
    found
}

/// The riskiest first; what is in force before what is not; then by kind, name and place.
fn order(reach: &Reach) -> impl Ord + use<> {
    (
        reach.risk,
        reach.kind,
        reach.state,
        reach.name.clone(),
        reach.scope.as_ref().map(|scope| (scope.kind, scope.told())),
        reach.through.clone(),
    )
}

/// Who it is to whom something was given: the user, or one of the user's groups.
pub(super) struct Holders<'a> {
    user: Uuid,
    groups: HashMap<Uuid, &'a Group>,
}

impl<'a> Holders<'a> {
    fn new(user: &User, groups: &'a [Group]) -> Self {
        let groups = groups.iter().map(|group| (group.id.uuid(), group));
        Self {
            user: user.id.uuid(),
            groups: groups.collect(),
        }
    }

    /// The group, if it was not given to the user.
    pub(super) fn through(&self, principal: Uuid, name: Option<&String>) -> Option<Through> {
        (principal != self.user).then(|| {
            let known = self.groups.get(&principal);
            Through {
                id: principal,
                name: known.and_then(|group| group.name.clone()).or(name.cloned()),
            }
        })
    }
}

/// Asks for the user and for every group that may hold roles: a group that is not role-assignable cannot.
async fn eligible_roles(
    session: &Session,
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
            session
                .directory
                .eligible_roles(*principal, tally, session.deadline())
        });
        for answer in join_all(asked).await {
            listed.append(answer);
        }
        // What is not allowed for one is not allowed for the others.
        if listed.unread().is_some() {
            break;
        }
    }
    listed
}

/// The names of the roles in every application that is concerned.
async fn app_role_names(
    session: &Session,
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
            session
                .directory
                .app_role_names(*resource, tally, session.deadline())
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
    let built_in = rank::ABOVE_ALL.iter().find(|(id, _)| *id == template);
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
            rank::directory_role(template, is_privileged, &scope),
            Kind::DirectoryRole,
            name,
            Some(scope),
        )
    }
}

fn of_group(group: &Group, is_protected: bool) -> Reach {
    let name = group.name.clone().unwrap_or_else(|| group.id.to_string());
    Reach {
        id: Some(group.id.to_string()),
        protected: is_protected,
        role_assignable: group.is_role_assignable,
        ..Reach::new(rank::GROUP, Kind::Group, name, None)
    }
}

fn owned(owned: &Owned) -> Reach {
    let kind = match owned.kind {
        OwnedKind::Application => Kind::OwnedApplication,
        OwnedKind::ServicePrincipal => Kind::OwnedServicePrincipal,
    };
    let name = owned.name.clone().unwrap_or_else(|| owned.id.to_string());
    Reach {
        id: Some(owned.id.to_string()),
        ..Reach::new(rank::OWNED, kind, name, None)
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
            rank::application_role(given.role.is_none()),
            Kind::ApplicationRole,
            name,
            Some(scope),
        )
    }
}
