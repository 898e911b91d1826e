//! Asks the person at the terminal, with every user named.

use std::io::{self, Read, Write};

use super::Person;
use crate::cli::session::look_up::Seen;
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::question::is_yes;
use crate::directory::Resolution;
use crate::domain::{HomeTenant, TenantId, User};

pub(super) struct Asking<'a> {
    pub(super) tenant: TenantId,
    /// The guards that hold, and those that do not, in words.
    pub(super) guards: String,
    pub(super) overridden: bool,
    pub(super) people: &'a [Person],
}

pub(super) fn confirm(
    terminal: &mut dyn Read,
    errors: &mut dyn Write,
    asking: &Asking<'_>,
) -> io::Result<bool> {
    let Asking { tenant, people, .. } = asking;
    let users = if people.len() == 1 { "user" } else { "users" };
    writeln!(
        errors,
        "Every session of {} {users} of the tenant {tenant} is about to be cut:",
        people.len()
    )?;
    for person in *people {
        let written = person.subject.written();
        writeln!(
            errors,
            "  {}  {}",
            Escaped(&written),
            Escaped(&describe(person.seen.as_ref()))
        )?;
        if let Some(guard) = &person.guard {
            let what = guard.reason.as_str().replace('_', " ");
            let so = if asking.overridden {
                "cut all the same, since you override it"
            } else {
                "not cut"
            };
            writeln!(errors, "    {what} ({}): {so}", guard.policy)?;
        }
    }
    for line in asking.guards.lines() {
        writeln!(errors, "{}", Escaped(line))?;
    }
    write!(errors, "Cut them? Type yes: ")?;
    errors.flush()?;
    is_yes(terminal)
}

fn describe(seen: Option<&Seen>) -> String {
    match seen {
        Some(Ok(Resolution::Found(user))) => describe_user(user),
        Some(Ok(Resolution::NotFound)) => "(nobody in this tenant)".to_owned(),
        Some(Ok(Resolution::Ambiguous { candidates, .. })) => {
            format!("(fits {candidates} users; none of them will be cut)")
        }
        Some(Err(_)) => "(could not be looked up; will not be cut)".to_owned(),
        None => "(no user)".to_owned(),
    }
}

fn describe_user(user: &User) -> String {
    let mut text = format!("= {}, object id {}", user.upn.as_str(), user.id);
    if user.account_enabled == Some(false) {
        text.push_str(", disabled");
    }
    match &user.home {
        Some(HomeTenant::Domain(domain)) => {
            text.push_str(", external: signs in at ");
            text.push_str(domain);
        }
        Some(HomeTenant::Unknown) => text.push_str(", external"),
        None => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FoundBy, SubjectKind, SubjectRef, WithholdReason};
    use crate::guard::Withheld;

    fn asked(overridden: bool) -> String {
        let mut subject = SubjectRef::new(SubjectKind::User);
        subject.upn = Some("alice@contoso.com".parse().unwrap());
        let user = User {
            id: "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap(),
            found_by: FoundBy::ObjectId,
            upn: "alice@contoso.com".parse().unwrap(),
            mail: None,
            account_enabled: Some(false),
            on_premises_synced: false,
            home: Some(HomeTenant::Domain("fabrikam.com".to_owned())),
            sessions_valid_from: None,
        };
        let mut other = SubjectRef::new(SubjectKind::User);
        other.upn = Some("alcie@contoso.com".parse().unwrap());
        let people = [
            Person::of(subject, Some(Ok(Resolution::Found(user)))).guarded_by(Some(Withheld {
                reason: WithholdReason::ProtectedUser,
                policy: "EVICT_PROTECTED_USERS",
                detail: String::new(),
            })),
            Person::of(other, Some(Ok(Resolution::NotFound))),
        ];
        let tenant = "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap();
        let mut errors = Vec::new();
        let asking = Asking {
            tenant,
            guards: "No function was asked.".to_owned(),
            overridden,
            people: &people,
        };
        assert!(confirm(&mut "yes\n".as_bytes(), &mut errors, &asking).unwrap());
        String::from_utf8(errors).unwrap()
    }

    #[test]
    fn a_person_is_shown_who_is_meant_before_being_asked() {
        insta::assert_snapshot!(asked(false), @"
        Every session of 2 users of the tenant f6fadfa7-e5c1-4b62-9362-da5cc13da58a is about to be cut:
          alice@contoso.com  = alice@contoso.com, object id 6cace4d5-19d5-4695-92e7-4f7bfab36728, disabled, external: signs in at fabrikam.com
            protected user (EVICT_PROTECTED_USERS): not cut
          alcie@contoso.com  (nobody in this tenant)
        No function was asked.
        Cut them? Type yes: 
        ");
        let overridden =
            "protected user (EVICT_PROTECTED_USERS): cut all the same, since you override it";
        assert!(asked(true).contains(overridden));
    }
}
