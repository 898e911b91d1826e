//! What goes to the queue `evict-rejected`: messages that could not be read, and what a last delivery left unfinished.
//!
//! Nothing is lost there. What names nobody yet goes there too, with the reason. A body that does not fit into one message goes in several, whose `receivedBodyBase64`, each
//! decoded and put together in the order of `part.number`, are the body byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::domain::{Malformed, Parsed, Shape};

use super::AlertReport;
use super::message::ManualMessage;
use super::origin::{Origin, RejectedFrom};
use super::sentence;
use super::size::{QUEUE_MESSAGE_LIMIT, as_sent, cut, json, prefix};

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Unreadable<'a> {
    /// Why it was put aside, and what to do.
    rejected_because: &'a str,
    /// What stands in the way.
    problem: Problem<'a>,
    /// The shape by which it was read.
    shape: &'static str,
    /// From where it was put aside.
    rejected_from: &'a Origin<'a>,
    /// Which part it is, of a body in several messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    /// The body.
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Problem<'a> {
    /// The JSON path.
    path: &'a str,
    /// What was expected there.
    expected: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Part {
    /// Counted from one.
    number: usize,
    /// How many there are.
    of: usize,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
enum Body<'a> {
    /// The body as text.
    #[serde(rename = "receivedBody")]
    Text(&'a str),
    /// The body, or its part, in base64.
    #[serde(rename = "receivedBodyBase64")]
    Bytes(String),
}

/// A message that could not be read, with the reason and its whole body: one message, or as many as the body demands.
#[must_use]
pub fn rejected(malformed: &Malformed, body: &[u8], from: &RejectedFrom<'_>) -> Vec<String> {
    let problem = Problem {
        path: &malformed.path,
        expected: &malformed.expected,
    };
    let because = "The message could not be read, and reading it again would not change that. Nobody was cut. Next: correct what `problem` names and send it again.";
    with_body(because, problem, malformed.header.shape, body, from)
}

/// A message that was understood, and that leaves users that it does not name: its entities have not arrived, or it only
/// links to them. It goes on with its whole body, so that nobody waits in vain; none, if it leaves nobody.
#[must_use]
pub fn unread(parsed: &Parsed, body: &[u8], from: &RejectedFrom<'_>) -> Vec<String> {
    let (path, reason) = match parsed {
        Parsed::NothingToDo(nothing) if nothing.reason.leaves_users_unread() => {
            ("$", &nothing.reason)
        }
        Parsed::Alert(alert) => match alert.unread.first() {
            Some(part) => (part.path.as_str(), &part.reason),
            None => return Vec::new(),
        },
        Parsed::NothingToDo(_) | Parsed::Malformed(_) => return Vec::new(),
    };
    let because = match parsed {
        Parsed::Alert(_) => {
            "A part of this message names nobody yet, and nobody was cut for it; the users of its other parts have receipts. Next: see what `problem` names, and send that part again once the users are in it."
        }
        Parsed::NothingToDo(_) | Parsed::Malformed(_) => {
            "This message names nobody yet, and nobody was cut for it. Next: see what `problem` names, and send it again once the users are in it."
        }
    };
    let asked = match parsed {
        Parsed::NothingToDo(nothing) => nothing.incident.as_ref(),
        Parsed::Alert(_) | Parsed::Malformed(_) => None,
    };
    let asked = asked.and_then(|note| note.problem.as_deref());
    let asked = asked.map_or_else(String::new, |problem| format!(" {problem}"));
    let expected = format!(
        "{}: {}{asked}",
        reason.as_str(),
        sentence::nothing_to_do(reason)
    );
    let problem = Problem {
        path,
        expected: &expected,
    };
    with_body(because, problem, parsed.header().source(), body, from)
}

fn with_body(
    rejected_because: &str,
    problem: Problem<'_>,
    shape: Shape,
    body: &[u8],
    from: &RejectedFrom<'_>,
) -> Vec<String> {
    let origin = Origin::of(from);
    let path = cut(problem.path, 1024);
    let expected = cut(problem.expected, 4 * 1024);
    let whole = |part, body| Unreadable {
        rejected_because,
        problem: Problem {
            path: &path,
            expected: &expected,
        },
        shape: shape.as_str(),
        rejected_from: &origin,
        part,
        body,
    };
    let widest = Part {
        number: usize::MAX,
        of: usize::MAX,
    };
    let frame = as_sent(&whole(Some(widest), Body::Bytes(String::new())), 0);
    let room = QUEUE_MESSAGE_LIMIT.saturating_sub(frame).max(1024);
    let bodies = split(body, room);
    let of = bodies.len();
    bodies
        .into_iter()
        .enumerate()
        .map(|(index, body)| {
            let part = (of > 1).then_some(Part {
                number: index + 1,
                of,
            });
            json(&whole(part, body))
        })
        .collect()
}

/// The body in pieces that each take at most `room` bytes in JSON: as one text, or in base64 if it is too long for that
/// or would not survive as text.
fn split(body: &[u8], room: usize) -> Vec<Body<'_>> {
    match std::str::from_utf8(body) {
        Ok(text) if prefix(text, room) == text.len() && !may_be_rewritten(text) => {
            vec![Body::Text(text)]
        }
        Ok(_) | Err(_) => body
            .chunks(room / 4 * 3)
            .map(|piece| Body::Bytes(STANDARD.encode(piece)))
            .collect(),
    }
}

/// In an object the host takes a string that looks like a date for one and rewrites it; such a body is kept from it,
/// should it ever read ours.
fn may_be_rewritten(text: &str) -> bool {
    let begins_like_a_date = text
        .trim_start()
        .starts_with(|c: char| c.is_ascii_digit() || c == '/');
    text.len() <= 64 && begins_like_a_date
}

/// What a message left unfinished, as messages that can be put on the input queue as they are: what its last delivery
/// could not end, and what failed for want of a permission. Why they were rejected stands in `rejectedBecause`, which the
/// manual form passes over.
#[must_use]
pub fn unfinished(report: &AlertReport<'_>, from: &RejectedFrom<'_>) -> Vec<String> {
    let subjects = report
        .pairs()
        .filter(|(_, receipt)| receipt.outcome.is_worth_putting_back())
        .filter_map(|(subject, _)| subject);
    let message = ManualMessage {
        rejected_because: Some(
            "No cut of these users is proved; their receipts say why. Next: remove what stood in the way (a missing permission, an outage), then put this message on the input queue as it is."
                .to_owned(),
        ),
        rejected_from: Some(Origin::of(from)),
        ..ManualMessage::of(report.parsed.header())
    };
    message
        .naming(subjects, QUEUE_MESSAGE_LIMIT)
        .iter()
        .map(json)
        .collect()
}
