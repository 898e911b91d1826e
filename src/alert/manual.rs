//! The message that a person or a script writes as JSON. The form is ours; this is its contract.
//!
//! ```json
//! {
//!   "users": [
//!     "alice@contoso.com",
//!     {"id": "1c5989f1-ba2d-4e83-858b-fed0a712755f", "upn": "bob.stone@contoso.com"}
//!   ],
//!   "reason": "Tokens seen on a paste site",
//!   "requestedBy": "oncall@contoso.com",
//!   "severity": "high",
//!   "incident": "<ARM id of a Sentinel incident>",
//!   "alert": "<id of an alert>",
//!   "expect": 2
//! }
//! ```
//!
//! | property | meaning |
//! | --- | --- |
//! | `user` | one user: a string or an object, as in `users` |
//! | `users` | a list. A string is a user principal name, an object id, a SID or `DOMAIN\name`. An object has at least one of `id`, `upn`, `sid`, `mail`, `account` (`DOMAIN\name`), and may have `tenant`; more than one of them describe the same user |
//! | `reason`, `requestedBy` | for the receipt. Who asked is no subject |
//! | `severity` | in the words of any sender |
//! | `incident`, `alert` | ids that the receipt shall carry |
//! | `expect` | how many different users the sender means: a slip of the hand is caught, because a message that names another number is refused as a whole |
//!
//! `user` or `users` has to be there; an empty list is understood, and names nobody. A value of another kind, a string
//! that is no such identifier and an object without one are refused, with their place: nothing is guessed. Unknown
//! properties are passed over (a broker may add its own), and names may be written in any case.
//!
//! The application writes this form itself when it puts back what it could not finish.

use std::borrow::Cow;

use crate::domain::{
    AccountName, MailAddress, SecurityIdentifier, SubjectKind, SubjectRef, TenantId, UserId,
    UserPrincipalName,
};

use super::account;
use super::draft::Draft;
use super::node::{Node, Object, unexpected, unexpected_other};
use super::problem::{Problem, Within};

/// Whether it is one, even if it does not say whom it means.
pub(super) fn is(payload: &Object) -> bool {
    names_users(payload) || payload.has("requestedBy") || payload.has("expect")
}

/// Whether it is one that says whom it means.
pub(super) fn names_users(payload: &Object) -> bool {
    payload.has("user") || payload.has("users")
}

/// Reads it.
pub(super) fn read(message: &Object, draft: &mut Draft) -> Result<(), Problem> {
    if !names_users(message) {
        return Err(Problem::new(
            "a list of users was expected, or one user under the name user; neither stands there",
        )
        .within("users"));
    }
    let [severity, incident, alert, reason, requested_by] =
        ["severity", "incident", "alert", "reason", "requestedBy"].map(|name| words(message, name));
    draft.severity(severity?);
    draft.incident(incident?);
    draft.alert(alert?);
    draft.remarks(reason?.as_deref(), requested_by?.as_deref());

    let (one, several) = (message.get("user"), message.get("users"));
    if one.is_none() && several.is_none() {
        // In a form of our own a name without a value is a slip, not a way to say "unknown".
        let name = if message.has("users") {
            "users"
        } else {
            "user"
        };
        return Err(Problem::new("a value was expected; an empty one stands there").within(name));
    }
    if let Some(node) = one {
        draft.subjects.add(user(node).within("user")?);
    }
    if let Some(node) = several {
        let Node::List(users) = node else {
            return Err(unexpected("a list", node).within("users"));
        };
        for (index, node) in users.iter().enumerate() {
            draft.subjects.add(user(node).at(index).within("users")?);
        }
    }
    expect(message, draft)
}

/// A remark: a string or a number, or nothing.
fn words<'a>(message: &'a Object, name: &'static str) -> Result<Option<Cow<'a, str>>, Problem> {
    match message.get(name) {
        None => Ok(None),
        Some(node) => match node.as_text() {
            Some(text) => Ok(Some(text)),
            None => Err(unexpected("a string", node).within(name)),
        },
    }
}

fn user(node: &Node) -> Result<SubjectRef, Problem> {
    match node {
        Node::Text(text) => text_user(text.trim()).ok_or_else(|| {
            Problem::new(
                "a user principal name, an object id, a SID or DOMAIN\\name was expected; another string stands there",
            )
        }),
        Node::Object(object) => object_user(object),
        other @ (Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_)) => {
            Err(unexpected("a string or an object", other))
        }
    }
}

fn text_user(text: &str) -> Option<SubjectRef> {
    let mut subject = SubjectRef::new(SubjectKind::User);
    // A text is one of these, and so none of the others. What is none of them is refused by the caller, with its place.
    subject.id = text.parse().ok();
    subject.upn = text.parse().ok();
    subject.sid = text.parse().ok();
    subject.account = text.parse().ok();
    classified(subject)
}

fn object_user(object: &Object) -> Result<SubjectRef, Problem> {
    let mut subject = SubjectRef::new(SubjectKind::User);
    subject.id = identifier::<UserId>(object, "id", "an object id")?;
    subject.upn = identifier::<UserPrincipalName>(object, "upn", "a user principal name")?;
    subject.sid = identifier::<SecurityIdentifier>(object, "sid", "a SID")?;
    subject.mail = identifier::<MailAddress>(object, "mail", "a mail address")?;
    subject.account = identifier::<AccountName>(object, "account", "DOMAIN\\name")?;
    subject.tenant = identifier::<TenantId>(object, "tenant", "a tenant's id")?;
    classified(subject).ok_or_else(|| {
        Problem::new("one of id, upn, sid, mail, account was expected; none stands there")
    })
}

fn identifier<T: std::str::FromStr>(
    object: &Object,
    name: &'static str,
    what: &'static str,
) -> Result<Option<T>, Problem> {
    match object.get(name) {
        None => Ok(None),
        Some(node) => match node.as_text().and_then(|text| text.parse().ok()) {
            Some(identifier) => Ok(Some(identifier)),
            None => Err(unexpected_other(what, node).within(name)),
        },
    }
}

/// What a user is by the rules for all shapes: somebody may name a machine or `NT AUTHORITY\SYSTEM` by hand.
fn classified(written: SubjectRef) -> Option<SubjectRef> {
    written
        .is_resolvable()
        .then(|| account::classified(written))
}

/// Checks how many users the sender means against how many the message names.
fn expect(message: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let Some(node) = message.get("expect") else {
        return Ok(());
    };
    let expected = message
        .count("expect")
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| {
            unexpected_other("a whole number that is not negative", node).within("expect")
        })?;
    let named = draft.subjects.users();
    if named != expected {
        return Err(Problem::new(format!(
            "a count of {named} was expected, because the message names so many users; another number stands there"
        ))
        .within("expect"));
    }
    draft.expect = Some(expected);
    Ok(())
}
