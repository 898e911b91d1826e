//! Looks up whom an operator names, before anything is done.

use futures_util::future::join_all;

use super::Session;
use crate::cli::exit::Exit;
use crate::cli::failure::exit_of;
use crate::directory::Resolution;
use crate::domain::{SubjectKind, SubjectRef, User};
use crate::graph::{CallError, Tally};

/// What the directory said of a subject.
pub(crate) type Seen = Result<Resolution, CallError>;

/// Why a subject is no user to go on with.
pub(crate) struct Unfound {
    /// `not_found`, `ambiguous`, `not_a_user` or `failed`.
    pub(crate) state: &'static str,
    /// The same as sentences, with the next step.
    pub(crate) detail: String,
    pub(crate) exit: Exit,
}

/// The user whom a subject names.
pub(crate) fn found(seen: Option<Seen>) -> Result<User, Unfound> {
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

/// Looks everybody up beforehand, some at a time. A name that is nobody's user principal name may be a mail address: if it
/// is, the subject is named by that.
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
    let seen = seen(session, subject).await;
    let mail = subject
        .upn
        .as_ref()
        .and_then(|name| name.as_str().parse().ok());
    if let (Ok(Resolution::NotFound), Some(mail)) = (&seen, mail) {
        let mut by_mail = SubjectRef::new(SubjectKind::User);
        by_mail.mail = Some(mail);
        let other = self::seen(session, &by_mail).await;
        if matches!(
            other,
            Ok(Resolution::Found(_) | Resolution::Ambiguous { .. })
        ) {
            return (by_mail, Some(other));
        }
    }
    (subject.clone(), Some(seen))
}

async fn seen(session: &Session, subject: &SubjectRef) -> Seen {
    session
        .directory
        .resolve(subject, &Tally::new(), session.deadline())
        .await
}
