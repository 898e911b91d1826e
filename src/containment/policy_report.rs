//! The policy for those who would act beside the function, in a form that a program can use. Protected groups stand there by their
//! ids; protected users by salted hashes of their object ids and names, so that nobody is named.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Serialize;
use uuid::Uuid;

use crate::directory::Resolution;
use crate::domain::{
    Deadline, GroupId, ProtectedUser, Severity, SubjectKind, SubjectRef, TenantId, User,
    protection_hash_of_id, protection_hash_of_name,
};
use crate::graph::Tally;

use super::Context;

/// How many protected users are looked up at the same time.
const AT_ONCE: usize = 8;

/// How long all look-ups together may take: a person waits for the answer.
const BUDGET: Duration = Duration::from_secs(10);

/// The policy in force.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyReport {
    /// The one tenant in which the function acts.
    pub tenant: TenantId,
    /// `enforce` or `observe`.
    pub mode: &'static str,
    /// The least severity of an automated alert that is acted on; absent if all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<&'static str>,
    /// The most users that one alert may cut.
    pub max_users_per_alert: usize,
    /// The most users that may be cut within a rolling hour.
    pub max_users_per_hour: usize,
    /// The groups whose members are never cut.
    pub protected_groups: Vec<GroupId>,
    /// The users who are never cut.
    pub protected_users: ProtectedUserHashes,
}

/// The protected users, by hashes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct ProtectedUserHashes {
    /// How many the setting names.
    pub count: usize,
    /// The salt of this answer.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub salt: Uuid,
    /// Hashes of the object id and of the user principal name of each, as far as the directory gave them.
    #[cfg_attr(feature = "operator", schemars(with = "Vec<String>"))]
    pub hashes: BTreeSet<Uuid>,
}

/// Reports the policy. The directory is asked only if it `answers`; a user who could not be looked up has the hash of what the
/// setting says alone.
pub(super) async fn report(
    context: &Context,
    salt: Uuid,
    answers: bool,
    deadline: Deadline,
) -> PolicyReport {
    let policy = &context.policy;
    let mut hashes: BTreeSet<Uuid> = policy
        .protected_users
        .iter()
        .map(|user| match user {
            ProtectedUser::Id(id) => protection_hash_of_id(salt, *id),
            ProtectedUser::Upn(name) => protection_hash_of_name(salt, name),
        })
        .collect();
    // The user behind a name before stays protected, and so has to be known.
    let pinned = context.users.pinned().into_iter();
    hashes.extend(pinned.map(|id| protection_hash_of_id(salt, id)));
    if answers {
        let deadline = deadline.min(Deadline::after(&*context.clock, BUDGET));
        let users = policy.protected_users.clone().into_iter();
        let found = stream::iter(users.map(|user| look_up(context, user, deadline)))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        for user in found.into_iter().flatten() {
            hashes.insert(protection_hash_of_id(salt, user.id));
            hashes.insert(protection_hash_of_name(salt, &user.upn));
        }
    }
    PolicyReport {
        tenant: policy.tenant,
        mode: policy.mode.as_str(),
        min_severity: policy.min_severity.map(Severity::as_str),
        max_users_per_alert: policy.max_users_per_alert,
        max_users_per_hour: policy.max_users_per_hour,
        protected_groups: policy.protected_groups.clone(),
        protected_users: ProtectedUserHashes {
            count: policy.protected_users.len(),
            salt,
            hashes,
        },
    }
}

/// The user, if the directory answered. A failure is the self-check's to report, which asks for the same.
async fn look_up(context: &Context, user: ProtectedUser, deadline: Deadline) -> Option<User> {
    let mut subject = SubjectRef::new(SubjectKind::User);
    match user {
        ProtectedUser::Id(id) => subject.id = Some(id),
        ProtectedUser::Upn(name) => subject.upn = Some(name),
    }
    match context
        .directory
        .resolve(&subject, &Tally::new(), deadline)
        .await
    {
        Ok(Resolution::Found(user)) => Some(user),
        Ok(Resolution::NotFound | Resolution::Ambiguous { .. }) | Err(_) => None,
    }
}
