//! What every part of the survey needs: clients and deadline, what is the same for every user, and the holders of grants.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::azure_roles::Azure;
use super::reach::Through;
use super::{Group, Listed, RoleDefinition, Subscription};
use crate::directory::Directory;
use crate::domain::{Clock, Deadline, GroupId, User};

/// Questions of one kind that are asked in parallel.
pub(super) const AT_ONCE: usize = 8;

/// The clients of a survey, and the time for each answer.
pub(crate) struct Survey<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) azure: &'a Azure,
    pub(crate) protected_groups: &'a [GroupId],
    pub(crate) clock: &'a dyn Clock,
    /// The time for one answer.
    pub(crate) time: Duration,
}

impl Survey<'_> {
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.clock, self.time)
    }
}

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

    /// The group that holds the grant, unless the user does.
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
