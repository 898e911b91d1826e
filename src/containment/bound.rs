//! How many subjects of one alert have receipts of their own. A payload may name hundreds of thousands of accounts, and each
//! receipt is a line of the log, an event and a part of the reply: what is far beyond the cap becomes a number.
//!
//! Nobody who would be cut is left out: the cap per alert lets through the first that it may, wherever they stand.

use crate::domain::{AlertHeader, Policy, Subject};
use crate::guard::{self, Screened};

/// How many times as many as one alert may cut.
const TIMES_THE_CAP: usize = 10;

/// At least so many, so that a small cap hides nobody from an analyst.
const AT_LEAST: usize = 1_000;

/// Leaves out what is beyond the bound, and says how much. A person's `expect` confirms all of them.
pub(super) fn shorten(policy: &Policy, header: &AlertHeader, subjects: &mut Vec<Subject>) -> usize {
    let bound = policy
        .max_users_per_alert
        .saturating_mul(TIMES_THE_CAP)
        .max(AT_LEAST);
    if header.expect.is_some() || subjects.len() <= bound {
        return 0;
    }
    let named = subjects.len();
    let plan = guard::plan(policy, header, subjects);
    let mut room = bound.saturating_sub(plan.wanted());
    let mut screened = plan.screened.into_iter();
    subjects.retain(|_| {
        let is_wanted = screened.next() == Some(Screened::LookUp);
        let fits = room > 0;
        if !is_wanted && fits {
            room -= 1;
        }
        is_wanted || fits
    });
    named - subjects.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, Mode, Shape, SubjectKind, SubjectRef, WrittenBy};

    fn policy() -> Policy {
        Policy {
            tenant: "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap(),
            protected_users: Vec::new(),
            protected_groups: Vec::new(),
            mode: Mode::Enforce,
            max_users_per_alert: 25,
            max_users_per_hour: 100,
            min_severity: None,
        }
    }

    fn subject(kind: SubjectKind, number: usize) -> Subject {
        let mut account = SubjectRef::new(kind);
        account.upn = format!("user{number}@contoso.com").parse().ok();
        Subject {
            account,
            flag: Flag::open(WrittenBy::Machine),
        }
    }

    #[test]
    fn whom_the_cap_lets_through_is_never_left_out_behind_a_crowd() {
        let machines = (0..5_000).map(|number| subject(SubjectKind::Machine, number));
        let users = (0..10).map(|number| subject(SubjectKind::User, number));
        let mut subjects: Vec<Subject> = machines.chain(users).collect();
        let header = AlertHeader::new(Shape::SentinelAlertTrigger);
        assert_eq!(shorten(&policy(), &header, &mut subjects), 4_010);
        assert_eq!(subjects.len(), 1_000);
        let users = subjects
            .iter()
            .filter(|one| one.account.kind == SubjectKind::User);
        assert_eq!(users.count(), 10);
    }

    #[test]
    fn up_to_the_bound_and_where_a_person_means_all_nobody_is_left_out() {
        let crowd = |count| -> Vec<Subject> {
            (0..count)
                .map(|number| subject(SubjectKind::User, number))
                .collect()
        };
        let mut header = AlertHeader::new(Shape::Manual);
        assert_eq!(shorten(&policy(), &header, &mut crowd(1_000)), 0);
        assert_eq!(shorten(&policy(), &header, &mut crowd(1_001)), 1);
        header.expect = Some(5_000);
        assert_eq!(shorten(&policy(), &header, &mut crowd(5_000)), 0);
    }
}
