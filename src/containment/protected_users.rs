//! Whether the protected users exist. A name that nobody has protects nobody and says nothing: a typing error, a mail address in
//! place of a user principal name, an account that was renamed. So each is looked up when the app starts and with each
//! self-check, and the user behind a name then stays protected by the object id, whatever becomes of the name.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::directory::Resolution;
use crate::domain::{
    Deadline, FoundBy, ProtectedUser, SubjectKind, SubjectRef, UserId, UserPrincipalName,
};
use crate::graph::{CallError, Tally};

use super::Context;

/// The users behind the entries of the setting, by their places in it.
#[derive(Debug, Default)]
pub(super) struct ProtectedUsers {
    pinned: Mutex<BTreeMap<usize, Vec<UserId>>>,
}

/// What is wrong with an entry of the setting.
#[derive(Debug, Clone)]
pub(super) struct Unsound {
    /// Which one it is, counted from one.
    pub(super) entry: usize,
    /// What is wrong and what to do. Names nobody.
    pub(super) text: String,
}

impl ProtectedUsers {
    /// The object ids that the names had whenever they were looked up.
    pub(super) fn pinned(&self) -> Vec<UserId> {
        self.lock().values().flatten().copied().collect()
    }

    /// Looks each entry up, pins the user behind it, and says which are not sound.
    pub(super) async fn look_up(&self, context: &Context, deadline: Deadline) -> Vec<Unsound> {
        let mut unsound = Vec::new();
        // One after the other: it is in no hurry, and an alert may be.
        for (index, user) in context.policy.protected_users.iter().enumerate() {
            let problem = match user {
                ProtectedUser::Id(id) => of_id(context, *id, deadline).await,
                ProtectedUser::Upn(upn) => self.of_name(context, index, upn, deadline).await,
            };
            let entry = index + 1;
            let problem = match problem {
                Ok(problem) => problem,
                Err(error) => Some(format!("could not be looked up. {error}")),
            };
            unsound.extend(problem.map(|problem| Unsound {
                entry,
                text: format!("Entry {entry} of EVICT_PROTECTED_USERS {problem}"),
            }));
        }
        unsound
    }

    async fn of_name(
        &self,
        context: &Context,
        index: usize,
        upn: &UserPrincipalName,
        deadline: Deadline,
    ) -> Result<Option<String>, CallError> {
        let mut subject = SubjectRef::new(SubjectKind::User);
        subject.upn = Some(upn.clone());
        let resolution = context
            .directory
            .resolve(&subject, &Tally::new(), deadline)
            .await?;
        let before = self.lock().get(&index).cloned().unwrap_or_default();
        Ok(match resolution {
            Resolution::Found(user) => {
                if !before.contains(&user.id) {
                    self.lock().entry(index).or_default().push(user.id);
                }
                match before.iter().find(|id| **id != user.id) {
                    Some(earlier) => Some(format!(
                        "is a name that the user {earlier} had and the user {} has now. Both are protected until this process \
                         ends: write the object id of the one who is meant.",
                        user.id
                    )),
                    None if user.found_by != FoundBy::UserPrincipalName => Some(format!(
                        "is no user principal name but the mail address of the user {}, who is protected as long as that is \
                         so: write the object id.",
                        user.id
                    )),
                    None => None,
                }
            }
            Resolution::NotFound => Some(match before.first() {
                Some(earlier) => format!(
                    "is a name that the user {earlier} had and nobody has now: the account was renamed or deleted. It is \
                     protected until this process ends: write its object id."
                ),
                None => {
                    "names nobody in this tenant, so it protects nobody: correct the name, or write the object id."
                        .to_owned()
                }
            }),
            Resolution::Ambiguous { candidates, .. } => Some(format!(
                "is no user principal name, and the mail address of {candidates} users or more, none of whom it protects: write \
                 the object id."
            )),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<UserId>>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn of_id(
    context: &Context,
    id: UserId,
    deadline: Deadline,
) -> Result<Option<String>, CallError> {
    let user = context.directory.user(id, &Tally::new(), deadline).await?;
    Ok(user.is_none().then(|| {
        format!("is the object id {id}, which no user of this tenant has, so it protects nobody: correct it.")
    }))
}
