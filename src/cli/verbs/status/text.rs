//! The reports in words for a person.

use std::io::{self, Write};

use super::reported::Reported;
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::table::{time, write_escaped, write_wrapped};
use crate::inquiry::reports::{LastSignIns, ReportName, Risk, SignIn, SignInLog, Unread};

impl Reported {
    /// Writes the reports, each line with its label.
    pub(super) fn write(
        &self,
        output: &mut dyn Write,
        width: u16,
        label: &dyn Fn(&str) -> String,
    ) -> io::Result<()> {
        let mut line = |name: &str, text: &str| {
            write_wrapped(output, &label(name), &Escaped(text).to_string(), width)
        };
        if let Some(risk) = &self.risk {
            line("risk", &risk_text(risk))?;
        }
        if let Some(last) = &self.last_sign_ins {
            line("last sign-ins", &last_sign_ins_text(last))?;
        }
        if let Some(since) = &self.signed_in_since {
            line("signed in since", &log_text(since))?;
            for sign_in in &since.sign_ins {
                line("", &sign_in_text(sign_in))?;
            }
        }
        if !self.not_readable.is_empty() {
            let names: Vec<_> = self.not_readable.iter().map(name).collect();
            line("not readable", &format!("{}: see below", names.join(", ")))?;
        }
        Ok(())
    }
}

/// Writes what could not be read, once for each reason, whichever users it concerns.
pub(super) fn write_not_readable<'a>(
    output: &mut dyn Write,
    width: u16,
    reported: impl Iterator<Item = &'a Reported>,
) -> io::Result<()> {
    let mut told: Vec<(&Unread, Vec<&'static str>)> = Vec::new();
    for lack in reported.flat_map(|reported| &reported.not_readable) {
        let same = told.iter_mut().find(|(other, _)| {
            (other.because, other.permission) == (lack.because, lack.permission)
        });
        match same {
            Some((_, names)) if names.contains(&name(lack)) => {}
            Some((_, names)) => names.push(name(lack)),
            None => told.push((lack, vec![name(lack)])),
        }
    }
    for (lack, names) in told {
        writeln!(output, "\nNot readable: {}", names.join(", "))?;
        write_escaped(output, "   ", &lack.detail, width)?;
    }
    Ok(())
}

fn risk_text(risk: &Risk) -> String {
    if risk.level == "none" && risk.state == "none" {
        return "none that Identity Protection knows of".to_owned();
    }
    let mut text = format!("{}, {}", risk.level, words(&risk.state));
    if let Some(detail) = &risk.detail {
        text.push_str(": ");
        text.push_str(&words(detail));
    }
    if let Some(at) = risk.last_updated {
        text.push_str(", since ");
        text.push_str(&time(at));
    }
    text
}

/// `atRisk` as words.
fn words(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn last_sign_ins_text(last: &LastSignIns) -> String {
    let parts: Vec<String> = [
        ("the last success", last.successful),
        ("by the user", last.interactive),
        ("by an app for the user", last.non_interactive),
    ]
    .into_iter()
    .filter_map(|(name, at)| at.map(|at| format!("{name} {}", time(at))))
    .collect();
    if parts.is_empty() {
        "none that the directory has noted".to_owned()
    } else {
        parts.join("; ")
    }
}

fn log_text(log: &SignInLog) -> String {
    let seen = format!(
        "as the sign-in log showed at {}; entries come minutes late",
        time(log.seen_until)
    );
    let kinds = if log.includes_non_interactive {
        ""
    } else {
        " Only the user's own sign-ins could be seen, not what apps do for the user."
    };
    let since = time(log.since);
    match (log.sign_ins.len(), log.more) {
        (0, false) => {
            format!("nobody since {since}, {seen}: look again in a quarter of an hour.{kinds}")
        }
        (0, true) => format!(
            "not known: the log gave empty pages since {since}, and more of them. Next: look in the Entra admin center.{kinds}"
        ),
        (count, more) => {
            let count = match (count, more) {
                (1, false) => "1 sign-in".to_owned(),
                (count, false) => format!("{count} sign-ins"),
                (count, true) => format!("more than {count} sign-ins"),
            };
            format!(
                "YES: {count} succeeded since {since}, {seen}. If sessions were cut then, the user has signed in anew, or \
                     somebody else knows the credentials. If it was not the user: reset the password, look at the \
                     registered sign-in methods, and cut again.{kinds}"
            )
        }
    }
}

fn sign_in_text(sign_in: &SignIn) -> String {
    let mut text = time(sign_in.at);
    text.push_str(": ");
    text.push_str(
        sign_in
            .application
            .as_deref()
            .unwrap_or("an app without a name"),
    );
    text.push_str(", from ");
    text.push_str(
        sign_in
            .ip_address
            .as_deref()
            .unwrap_or("an unknown address"),
    );
    if let Some(country) = &sign_in.country {
        text.push_str(" in ");
        text.push_str(country);
    }
    text.push_str(if sign_in.interactive {
        ", by the user"
    } else {
        ", by the app for the user"
    });
    text
}

fn name(unread: &Unread) -> &'static str {
    match unread.report {
        ReportName::Risk => "risk",
        ReportName::LastSignIns => "last sign-ins",
        ReportName::SignedInSince => "who signed in since",
    }
}
