//! The comment for a Sentinel incident: plain sentences on who was cut and who was not, what is still alive, and what to
//! do next.
//!
//! It is HTML without blank lines. Sentinel renders HTML and Markdown; for Markdown such a text is one block of HTML and
//! stays as it is. Every text passes `escape`, so that nothing an alert says can be markup.

use crate::domain::{Mode, Outcome, Parsed, Receipt, StillAlive, Subject};

use super::markup::{self, text};
use super::{AlertReport, confirmation, sentence, size};

/// The most characters of a comment ("Service limits for Microsoft Sentinel"), counted as .NET does: UTF-16 code units.
pub const COMMENT_LIMIT: usize = 30_000;

/// The most characters of the manual message within a comment; a longer one is found in the reply.
const MESSAGE_LIMIT: usize = 16_000;

/// The most characters of a name or an id from outside.
pub(super) const NAME_LIMIT: usize = 256;

/// The most characters of a sentence.
pub(super) const SENTENCE_LIMIT: usize = 800;

/// The most things that are said to stay alive; [`crate::domain::still_alive()`] names fewer.
const ALIVE_LIMIT: usize = 8;

/// The comment, ready to post, at most [`COMMENT_LIMIT`] characters. If not every account fits, its last line says how
/// many were left out and how they ended.
#[must_use]
pub fn comment(report: &AlertReport<'_>) -> String {
    let mut lines = vec![headline(report)];
    lines.extend(remarks(report));
    let tail: Vec<String> = still_alive(report.receipts)
        .into_iter()
        .chain(confirm(report))
        .collect();
    let left_out_limit = length(&left_out(report.receipts));
    let taken: usize = lines.iter().chain(&tail).map(|line| length(line)).sum();
    let list = length("<ul>") + length("</ul>");
    let mut room = COMMENT_LIMIT.saturating_sub(taken + list + left_out_limit);

    let mut items = Vec::new();
    for (subject, receipt) in report.pairs() {
        let item = item(subject, receipt);
        let Some(rest) = room.checked_sub(length(&item)) else {
            break;
        };
        room = rest;
        items.push(item);
    }
    let listed = items.len();
    if listed > 0 {
        lines.push("<ul>".to_owned());
        lines.append(&mut items);
        lines.push("</ul>".to_owned());
    }
    lines.extend(tail);
    if let Some(rest @ [_, ..]) = report.receipts.get(listed..) {
        lines.push(left_out(rest));
    }
    lines.join("\n")
}

/// The characters of a line and of the line break after it.
pub(super) fn length(line: &str) -> usize {
    line.encode_utf16().count() + 1
}

pub(super) fn headline(report: &AlertReport<'_>) -> String {
    let headline = match report.parsed {
        Parsed::Alert(_) => format!(
            "{}: {}.",
            accounts(report.receipts.len()),
            counts(report.receipts)
        ),
        Parsed::NothingToDo(nothing) => sentence::nothing_to_do(&nothing.reason),
        Parsed::Malformed(_) => "What was sent could not be read, and nobody was cut.".to_owned(),
    };
    format!("<p><b>Evict:</b> {}</p>", text(&headline, SENTENCE_LIMIT))
}

/// What is to be said of the whole beside the headline.
pub(super) fn remarks(report: &AlertReport<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Parsed::Malformed(malformed) = report.parsed {
        lines.push(format!(
            "<p>At {}: {} Next: correct it and send it again.</p>",
            text(&malformed.path, NAME_LIMIT),
            text(&sentence::ended(&malformed.expected), SENTENCE_LIMIT),
        ));
    }
    if let Some(line) = unread(report.parsed) {
        lines.push(line);
    }
    if report.mode == Mode::Observe {
        lines.push("<p>The mode is observe: nothing was changed.</p>".to_owned());
    }
    if let Some(caller) = report.requested_by {
        lines.push(format!(
            "<p>Called by {}, as its token proves.</p>",
            caller.object_id
        ));
    }
    let header = report.parsed.header();
    if let Some(requested_by) = &header.requested_by {
        lines.push(format!(
            "<p>Asked for by {}, by the alert's own word.</p>",
            text(requested_by, NAME_LIMIT)
        ));
    }
    if let Some(reason) = &header.reason {
        lines.push(format!(
            "<p>Reason given: {}</p>",
            text(&sentence::ended(reason), SENTENCE_LIMIT)
        ));
    }
    lines
}

/// What a batch holds besides that names nobody yet.
fn unread(parsed: &Parsed) -> Option<String> {
    let Parsed::Alert(alert) = parsed else {
        return None;
    };
    let first = alert.unread.first()?;
    let others = match alert.unread.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let sentence = format!(
        "Another part of what was sent names nobody yet (at {}{others}). {}",
        first.path,
        sentence::nothing_to_do(&first.reason)
    );
    Some(format!("<p>{}</p>", text(&sentence, SENTENCE_LIMIT)))
}

fn item(subject: Option<&Subject>, receipt: &Receipt) -> String {
    let written = &receipt.subject.0;
    let (name, id) = match &receipt.user {
        Some(user) => (user.user_principal_name.as_str(), Some(user.id)),
        None => (
            written.as_str(),
            subject.and_then(|subject| subject.account.id),
        ),
    };
    let id = id.map(|id| id.to_string());
    // What was written shows only where it is neither of the two.
    let is_known = |text: &str| written.eq_ignore_ascii_case(text);
    let flagged_as = (!is_known(name) && !id.as_deref().is_some_and(is_known))
        .then(|| format!("flagged as {}", text(written, NAME_LIMIT)));
    let id = id.filter(|id| !name.eq_ignore_ascii_case(id));
    let aside: Vec<String> = id.into_iter().chain(flagged_as).collect();
    let aside = if aside.is_empty() {
        String::new()
    } else {
        format!(" ({})", aside.join(", "))
    };
    let what = text(&sentence::outcome(receipt), SENTENCE_LIMIT);
    let detail = receipt
        .detail
        .as_deref()
        .map_or_else(String::new, |detail| {
            format!(" {}", text(detail, SENTENCE_LIMIT))
        });
    format!(
        "<li><b>{}</b>{aside}: {what}{detail}</li>",
        text(name, NAME_LIMIT)
    )
}

/// What stays alive after the cuts of this alert, each thing once, with the latest of its bounds.
fn still_alive(receipts: &[Receipt]) -> Vec<String> {
    let mut all: Vec<StillAlive> = Vec::new();
    let cut = receipts.iter().filter(|receipt| receipt.outcome.is_cut());
    for alive in cut.flat_map(|receipt| &receipt.still_alive) {
        if let Some(known) = all.iter_mut().find(|known| known.what == alive.what) {
            known.until = known.until.max(alive.until);
        } else if all.len() < ALIVE_LIMIT {
            all.push(alive.clone());
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        "<p><b>What a cut leaves alive:</b></p>".to_owned(),
        "<ul>".to_owned(),
    ];
    lines.extend(all.iter().map(|alive| {
        let until = alive.until.map_or_else(String::new, |until| {
            format!(" Until {}.", sentence::time(until))
        });
        format!(
            "<li>{}</li>",
            text(&format!("{}{until}", alive.what), SENTENCE_LIMIT)
        )
    }));
    lines.push("</ul>".to_owned());
    lines
}

/// The manual message that cuts the users that the cap per alert withheld.
pub(super) fn confirm(report: &AlertReport<'_>) -> Vec<String> {
    let messages = confirmation::of(report, size::QUEUE_MESSAGE_LIMIT);
    let [first, rest @ ..] = messages.as_slice() else {
        return Vec::new();
    };
    let message = markup::json(&size::json(first));
    if rest.is_empty() && length(&message) <= MESSAGE_LIMIT {
        return vec![
            format!(
                "<p><b>To cut the {} withheld by the cap per alert</b>, if all of them are meant, send this message to the input queue or to the HTTP function. It means them and nobody else.</p>",
                accounts(first.users.len())
            ),
            format!("<pre><code>{message}</code></pre>"),
        ];
    }
    let users: usize = messages.iter().map(|message| message.users.len()).sum();
    vec![format!(
        "<p><b>To cut the {} withheld by the cap per alert</b>, if all of them are meant, send what stands under alert.confirm in the reply of this call. It is too long for a comment.</p>",
        accounts(users)
    )]
}

fn left_out(receipts: &[Receipt]) -> String {
    let sentence = format!(
        "Not listed here, because a comment is too short for all: {} ({}). The receipts name each.",
        accounts(receipts.len()),
        counts(receipts)
    );
    format!("<p>{}</p>", text(&sentence, SENTENCE_LIMIT))
}

fn accounts(count: usize) -> String {
    match count {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    }
}

/// How many receipts ended how, in words.
fn counts(receipts: &[Receipt]) -> String {
    let mut counts = WORDS.map(|word| (word, 0_usize));
    for receipt in receipts {
        let word = word(&receipt.outcome);
        for (_, count) in counts.iter_mut().filter(|(known, _)| *known == word) {
            *count += 1;
        }
    }
    counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

const WORDS: [&str; 11] = [
    "cut and verified",
    "cut but not verified",
    "cut before",
    "withheld",
    "external and not cut",
    "not found",
    "ambiguous",
    "not a user",
    "failed",
    "not finished",
    "handed to the queue",
];

pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Revoked { verified: true } => "cut and verified",
        Outcome::Revoked { verified: false } => "cut but not verified",
        Outcome::AlreadyCut => "cut before",
        Outcome::Withheld { .. } => "withheld",
        Outcome::NotEffective { .. } => "external and not cut",
        Outcome::NotFound => "not found",
        Outcome::Ambiguous { .. } => "ambiguous",
        Outcome::NotAUser { .. } => "not a user",
        Outcome::Failed { .. } => "failed",
        Outcome::Deferred => "not finished",
        Outcome::HandedOver => "handed to the queue",
    }
}
