//! Reads what a message that goes on states for the comment on its alert's incident. It is not an order: unreadable
//! entries are counted and skipped, and nobody is cut because of it.

use uuid::Uuid;

use crate::domain::{Fix, Outcome, Story, SubjectKind, Told, UserId, WithholdReason};

use super::json::tidy::tidy;
use super::json::{Node, Object};

/// The most accounts that are read.
const MOST: usize = 200;
/// The longest account and domain, in characters.
const LONGEST: usize = 256;

/// The story of an object, if it names its first message.
pub(crate) fn read(object: &Object) -> Option<Story> {
    let first: Uuid = object.parse(&["first"])?;
    let told = match object.get("told") {
        Some(Node::List(items)) => &items[..],
        Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_))
        | None => &[][..],
    };
    let read: Vec<Told> = told.iter().take(MOST).filter_map(one).collect();
    let count = |name| object.count(name).and_then(|n| usize::try_from(n).ok());
    let passed_over = told.len() - read.len();
    let left_out = count("leftOut").unwrap_or_default();
    Some(Story {
        first,
        told: read,
        left_out: left_out.saturating_add(passed_over),
        left_out_cut: count("leftOutCut").unwrap_or_default().min(left_out),
    })
}

fn one(node: &Node) -> Option<Told> {
    let object = node.as_object().ok()?;
    Some(Told {
        account: tidy(&object.text("account")?, LONGEST)?,
        id: object.parse::<UserId>(&["id"]),
        outcome: outcome(object).filter(Outcome::is_final)?,
        cut_at: object.time("cutAt"),
    })
}

/// The outcome behind the words of a receipt.
fn outcome(object: &Object) -> Option<Outcome> {
    let count = |name| object.count(name).and_then(|n| usize::try_from(n).ok());
    Some(match object.text("outcome")?.as_ref() {
        "revoked" => Outcome::Revoked {
            verified: object.boolean("verified")?,
        },
        "already_cut" => Outcome::AlreadyCut,
        "withheld" => Outcome::Withheld {
            reason: among(
                &WithholdReason::ALL,
                WithholdReason::as_str,
                object,
                "reason",
            )?,
        },
        "not_effective" => Outcome::NotEffective {
            home_domain: object
                .text("homeDomain")
                .and_then(|text| tidy(&text, LONGEST)),
        },
        "not_found" => Outcome::NotFound,
        "ambiguous" => Outcome::Ambiguous {
            candidates: count("candidates")?,
        },
        "not_a_user" => Outcome::NotAUser {
            kind: among(&SubjectKind::ALL, SubjectKind::as_str, object, "as")?,
        },
        "failed" => Outcome::Failed {
            fix: among(&Fix::ALL, Fix::as_str, object, "fix")?,
        },
        _ => return None,
    })
}

fn among<T: Copy>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    object: &Object,
    name: &str,
) -> Option<T> {
    let text = object.text(name)?;
    all.iter().copied().find(|one| word(*one) == text)
}
