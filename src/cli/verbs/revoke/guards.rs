//! The guards of a run: those of this shell, and those of the function if one is named. An outage lifts none of them: a
//! named function that does not answer stops the run, unless a person overrides that.

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::session::function::Target;
use crate::cli::session::look_up::Seen;
use crate::directory::Resolution;
use crate::domain::{
    Mode, Policy, ProtectedUser, Receipt, SubjectKind, SubjectRef, User, UserId, UserPrincipalName,
};
use crate::graph::{Disposition, Tally};
use crate::guard::Withheld;
use crate::inquiry::function::FunctionPolicy;

/// A named subject, and what is known of it.
pub(super) struct Person {
    /// The subject as it was written.
    pub(super) subject: SubjectRef,
    pub(super) seen: Option<Seen>,
    pub(super) found: Option<User>,
    /// What protects the user, if anything does.
    pub(super) guard: Option<Withheld>,
}

impl Person {
    pub(super) fn of(subject: SubjectRef, seen: Option<Seen>) -> Self {
        Self {
            found: match &seen {
                Some(Ok(Resolution::Found(user))) => Some(user.clone()),
                Some(Ok(Resolution::NotFound | Resolution::Ambiguous { .. }) | Err(_)) | None => {
                    None
                }
            },
            subject,
            seen,
            guard: None,
        }
    }

    pub(super) fn guarded_by(self, guard: Option<Withheld>) -> Self {
        Self { guard, ..self }
    }
}

pub(super) struct Guards<'a> {
    /// The function's host, and its policy or why that is unknown.
    function: Option<(String, Result<FunctionPolicy, String>)>,
    /// The reason for an override.
    overridden: Option<&'a str>,
}

impl<'a> Guards<'a> {
    /// Asks the function and applies its policy to this run; the stricter value wins.
    pub(super) async fn learn(
        session: &mut Session,
        target: Option<Target>,
        overridden: Option<&'a str>,
    ) -> Result<Self, Failure> {
        let Some(target) = target else {
            return Ok(Self {
                function: None,
                overridden,
            });
        };
        let tenant = session.settings.policy.tenant;
        let said = target.policy(&session.signed_in, Some(tenant)).await;
        match &said {
            Ok(policy) => apply(&mut session.settings.policy, policy),
            Err(_) if overridden.is_some() => {}
            Err(why) => {
                return Err(Failure::new(
                    Exit::Unable,
                    format!(
                        "whom the function protects is not known, so nothing was changed: {why}\nNext: mend that; if it cannot wait, give \
                     the reason with --override-guard, or name no function.",
                    ),
                ));
            }
        }
        Ok(Self {
            function: Some((target.url.host().to_owned(), said)),
            overridden,
        })
    }

    /// Whether the function's policy holds without an override.
    pub(super) fn are_the_functions(&self) -> bool {
        matches!(&self.function, Some((_, Ok(_)))) && self.overridden.is_none()
    }

    /// Looks up the users that this shell's settings protect by name, and protects their object ids too. Returns what is
    /// wrong with a name.
    ///
    /// # Errors
    /// A name could not be looked up, so that it is unknown whom it protects. An override lifts that.
    pub(super) async fn pin_names(&self, session: &mut Session) -> Result<Vec<String>, Failure> {
        let policy = &session.settings.policy;
        let names: Vec<UserPrincipalName> = policy
            .protected_users
            .iter()
            .filter_map(|user| match user {
                ProtectedUser::Upn(name) => Some(name.clone()),
                ProtectedUser::Id(_) => None,
            })
            .collect();
        let mut notices = Vec::new();
        for name in names {
            let mut subject = SubjectRef::new(SubjectKind::User);
            subject.upn = Some(name.clone());
            let deadline = session.deadline();
            let directory = &session.directory;
            let found = directory.resolve(&subject, &Tally::new(), deadline).await;
            let name = name.as_str();
            match found {
                Ok(Resolution::Found(user)) => {
                    let users = &mut session.settings.policy.protected_users;
                    users.push(ProtectedUser::Id(user.id));
                }
                Ok(Resolution::NotFound | Resolution::Ambiguous { .. }) => notices.push(format!(
                    "EVICT_PROTECTED_USERS names {name}, who is no one user of this tenant, so that nobody is protected by it."
                )),
                Err(_) if self.overridden.is_some() => {}
                // Without this permission the users to cut cannot be read either, and each receipt says so.
                Err(error) if error.disposition() == Disposition::FixPermission => {}
                Err(error) => {
                    return Err(Failure::new(Exit::Unable, format!(
                        "{name}, whom EVICT_PROTECTED_USERS protects, could not be looked up, so nothing was changed: {error}\nNext: mend \
                         that; if it cannot wait, give the reason with --override-guard."
                    )));
                }
            }
        }
        Ok(notices)
    }

    /// All named subjects. From here on the session's policy protects the users that the function protects.
    pub(super) fn people(
        &self,
        session: &mut Session,
        people: Vec<(SubjectRef, Option<Seen>)>,
    ) -> Vec<Person> {
        let known: Vec<Person> = people
            .into_iter()
            .map(|(subject, seen)| Person::of(subject, seen))
            .collect();
        if let Some((_, Ok(policy))) = &self.function {
            let protected: Vec<UserId> = known
                .iter()
                .filter_map(|person| person.found.as_ref())
                .filter(|user| policy.protects_id(user.id) || policy.protects_name(&user.upn))
                .map(|user| user.id)
                .collect();
            let users = &mut session.settings.policy.protected_users;
            users.extend(protected.into_iter().map(ProtectedUser::Id));
        }
        known
    }

    /// Finds out what protects each user, for the person who decides.
    pub(super) async fn examine(&self, session: &Session, known: Vec<Person>) -> Vec<Person> {
        let guard = &session.guard();
        stream::iter(known)
            .map(async |person| {
                let withheld = match &person.found {
                    Some(user) => guard.protection(user, session.deadline()).await,
                    None => None,
                };
                person.guarded_by(withheld)
            })
            .buffered(session.settings.concurrency.max(1))
            .collect()
            .await
    }

    pub(super) fn policy_of_the_run(&self, session: &Session) -> Policy {
        let policy = session.settings.policy.clone();
        if self.overridden.is_none() {
            return policy;
        }
        Policy {
            protected_users: Vec::new(),
            protected_groups: Vec::new(),
            mode: Mode::Enforce,
            max_users_per_hour: usize::MAX,
            ..policy
        }
    }

    /// The guards in words, for the question.
    pub(super) fn describe(&self, session: &Session) -> String {
        let policy = &session.settings.policy;
        match &self.function {
            None => {
                let own = match (policy.protected_users.len(), policy.protected_groups.len()) {
                    (0, 0) => "and nobody by this shell's settings either".to_owned(),
                    (users, groups) => {
                        format!("but {users} users and {groups} groups by this shell's settings")
                    }
                };
                format!(
                    "No function was asked (--url or a profile): nobody is protected by its settings, {own}. Its mode and its caps do not \
                     hold here, and its hour does not count these cuts."
                )
            }
            Some((host, Ok(function))) => {
                let mode = match function.mode {
                    Mode::Enforce => String::new(),
                    Mode::Observe => " It only observes, and cuts nobody itself.".to_owned(),
                };
                format!(
                    "What {host} protects is protected here too: {} users, {} groups.{mode} Its hour does not count these cuts.",
                    function.protected_users,
                    function.protected_groups.len()
                )
            }
            Some((host, Err(why))) => {
                format!("{host} did not say whom it protects: {why}")
            }
        }
    }

    /// Notes in the receipts which guard was overridden, and why.
    pub(super) fn note(&self, people: &[Person], receipts: &mut [Receipt]) {
        let Some(reason) = self.overridden else {
            return;
        };
        let of_all = match &self.function {
            Some((host, Err(_))) => Some(format!("{host} could not be asked whom it protects")),
            Some((_, Ok(policy))) if policy.mode == Mode::Observe => {
                Some("the function only observes".to_owned())
            }
            Some((_, Ok(_))) | None => None,
        };
        for receipt in receipts {
            let id = receipt.user.as_ref().map(|user| user.id);
            let guard = people
                .iter()
                .filter(|person| id.is_some() && person.found.as_ref().map(|user| user.id) == id)
                .find_map(|person| person.guard.as_ref());
            if let Some(guard) = guard {
                receipt.policy = Some(guard.policy);
            }
            let what = guard
                .map(|guard| format!("{}, {}", guard.policy, guard.reason.as_str()))
                .or_else(|| of_all.clone());
            if let Some(what) = what {
                let note = format!("A guard was overridden ({what}). Reason: {reason}");
                receipt.detail = Some(match receipt.detail.take() {
                    Some(detail) => format!("{note}\n{detail}"),
                    None => note,
                });
            }
        }
    }
}

/// Applies the function's policy beside the shell's own: the smaller cap and the mode that changes nothing win.
fn apply(own: &mut Policy, function: &FunctionPolicy) {
    if function.mode == Mode::Observe {
        own.mode = Mode::Observe;
    }
    for group in &function.protected_groups {
        if !own.protected_groups.contains(group) {
            own.protected_groups.push(*group);
        }
    }
    let left = function
        .max_users_per_hour
        .saturating_sub(function.used.unwrap_or(0));
    own.max_users_per_hour = own.max_users_per_hour.min(left);
    own.max_users_per_alert = own.max_users_per_alert.min(function.max_users_per_alert);
}
