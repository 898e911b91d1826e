//! What every part of the survey needs: who is asked and by when, what is the same for every user, and to whom a grant was made.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::azure_roles::Azure;
use super::reach::Through;
use super::{Group, Listed, RoleDefinition, Subscription};
use crate::directory::Directory;
use crate::domain::{Clock, Deadline, GroupId, User};

/// How many questions of one kind are asked at the same time.
pub(super) const AT_ONCE: usize = 8;

/// Who is asked, and by when each answer has to be there.
pub(crate) struct Survey<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) azure: &'a Azure,
    pub(crate) protected_groups: &'a [GroupId],
    pub(crate) clock: &'a dyn Clock,
    /// How long one answer may take.
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
