//! Looks up whom an operator names, before anything is done.

use futures_util::future::join_all;

use super::operator::Session;
use crate::domain::{SubjectKind, SubjectRef};
use crate::entra::{EntraError, Resolution, Tally};

/// What the directory said of a subject.
pub(super) type Seen = Result<Resolution, EntraError>;

/// Looks everybody up beforehand, some at a time. A name that is nobody's user principal name may be a mail address: if it
/// is, the subject is named by that.
pub(super) async fn look_up(
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
        .entra
        .resolve(subject, &Tally::new(), session.deadline())
        .await
}
