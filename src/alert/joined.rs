//! Tells who has joined an alert since it was sent.

use crate::domain::Subject;

use super::accounts::merge::Accounts;
use super::said::{Role, Said};

/// Those of `now` who are none of `sent`, by the rule by which the forms of one account in one payload are brought together.
#[must_use]
pub fn joined(sent: &[Subject], now: &[Subject]) -> Vec<Subject> {
    let mut accounts = Accounts::default();
    // What was said is only a number here: that of the subject in `now`, and behind the last one for those who were sent.
    let of = |number| Said {
        statement: number,
        role: Role::Subject,
        cleared: None,
        severity: None,
    };
    for subject in sent {
        accounts.add(subject.account.clone(), vec![of(now.len())]);
    }
    for (number, subject) in now.iter().enumerate() {
        accounts.add(subject.account.clone(), vec![of(number)]);
    }
    let others = accounts.into_list().into_iter();
    others
        .filter(|(_, said)| said.iter().all(|one| one.statement < now.len()))
        .filter_map(|(account, said)| {
            let flag = now.get(said.first()?.statement)?.flag.clone();
            Some(Subject { account, flag })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, Severity, SubjectKind, SubjectRef, WrittenBy};

    fn subject(id: &str, upn: &str) -> Subject {
        let mut account = SubjectRef::new(SubjectKind::User);
        account.id = id.parse().ok();
        account.upn = upn.parse().ok();
        Subject {
            account,
            flag: Flag::open(WrittenBy::Machine),
        }
    }

    const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
    const BOB: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";

    #[test]
    fn whoever_was_sent_in_any_form_has_not_joined() {
        let sent = [subject("", "alice@contoso.com")];
        let alice = subject(ALICE, "Alice@contoso.com");
        let mut bob = subject(BOB, "");
        bob.flag.severity = Some(Severity::High);
        assert_eq!(
            joined(&sent, &[alice.clone(), bob.clone()]),
            std::slice::from_ref(&bob)
        );
        assert_eq!(joined(&sent, &[alice]), []);
        assert_eq!(joined(&[], &[bob.clone()]), [bob]);
    }

    #[test]
    fn a_form_that_connects_a_new_one_with_whom_was_sent_is_no_newcomer() {
        let sent = [subject("", "alice@contoso.com")];
        let now = [subject(ALICE, ""), subject(ALICE, "alice@contoso.com")];
        assert_eq!(joined(&sent, &now), []);
    }
}
