//! The story as a text. Layout only; `story` has the content, and `receipt` the words of a receipt.

use std::fmt::Write as _;

use serde_json::Value;

use super::receipt::{Alive, Told};
use super::{Ending, SessionPair, Story};
use crate::tenant::CallRecord;

/// The width of a narrow terminal.
const WIDTH: usize = 100;

pub(super) fn render(story: &Story) -> String {
    let mut out = String::new();
    line(
        &mut out,
        "",
        &format!(
            "{} in {}, {}",
            story.alert,
            story.domain,
            way(&story.ending)
        ),
    );
    if story.receipts.is_empty() {
        line(&mut out, "", "Nobody was flagged.");
    }
    let sessions = story.sessions();
    let mut flagged = Vec::new();
    for receipt in &story.receipts {
        let told = Told(receipt);
        let own: Vec<_> = sessions
            .iter()
            .filter(|pair| told.user_id() == Some(&pair.before.user.to_string()))
            .copied()
            .collect();
        out.push('\n');
        subject(&mut out, &told, &own);
        flagged.extend(own.iter().map(|pair| pair.before.user));
    }
    still_alive(&mut out, &story.receipts);
    out.push('\n');
    let others: Vec<_> = sessions
        .iter()
        .filter(|pair| !flagged.contains(&pair.before.user))
        .collect();
    let alive = others.iter().filter(|pair| pair.before.alive).count();
    let survived = others.iter().filter(|pair| pair.survived()).count();
    line(
        &mut out,
        "",
        &format!("Everybody else: {alive} sessions alive before, {survived} after."),
    );
    for rejected in &story.rejected {
        line(&mut out, "", &format!("Rejected: {}", why(rejected)));
    }
    if let Some(answer) = &story.answer {
        line(&mut out, "", &format!("Answer: {answer}"));
    }
    line(&mut out, "", &calls(story));
    line(&mut out, "", &ending(&story.ending));
    out
}

fn subject(out: &mut String, told: &Told, sessions: &[SessionPair]) {
    line(out, "", told.name());
    line(out, "  ", &told.outcome());
    if let Some(moved) = told.moved() {
        line(out, "  ", &moved);
    }
    if let Some(detail) = told.detail() {
        line(out, "  ", detail);
    }
    for pair in sessions {
        let state = |alive| if alive { "alive" } else { "dead" };
        let (before, after) = (state(pair.before.alive), state(pair.survived()));
        let token = pair
            .after
            .filter(|after| after.access_token_alive && !after.alive);
        let note = if token.is_some() {
            ", its access token not yet"
        } else {
            ""
        };
        line(
            out,
            "    ",
            &format!("{:<14} {before} -> {after}{note}", pair.before.app),
        );
    }
}

/// What stays alive, once for all users with the same text; of several times, the latest.
fn still_alive(out: &mut String, receipts: &[Value]) {
    let mut groups: Vec<(Vec<&str>, Vec<Alive>)> = Vec::new();
    for told in receipts.iter().map(Told) {
        let alive = told.still_alive();
        let same = groups.iter_mut().find(|(_, group)| {
            group.len() == alive.len() && group.iter().zip(&alive).all(|(a, b)| a.what == b.what)
        });
        match same {
            _ if alive.is_empty() => {}
            None => groups.push((vec![told.name()], alive)),
            Some((names, group)) => {
                names.push(told.name());
                for (known, other) in group.iter_mut().zip(alive) {
                    known.until = known.until.max(other.until);
                }
            }
        }
    }
    for (names, alive) in groups {
        out.push('\n');
        line(out, "", &format!("Still alive, of {}:", names.join(", ")));
        for Alive { what, until } in alive {
            let text = until.map_or_else(
                || what.to_owned(),
                |until| format!("{what} (until {until})"),
            );
            line(out, "  ", &text);
        }
    }
}

/// The trigger of the alert.
fn way(ending: &Ending) -> &'static str {
    match ending {
        Ending::Answered(_) => "posted to the HTTP trigger",
        Ending::Completed(_) | Ending::DeadLettered(_) => "sent to the queue",
    }
}

/// Why a message was rejected; the whole message if it does not say.
fn why(rejected: &Value) -> String {
    let Some(because) = rejected["rejectedBecause"].as_str() else {
        return rejected.to_string();
    };
    let problem = &rejected["problem"];
    match (problem["path"].as_str(), problem["expected"].as_str()) {
        (Some(path), Some(expected)) => format!("{because} At {path}: expected {expected}"),
        _ => because.to_owned(),
    }
}

fn calls(story: &Story) -> String {
    let revoked = |call: &&CallRecord| call.path.ends_with("/revokeSignInSessions");
    format!(
        "Graph was called {} times, {} of them to revoke.",
        story.calls.len(),
        story.calls.iter().filter(revoked).count()
    )
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Answered(status) => format!("The caller was answered with {status}."),
        Ending::Completed(1) => "The message was completed on its first delivery.".to_owned(),
        Ending::Completed(count) => format!("The message was completed on delivery {count}."),
        Ending::DeadLettered(reason) => format!("The message was dead-lettered: {reason}."),
    }
}

/// One paragraph, broken between words. Control characters, which may come from an alert, are escaped.
fn line(out: &mut String, indent: &str, text: &str) {
    let mut column = 0;
    for paragraph in text.lines() {
        for word in paragraph.split(' ') {
            let word: String = word
                .chars()
                .flat_map(|c| {
                    if c.is_control() {
                        c.escape_default().collect()
                    } else {
                        vec![c]
                    }
                })
                .collect();
            let width = word.chars().count();
            if column > 0 && column + 1 + width > WIDTH {
                out.push('\n');
                column = 0;
            }
            let before = if column == 0 { indent } else { " " };
            // Writing to a String cannot fail.
            let _written = write!(out, "{before}{word}");
            column += before.len() + width;
        }
        out.push('\n');
        column = 0;
    }
}
