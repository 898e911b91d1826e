//! Receipts for a person: a table of outcomes, then what to know and do about each user that was not cut.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::cli::exit::Exit;
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::table::{table, time, write_escaped, write_table, write_wrapped};
use crate::domain::{Fix, Outcome, Receipt, SubjectKind, WithholdReason};

#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) receipts: Vec<Receipt>,
    /// Subjects that were not started when a Ctrl-C came.
    pub(super) not_begun: Vec<String>,
    /// Subjects in progress when a second Ctrl-C ended the command.
    pub(super) unknown: Vec<String>,
}

pub(super) fn write(output: &mut dyn Write, done: &Done, width: u16) -> io::Result<()> {
    let mut table = table(width);
    table.set_header(["USER", "OUTCOME", "SESSIONS VALID FROM"]);
    for receipt in &done.receipts {
        let valid_from = receipt.sessions_valid_from;
        table.add_row([
            Escaped(&name(receipt)).to_string(),
            word(&receipt.outcome),
            valid_from
                .after
                .or(valid_from.before)
                .map_or_else(|| "-".to_owned(), time),
        ]);
    }
    let not_begun = done.not_begun.iter().map(|name| (name, "not begun"));
    let unknown = done.unknown.iter().map(|name| (name, "unknown"));
    for (written, word) in not_begun.chain(unknown) {
        table.add_row([&Escaped(written).to_string(), word, "-"]);
    }
    write_table(output, &table)?;
    for receipt in &done.receipts {
        if let Some(text) = remark(receipt) {
            let text = format!("{}: {text}", Escaped(&name(receipt)));
            writeln!(output)?;
            write_wrapped(output, "", &text, width)?;
            if let Some(detail) = receipt.detail.as_ref().filter(|_| adds(&receipt.outcome)) {
                write_escaped(output, "  ", detail, width)?;
            }
        }
    }
    write_alive(output, &done.receipts, width)?;
    write_sum(output, done)
}

fn write_sum(output: &mut dyn Write, done: &Done) -> io::Result<()> {
    let count = |is: fn(&Outcome) -> bool| {
        done.receipts
            .iter()
            .filter(|receipt| is(&receipt.outcome))
            .count()
    };
    let all = done.receipts.len() + done.not_begun.len() + done.unknown.len();
    writeln!(output, "\n{} of {all} cut.", count(is_done))?;
    let observed = count(|outcome| *outcome == OBSERVED);
    if observed > 0 {
        writeln!(
            output,
            "{observed} would be cut: the mode is observe (--observe or EVICT_MODE), so nothing was changed."
        )?;
    }
    if !done.unknown.is_empty() {
        writeln!(
            output,
            "Ended at once: of {} it is not known whether they were cut. Run the command again, which harms nobody.",
            done.unknown.len()
        )?;
    }
    Ok(())
}

const OBSERVED: Outcome = Outcome::Withheld {
    reason: WithholdReason::Observe,
};

/// Whether the receipt's detail adds to the remark.
fn adds(outcome: &Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Withheld {
            reason: WithholdReason::BlastRadius | WithholdReason::ProtectedUser
        }
    )
}

fn name(receipt: &Receipt) -> String {
    receipt.user.as_ref().map_or_else(
        || receipt.subject.0.clone(),
        |user| user.user_principal_name.as_str().to_owned(),
    )
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Revoked { verified: true } => "cut".to_owned(),
        Outcome::Revoked { verified: false } => "cut, not seen yet".to_owned(),
        Outcome::AlreadyCut => "already cut".to_owned(),
        Outcome::Withheld {
            reason: WithholdReason::Observe,
        } => "would be cut".to_owned(),
        Outcome::Withheld { reason } => format!("withheld: {}", reason.as_str().replace('_', " ")),
        Outcome::NotEffective { .. } => "not effective".to_owned(),
        Outcome::NotFound => "not found".to_owned(),
        Outcome::Ambiguous { .. } => "ambiguous".to_owned(),
        Outcome::NotAUser { kind } => format!("no user: {}", kind.as_str().replace('_', " ")),
        Outcome::Failed { .. } => "failed".to_owned(),
        Outcome::Deferred | Outcome::HandedOver => "not finished".to_owned(),
    }
}

fn is_done(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Revoked { verified: true } | Outcome::AlreadyCut
    )
}

/// What to know and do about a user; `None` for one that was cut.
fn remark(receipt: &Receipt) -> Option<String> {
    let setting = receipt.policy.unwrap_or("the settings");
    Some(match &receipt.outcome {
        Outcome::Revoked { verified: true } | Outcome::AlreadyCut => return None,
        Outcome::Revoked { verified: false } => {
            "Graph accepted the cut, but it did not show when it was read back.".to_owned()
        }
        Outcome::Withheld { reason } => match reason {
            WithholdReason::Observe => return None,
            WithholdReason::ProtectedUser | WithholdReason::ProtectedGroup => format!(
                "not cut, for {setting} protects this user. Next: decide with whoever keeps that setting; if the user is to be cut \
                 all the same, give the reason with --override-guard."
            ),
            WithholdReason::BlastRadius if setting == "EVICT_MAX_USERS_PER_ALERT" => format!(
                "not cut, for more users are named than {setting} allows at once. Next: if all are meant, give their \
                 number with --expect."
            ),
            WithholdReason::BlastRadius => format!(
                "not cut, for {setting} allows no more now. Next: if the user is meant, raise the setting for this run."
            ),
            WithholdReason::TokenTenant
            | WithholdReason::OtherTenant
            | WithholdReason::MembershipUnknown
            | WithholdReason::ProtectedGroupMissing
            | WithholdReason::BelowMinimumSeverity
            | WithholdReason::ClearedBySource => "not cut.".to_owned(),
        },
        Outcome::NotEffective { home_domain } => format!(
            "not cut, and not from here: an external user, who signs in at the home tenant{}. Next: ask that tenant to \
             cut the sessions, and block the guest account here.",
            home_domain
                .as_deref()
                .map_or_else(String::new, |domain| format!(
                    " (probably {})",
                    Escaped(domain)
                ))
        ),
        Outcome::NotFound => "nobody was cut: this tenant has no such user. Next: look for a slip in the name, or for a \
                              deleted account; the object id is the surest name."
            .to_owned(),
        Outcome::Ambiguous { candidates } => format!(
            "nobody was cut: this fits {candidates} users, or users who differ. Next: give the object id."
        ),
        Outcome::NotAUser {
            kind: SubjectKind::ServicePrincipal,
        } => "nothing to cut: an application has no user sessions.".to_owned(),
        Outcome::NotAUser { .. } => "nothing to cut: this is no user.".to_owned(),
        Outcome::Failed {
            fix: Fix::Permission,
        } => "not cut: a permission is missing.".to_owned(),
        Outcome::Failed { .. } => "not cut, and trying again would not change that.".to_owned(),
        Outcome::Deferred | Outcome::HandedOver => {
            "not finished: no cut is proved. Next: run the command again.".to_owned()
        }
    })
}

/// What stays alive after a cut, each kind once, with the latest bound.
fn write_alive(output: &mut dyn Write, receipts: &[Receipt], width: u16) -> io::Result<()> {
    let mut alive: Vec<(&str, Option<Timestamp>)> = Vec::new();
    for receipt in receipts {
        if !matches!(receipt.outcome, Outcome::Revoked { .. }) {
            continue;
        }
        for left in &receipt.still_alive {
            match alive.iter_mut().find(|(what, _)| *what == left.what) {
                Some((_, until)) => *until = (*until).max(left.until),
                None => alive.push((&left.what, left.until)),
            }
        }
    }
    if !alive.is_empty() {
        writeln!(output, "\nStill alive after a cut:")?;
    }
    for (what, until) in alive {
        let until = until.map_or_else(String::new, |until| format!(" (until {})", time(until)));
        write_wrapped(output, "  - ", &format!("{}{until}", Escaped(what)), width)?;
    }
    Ok(())
}

/// The exit code. With `--observe`, an observed user counts as done.
pub(super) fn exit(done: &Done, observed: bool) -> Exit {
    if !done.unknown.is_empty() {
        return Exit::Interrupted;
    }
    let any = |is: fn(&Outcome) -> bool| done.receipts.iter().any(|receipt| is(&receipt.outcome));
    if any(|outcome| {
        matches!(
            outcome,
            Outcome::Failed {
                fix: Fix::Permission
            }
        )
    }) {
        return Exit::NoPermission;
    }
    if any(|outcome| {
        matches!(
            outcome,
            Outcome::Failed { .. } | Outcome::Deferred | Outcome::HandedOver
        )
    }) {
        return Exit::Unable;
    }
    let all = done
        .receipts
        .iter()
        .all(|receipt| is_done(&receipt.outcome) || (observed && receipt.outcome == OBSERVED));
    if all && done.not_begun.is_empty() {
        Exit::Success
    } else {
        Exit::Partly
    }
}
