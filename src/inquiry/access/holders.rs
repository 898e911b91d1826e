//! What every part of the survey needs: what is the same for every user, and to whom a grant was made.

use std::collections::HashMap;

use uuid::Uuid;

use super::reach::Through;
use super::{Group, Listed, RoleDefinition, Subscription};
use crate::domain::User;

/// What is the same for every user.
pub(crate) struct Common {
    pub(super) definitions: Listed<RoleDefinition>,
    pub(super) subscriptions: Listed<Subscription>,
}

/// The holder of a grant: the user, or a group of theirs.
pub(super) struct Holders<'a> {
    user: Uuid,
    groups: HashMap<Uuid, &'a Group>,
}

impl<'a> Holders<'a> {
    pub(super) fn new(user: &User, groups: &'a [Group]) -> Self {
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
