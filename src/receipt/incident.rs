//! The comment that is written into an incident, over and over until the whole alert is in it: the users who were in it before, and
//! who ended now. First the table of accounts, then what stays alive and until when, then what a person has to do.
//!
//! What was said before comes in a message and is a claim of its writer; it is shown here and decides nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{Mode, Outcome, Parsed, Receipt, Story};

use super::comment::{self, COMMENT_LIMIT, NAME_LIMIT, SENTENCE_LIMIT, length};
use super::event::EventKey;
use super::incident_lines::{self, Line};
use super::markup::text;
use super::{AlertReport, sentence};
use crate::domain::still_alive::Bounds;

/// The most accounts of which a message that goes on carries what was said.
const TOLD_LIMIT: usize = 100;

/// The most characters of all that is to be done.
const TO_DO_LIMIT: usize = 8_000;

/// The most accounts that one thing to do names.
const NAMED_LIMIT: usize = 10;

/// By what the comment of an alert is found again, made from its first message.
#[must_use]
pub fn first_message(key: EventKey<'_>) -> Uuid {
    key.name()
}

/// What the comment says after these receipts: what it said before, and who ended now. It goes on with the users who have not.
#[must_use]
pub fn told_so_far(story: &Story, receipts: &[Receipt]) -> Story {
    let mut told = story.told.clone();
    let (mut left_out, mut left_out_cut) = (story.left_out, story.left_out_cut);
    let ended = receipts.iter().filter(|receipt| {
        receipt.outcome.is_final() && !matches!(receipt.outcome, Outcome::HandedOver)
    });
    for receipt in ended {
        let line = Line::of(receipt);
        if let Some(known) = told.iter_mut().find(|known| line.is_of(known)) {
            if !known.outcome.is_cut() {
                *known = line.told();
            }
        } else if told.len() < TOLD_LIMIT {
            told.push(line.told());
        } else {
            left_out = left_out.saturating_add(1);
            left_out_cut = left_out_cut.saturating_add(usize::from(line.outcome.is_cut()));
        }
    }
    Story {
        first: story.first,
        told,
        left_out,
        left_out_cut,
    }
}

/// The comment on what an alert has come to at that time, at most [`COMMENT_LIMIT`] characters. If not every account fits, it says
/// how many were left out.
#[must_use]
pub fn incident_comment(report: &AlertReport<'_>, story: &Story, at: Timestamp) -> String {
    let now = report.receipts.iter().map(Line::of).collect();
    written(report, now, story, at)
}

/// The comment on an alert that is still worked on: whose work has ended by that time, by their places among its subjects, and all
/// others. It claims nothing of those, so that it stays true of its time whatever comes.
#[must_use]
pub fn comment_under_way(
    parsed: &Parsed,
    mode: Mode,
    ended: &BTreeMap<usize, Receipt>,
    story: &Story,
    at: Timestamp,
) -> String {
    let subjects = parsed.subjects().iter().enumerate();
    let now = subjects.map(|(index, subject)| match ended.get(&index) {
        Some(receipt) if receipt.outcome.is_final() => Line::of(receipt),
        Some(_) | None => Line::open(subject),
    });
    let report = AlertReport {
        parsed,
        receipts: &[],
        mode,
        requested_by: None,
    };
    written(&report, now.collect(), story, at)
}

fn written(report: &AlertReport<'_>, now: Vec<Line<'_>>, story: &Story, at: Timestamp) -> String {
    let lines = incident_lines::all(now, story);
    let mut above = vec![headline(report, &lines, story, at)];
    above.extend(comment::remarks(report));
    let mut below = alive(&lines);
    below.extend(to_do(&lines));
    below.extend(comment::confirm(report));
    let mark = left_out(lines.len().saturating_add(story.left_out));
    let taken: usize = above.iter().chain(&below).map(|line| length(line)).sum();
    let mut room = COMMENT_LIMIT.saturating_sub(taken + length(&mark) + length(HEAD) + length(END));

    let mut rows = Vec::new();
    for line in &lines {
        let row = line.row();
        let Some(rest) = room.checked_sub(length(&row)) else {
            break;
        };
        room = rest;
        rows.push(row);
    }
    let missing = (lines.len() - rows.len()).saturating_add(story.left_out);
    let mut all = above;
    if !rows.is_empty() {
        all.push(HEAD.to_owned());
        all.append(&mut rows);
        all.push(END.to_owned());
    }
    if missing > 0 {
        all.push(left_out(missing));
    }
    all.extend(below);
    all.join("\n")
}

const HEAD: &str = "<table>\n<tr><th>Account</th><th>Sessions</th><th>Cut at</th></tr>";
const END: &str = "</table>";

fn headline(report: &AlertReport<'_>, lines: &[Line<'_>], story: &Story, at: Timestamp) -> String {
    let Parsed::Alert(_) = report.parsed else {
        return comment::headline(report);
    };
    let count = |is: fn(&Outcome) -> bool| lines.iter().filter(|line| is(line.outcome)).count();
    let cut = count(Outcome::is_cut).saturating_add(story.left_out_cut);
    let open = count(|outcome| matches!(outcome, Outcome::HandedOver));
    let goes_on = match open {
        0 => String::new(),
        open => format!(
            " {open} {} not finished at {} and {} on as soon as Graph allows; this comment is replaced then.",
            if open == 1 { "was" } else { "were" },
            sentence::time(at),
            if open == 1 { "goes" } else { "go" },
        ),
    };
    let fast = how_fast(report.parsed.header().alert_at(), lines);
    let all = lines.len().saturating_add(story.left_out);
    let accounts = if all == 1 { "account" } else { "accounts" };
    format!("<p><b>Evict:</b> {cut} of {all} {accounts} cut.{fast}{goes_on}</p>")
}

/// How long after the alert those were signed out whose cut was read back.
fn how_fast(alert_at: Option<Timestamp>, lines: &[Line<'_>]) -> String {
    let is_proved = |line: &&Line<'_>| {
        line.outcome.is_cut() && !matches!(line.outcome, Outcome::Revoked { verified: false })
    };
    let cut = lines.iter().filter(is_proved);
    let cut = cut.filter_map(|line| sentence::passed(alert_at?, line.cut_at?));
    let (Some(first), Some(last)) = (cut.clone().min(), cut.max()) else {
        return String::new();
    };
    let (first, last) = (sentence::length(first), sentence::length(last));
    if first == last {
        format!(" Signed out {last} after the alert.")
    } else {
        format!(" Signed out {first} to {last} after the alert.")
    }
}

fn left_out(count: usize) -> String {
    format!(
        "<p>Not in this table, because a comment is too short for all: {count} more. The receipts name each.</p>"
    )
}

/// What stays alive after the cuts, in two sentences with the times of the latest.
fn alive(lines: &[Line<'_>]) -> Vec<String> {
    let cut = lines.iter().filter(|line| line.outcome.is_cut());
    let Some(latest) = cut.filter_map(|line| line.cut_at).max() else {
        return Vec::new();
    };
    let Some(bounds) = Bounds::after(latest) else {
        return Vec::new();
    };
    vec![format!(
        "<p><b>Still alive:</b> access tokens issued before the cut may serve until {}, or with continuous access evaluation until {} as a rule and until {} where it does not reach the application. Neither ended nor undone are sessions that an application keeps by a cookie of its own, consents, app passwords, inbox rules, registered devices and sign-in methods, and whoever knows the credentials can sign in again.</p>",
        sentence::time(bounds.token),
        sentence::time(bounds.evaluation),
        sentence::time(bounds.evaluated_token),
    )]
}

/// What a person has to do: about those who were cut, and about each who was not, those with the same next step together.
fn to_do(lines: &[Line<'_>]) -> Vec<String> {
    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines.iter().filter(|line| line.asks_for_somebody()) {
        let step = line.sentence.as_str();
        match steps.iter_mut().find(|(known, _)| *known == step) {
            Some((_, named)) => named.push(&line.account),
            None => steps.push((step, vec![&line.account])),
        }
    }
    let cut = lines.iter().any(|line| line.outcome.is_cut());
    let after = "<li>Whoever was cut: reset the password or disable the account if it may be known to others, and look at consents, inbox rules, registered devices and sign-in methods.</li>";
    let after = cut.then(|| after.to_owned());
    let mut room = TO_DO_LIMIT;
    let mut items: Vec<String> = Vec::new();
    let mut passed_over = 0_usize;
    for (step, named) in &steps {
        let item = format!(
            "<li><b>{}</b>: {}</li>",
            names(named),
            text(step, SENTENCE_LIMIT)
        );
        match room.checked_sub(length(&item)) {
            Some(rest) => {
                room = rest;
                items.push(item);
            }
            None => passed_over += named.len(),
        }
    }
    if passed_over > 0 {
        items.push(format!(
            "<li>{passed_over} more: the receipts say what to do about each.</li>"
        ));
    }
    let items: Vec<String> = after.into_iter().chain(items).collect();
    if items.is_empty() {
        return Vec::new();
    }
    let mut all = vec!["<p><b>To do:</b></p>".to_owned(), "<ul>".to_owned()];
    all.extend(items);
    all.push("</ul>".to_owned());
    all
}

fn names(named: &[&str]) -> String {
    let mut shown: Vec<String> = named
        .iter()
        .take(NAMED_LIMIT)
        .map(|name| text(name, NAME_LIMIT))
        .collect();
    if named.len() > NAMED_LIMIT {
        shown.push(format!("{} more", named.len() - NAMED_LIMIT));
    }
    shown.join(", ")
}
