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
//! | `users` | a list. A string is a user principal name, an object id, a SID or `DOMAIN\name`. An object has at least one of `id`, `upn`, `sid`, `mail`, `account` (`DOMAIN\name`), and may have `tenant`, and `severity` where it is not the message's; more than one of them describe the same user |
//! | `reason` | why, which receipts repeat under `requestedBecause` |
//! | `requestedBy` | who asked, as a claim, which receipts repeat. Who asked is no subject |
//! | `severity` | in the words of any sender |
//! | `incident`, `alert` | ids that the receipt shall carry |
//! | `expect` | how many different users the sender means: a slip of the hand is caught, because a message that names another number is refused as a whole |
//! | `commentBy` | `evict` or `caller`: who writes the comment on the incident. Objects of every shape may say it |
//! | `awaits` | `entities`, where `users` is empty and the incident's entities name them once they have arrived |
//! | `automated` | `true` where no person asked: an alert of which a part goes on in this form. Its severity counts then |
//! | `handedOn` | what is left of a message that was partly done: `deliveries` so far, `queuedAt` and `correlationId` of the first one, `alertAt` and `source`, by which receipts tell how fast it was, in `comment` what the comment on the incident tells already, and in `receivedBody` what the sender of one that awaits entities wrote |
//! | `rejectedBecause`, `rejectedFrom` | why and from where the application has put the message aside |
//!
//! `user` or `users` has to be there; an empty list is understood, and names nobody. A value of another kind, a string
//! that is no such identifier and an object without one are refused, with their place: nothing is guessed. So are
//! unknown properties and duplicates: the sender had a purpose, and a property that narrows an order must not be
//! ignored (`"whatIf": true`, `"expct": 1`). The properties that a broker adds to a message are ignored. Names may be
//! written in any case.
//!
//! The application writes this form itself when it puts back what it could not finish; `automated`, and a `severity`
//! beside a user's identifiers, keep what the alert said, so that the guard decides as it did.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::alert::accounts::classified;
use crate::alert::builder::AlertBuilder;
use crate::alert::comment_by::{COMMENT_BY, comment_by};
use crate::alert::json::{JsonProblem, Node, Object, Within, time, unexpected, unexpected_other};
use crate::alert::told;
use crate::domain::{
    AccountName, HandedOn, MailAddress, NothingToDoReason, SecurityIdentifier, Severity, Shape,
    SubjectKind, SubjectRef, TenantId, UserId, UserPrincipalName, WrittenBy,
};

use super::{Reading, Row, Sign, has_any};

/// The properties of a message.
const PROPERTIES: &[&str] = &[
    "user",
    "users",
    "reason",
    "requestedBy",
    "severity",
    "incident",
    "alert",
    "expect",
    COMMENT_BY,
    "awaits",
    "automated",
    "handedOn",
    "rejectedBecause",
    "rejectedFrom",
];

/// The properties that Service Bus gives to a message. The Functions host mixes them with a body's own properties, and
/// tools copy them into bodies. They say nothing about the order, and none of them is believed (`host`).
const OF_BROKER: &[&str] = &[
    "ContentType",
    "CorrelationId",
    "DeadLetterErrorDescription",
    "DeadLetterReason",
    "DeadLetterSource",
    "DeliveryCount",
    "EnqueuedSequenceNumber",
    "EnqueuedTime",
    "EnqueuedTimeUtc",
    "ExpiresAt",
    "ExpiresAtUtc",
    "Label",
    "LockToken",
    "LockedUntil",
    "MessageId",
    "PartitionKey",
    "ReplyTo",
    "ReplyToSessionId",
    "ScheduledEnqueueTimeUtc",
    "SequenceNumber",
    "SessionId",
    "Subject",
    "TimeToLive",
    "To",
    "ApplicationProperties",
    "UserProperties",
];

/// The properties of a user.
const OF_USER: &[&str] = &["id", "upn", "sid", "mail", "account", "tenant", "severity"];

/// The properties of what is left of an earlier message.
const OF_HANDED_ON: &[&str] = &[
    "deliveries",
    "queuedAt",
    "correlationId",
    "alertAt",
    "source",
    "comment",
    "receivedBody",
];

/// The most unknown properties of a message before it is taken for a document of another system. Either is refused; the
/// sentence differs.
const MOST_SLIPS: usize = 4;

pub(crate) const ROW: Row = Row {
    shape: Shape::Manual,
    sender: "people and scripts, and Evict itself for what is not finished",
    signs: &[Sign {
        words: "`user` or `users` (or `requestedBy` or `expect`), and hardly anything that the form does not have",
        holds: |message| {
            has_any(message, &["user", "users", "requestedBy", "expect"])
                && unknown(message, PROPERTIES).count() <= MOST_SLIPS
        },
    }],
    sample: "inbound/manual-users.json",
    reading: Reading::Payload(read),
};

fn unknown<'o>(
    object: &'o Object,
    known: &'static [&'static str],
) -> impl Iterator<Item = &'o str> {
    let among =
        |names: &[&str], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let is_known = move |name: &&str| among(known, name) || among(OF_BROKER, name);
    object
        .properties()
        .map(|(name, _)| name)
        .filter(move |name| !is_known(name))
}

fn read(message: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    only(message, PROPERTIES)?;
    if !has_any(message, &["user", "users"]) {
        return Err(JsonProblem::new(
            "a list of users was expected, or one user under the name user; neither stands there",
        )
        .within("users"));
    }
    let [severity, incident, alert, reason, requested_by] =
        ["severity", "incident", "alert", "reason", "requestedBy"].map(|name| words(message, name));
    builder.severity(severity?);
    builder.incident(incident?);
    builder.alert_of_whole(alert?);
    builder.remarks(reason?.as_deref(), requested_by?.as_deref());
    if automated(message)? {
        builder.written_by(WrittenBy::Machine);
    }
    builder.handed_on = handed_on(message)?;
    if let (Some(node), None) = (message.get(COMMENT_BY), comment_by(message)) {
        return Err(unexpected_other("evict or caller", node).within(COMMENT_BY));
    }

    if let Some(node) = message.get("awaits") {
        if node.as_text().is_none_or(|word| word != "entities") {
            return Err(unexpected_other("entities", node).within("awaits"));
        }
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    let (one, several) = (message.get("user"), message.get("users"));
    if one.is_none() && several.is_none() {
        // In our own form a name without a value is a mistake, not a way to say "unknown".
        let name = if message.has("users") {
            "users"
        } else {
            "user"
        };
        return Err(
            JsonProblem::new("a value was expected; an empty one stands there").within(name),
        );
    }
    if let Some(node) = one {
        add(node, builder).within("user")?;
    }
    if let Some(node) = several {
        let Node::List(users) = node else {
            return Err(unexpected("a list", node).within("users"));
        };
        for (index, node) in users.iter().enumerate() {
            add(node, builder).at(index).within("users")?;
        }
    }
    expect(message, builder)
}

/// Refuses unknown properties, with their names and the nearest known one, and duplicates.
fn only(object: &Object, known: &'static [&'static str]) -> Result<(), JsonProblem> {
    if let Some(name) = unknown(object, known).next() {
        let named = if is_plain(name) {
            format!("a property {name}")
        } else {
            "a property of another name".to_owned()
        };
        let is_of_user = OF_USER.iter().any(|known| known.eq_ignore_ascii_case(name));
        let meant = match nearest(name, known) {
            _ if is_of_user => "it belongs into the object of a user, such as {\"user\": {\"upn\": ..., \"tenant\": ...}}".to_owned(),
            Some(nearest) => format!("write {nearest}, if that is meant"),
            None => format!("the form has {}", known.join(", ")),
        };
        return Err(JsonProblem::new(format!(
            "a manual message was expected; {named} stands there, which the form does not have: {meant}"
        )));
    }
    let mut seen = HashSet::new();
    for (name, _) in object.properties() {
        if !seen.insert(name.to_ascii_lowercase()) {
            let named = known.iter().find(|known| known.eq_ignore_ascii_case(name));
            return Err(JsonProblem::new(format!(
                "each property once was expected; {} stands there twice",
                named.unwrap_or(&"one")
            )));
        }
    }
    Ok(())
}

/// Whether a name may be repeated in an answer: a word without anything that a terminal or a page could interpret.
fn is_plain(name: &str) -> bool {
    name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The property that a misspelt name probably stands for.
fn nearest(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&name, &known.to_lowercase()),
                *known,
            )
        })
        .min()
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .map(|(_, known)| known)
}

fn automated(message: &Object) -> Result<bool, JsonProblem> {
    match message.get("automated") {
        None => Ok(false),
        Some(node) => message
            .boolean("automated")
            .ok_or_else(|| unexpected_other("true or false", node).within("automated")),
    }
}

fn handed_on(message: &Object) -> Result<Option<HandedOn>, JsonProblem> {
    match message.get("handedOn") {
        None => Ok(None),
        Some(Node::Object(object)) => earlier(object).within("handedOn").map(Some),
        Some(other) => Err(unexpected("an object", other).within("handedOn")),
    }
}

fn earlier(object: &Object) -> Result<HandedOn, JsonProblem> {
    only(object, OF_HANDED_ON)?;
    let number = object.get("deliveries").map(|node| {
        let count = object.count("deliveries");
        count
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(|| {
                unexpected_other("a whole number that is not negative", node).within("deliveries")
            })
    });
    let instant = |name| match object.get(name) {
        None => Ok(None),
        Some(node) => match node.as_text().and_then(|text| time::read(&text)) {
            Some(instant) => Ok(Some(instant)),
            None => Err(unexpected_other("a time", node).within(name)),
        },
    };
    let source = words(object, "source")?;
    let source = source.and_then(|word| {
        let mut all = Shape::ALL.iter().copied();
        all.find(|shape| shape.as_str() == word)
    });
    Ok(HandedOn {
        deliveries: number.transpose()?.unwrap_or_default(),
        queued_at: instant("queuedAt")?,
        alert_at: instant("alertAt")?,
        source,
        correlation_id: words(object, "correlationId")?.map(Cow::into_owned),
        received_body: match object.get("receivedBody") {
            // As it was received, white space included.
            Some(Node::Text(text)) => Some(text.to_string()),
            None => None,
            Some(other) => return Err(unexpected("a string", other).within("receivedBody")),
        },
        story: match object.get("comment") {
            Some(Node::Object(comment)) => told::read(comment),
            Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_))
            | None => None,
        },
    })
}

/// A remark: a string or a number, or nothing.
fn words<'a>(message: &'a Object, name: &'static str) -> Result<Option<Cow<'a, str>>, JsonProblem> {
    match message.get(name) {
        None => Ok(None),
        Some(node) => match node.as_text() {
            Some(text) => Ok(Some(text)),
            None => Err(unexpected("a string", node).within(name)),
        },
    }
}

fn add(node: &Node, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let severity = match node {
        Node::Object(object) => words(object, "severity")?.and_then(|word| Severity::read(&word)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => None,
    };
    builder.subject_of(user(node)?, severity);
    Ok(())
}

fn user(node: &Node) -> Result<SubjectRef, JsonProblem> {
    match node {
        Node::Text(text) => text_user(text.trim()).ok_or_else(|| {
            JsonProblem::new(
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
    // A text is one of these identifiers, so none of the others. The caller refuses any other text, with its place.
    subject.id = text.parse().ok();
    subject.upn = text.parse().ok();
    subject.sid = text.parse().ok();
    subject.account = text.parse().ok();
    resolvable(subject)
}

fn object_user(object: &Object) -> Result<SubjectRef, JsonProblem> {
    only(object, OF_USER)?;
    let mut subject = SubjectRef::new(SubjectKind::User);
    subject.id = identifier::<UserId>(object, "id", "an object id")?;
    subject.upn = identifier::<UserPrincipalName>(object, "upn", "a user principal name")?;
    subject.sid = identifier::<SecurityIdentifier>(object, "sid", "a SID")?;
    subject.mail = identifier::<MailAddress>(object, "mail", "a mail address")?;
    subject.account = identifier::<AccountName>(object, "account", "DOMAIN\\name")?;
    subject.tenant = identifier::<TenantId>(object, "tenant", "a tenant's id")?;
    resolvable(subject).ok_or_else(|| {
        JsonProblem::new("one of id, upn, sid, mail, account was expected; none stands there")
    })
}

fn identifier<T: std::str::FromStr>(
    object: &Object,
    name: &'static str,
    what: &'static str,
) -> Result<Option<T>, JsonProblem> {
    match object.get(name) {
        None => Ok(None),
        Some(node) => match node.as_text().and_then(|text| text.parse().ok()) {
            Some(identifier) => Ok(Some(identifier)),
            None => Err(unexpected_other(what, node).within(name)),
        },
    }
}

/// Applies the rules of all shapes to a user: a person may name a machine or `NT AUTHORITY\SYSTEM` by hand.
fn resolvable(written: SubjectRef) -> Option<SubjectRef> {
    written.is_resolvable().then(|| classified(written))
}

/// Compares the number of users that the sender expects with the number that the message names.
fn expect(message: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let Some(node) = message.get("expect") else {
        return Ok(());
    };
    let expected = message
        .count("expect")
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| {
            unexpected_other("a whole number that is not negative", node).within("expect")
        })?;
    let named = builder.users();
    if named != expected {
        return Err(JsonProblem::new(format!(
            "a count of {named} was expected, because the message names so many users; another number stands there"
        ))
        .within("expect"));
    }
    builder.expect = Some(expected);
    Ok(())
}
