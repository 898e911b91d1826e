//! Looks up the users that an operator names, before anything is done.

use futures_util::future::join_all;

use super::Session;
use crate::cli::exit::Exit;
use crate::cli::failure::exit_of;
use crate::directory::Resolution;
use crate::domain::{SubjectKind, SubjectRef, User};
use crate::graph::{CallError, Tally};

/// The directory's answer about one subject.
pub(crate) type Seen = Result<Resolution, CallError>;

/// Why a subject is not a single user.
pub(crate) struct Unfound {
    /// `not_found`, `ambiguous`, `not_a_user` or `failed`.
    pub(crate) state: &'static str,
    /// The reason and the next step, as sentences.
    pub(crate) detail: String,
    pub(crate) exit: Exit,
}

pub(crate) fn single_user(seen: Option<Seen>) -> Result<User, Unfound> {
    let unfound = |state, detail| Unfound {
        state,
        detail,
        exit: Exit::Partly,
    };
    match seen {
        Some(Ok(Resolution::Found(user))) => Ok(user),
        Some(Ok(Resolution::NotFound)) => Err(unfound(
            "not_found",
            "This tenant has no such user. Next: look for a slip in the name, or for a deleted account.".to_owned(),
        )),
        Some(Ok(Resolution::Ambiguous { candidates, detail })) => Err(unfound(
            "ambiguous",
            format!("It fits {candidates} users, or users who differ. {detail} Next: give the object id."),
        )),
        Some(Err(error)) => Err(Unfound {
            state: "failed",
            detail: error.to_string(),
            exit: exit_of(&error),
        }),
        None => Err(unfound("not_a_user", "This is no user.".to_owned())),
    }
}

/// Looks up all subjects, a few at a time. A name that is no user principal name may be a mail address: if it is one, the
/// subject becomes that address.
pub(crate) async fn look_up(
    session: &Session,
    subjects: Vec<SubjectRef>,
) -> Vec<(SubjectRef, Option<Seen>)> {
    let mut people = Vec::with_capacity(subjects.len());
    for part in subjects.chunks(session.settings.concurrency.max(1)) {
        people.extend(join_all(part.iter().map(|subject| look_up_one(session, subject))).await);
    }
    people
}

async fn look_up_one(session: &Session, subject: &SubjectRef) -> (SubjectRef, Option<Seen>) {
    if subject.kind != SubjectKind::User {
        return (subject.clone(), None);
    }
    let seen = resolve(session, subject).await;
    let mail = subject
        .upn
        .as_ref()
        .and_then(|name| name.as_str().parse().ok());
    if let (Ok(Resolution::NotFound), Some(mail)) = (&seen, mail) {
        let mut by_mail = SubjectRef::new(SubjectKind::User);
        by_mail.mail = Some(mail);
        let other = resolve(session, &by_mail).await;
        if matches!(
            other,
            Ok(Resolution::Found(_) | Resolution::Ambiguous { .. })
        ) {
            return (by_mail, Some(other));
        }
    }
    (subject.clone(), Some(seen))
}

async fn resolve(session: &Session, subject: &SubjectRef) -> Seen {
    session
        .directory
        .resolve(subject, &Tally::new(), session.deadline())
        .await
}
