//! A story as text: its receipts in short, and all its events.

use sandbox::functions::Settled;
use sandbox::tenant::CallRecord;
use serde_json::Value;

use super::play::{Done, End, Played};

/// The word for an outcome, with the reason of a withheld one.
pub(super) fn word(receipt: &Value) -> String {
    let outcome = receipt["outcome"].as_str().unwrap_or("?");
    match (receipt["reason"].as_str(), receipt["verified"].as_bool()) {
        (Some(reason), _) => format!("{outcome} {reason}"),
        (None, Some(verified)) => format!("{outcome} {verified}"),
        (None, None) => outcome.to_owned(),
    }
}

pub(super) fn short(receipt: &Value) -> String {
    format!(
        "{} {}",
        receipt["subject"].as_str().unwrap_or("?"),
        word(receipt)
    )
}

pub(super) fn name_of(done: &Done) -> String {
    let what = match (done.alert, &done.message) {
        (Some(alert), None) => format!("alert {alert} over HTTP"),
        (Some(alert), Some((_, _, count))) => format!("alert {alert}, delivery {count}"),
        (None, _) => "a message of the app's own".to_owned(),
    };
    format!("{what} at {}", done.from)
}

pub(super) fn line(call: &CallRecord) -> String {
    format!("{} {}", call.at, call.line())
}

/// The events of a story, for a person to read.
pub(super) fn text(played: &Played) -> String {
    use std::fmt::Write as _;
    let mut told = String::new();
    for done in &played.deliveries {
        let end = match &done.end {
            End::Answered { settled, .. } => match settled {
                Settled::Completed { status, .. } => format!("completed {status}"),
                other => format!("{other:?}"),
            },
            End::Abandoned => "abandoned".to_owned(),
            End::Died => "died".to_owned(),
        };
        let _ = writeln!(told, "{} to {}: {end}", name_of(done), done.until);
        for receipt in done.receipts() {
            let _ = writeln!(
                told,
                "    {}, before {}, after {}; {}",
                short(&receipt),
                receipt["sessionsValidFrom"]["before"],
                receipt["sessionsValidFrom"]["after"],
                receipt["detail"].as_str().unwrap_or_default()
            );
        }
    }
    for call in &played.calls {
        let path = call.path.split('?').next().unwrap_or_default();
        let spoiled = if call.spoiled { ", spoiled" } else { "" };
        let cut = call
            .cut_at
            .map(|at| format!(", carried out at {at}"))
            .unwrap_or_default();
        let _ = writeln!(
            told,
            "{} {} {path} -> {:?}{spoiled}{cut}",
            call.at, call.method, call.status
        );
    }
    told
}
