//! What an account reaches, for a person at a shell: one table, the riskiest first, then what could not be read.

use std::io::{self, Write};

use super::document::{Account, Document, Kind, Reach, State, Unread};
use crate::cli::escape::Escaped;
use crate::cli::receipts::{table, time, write_table, write_wrapped};

/// Writes all of it.
pub(super) fn write(output: &mut dyn Write, document: &Document, width: u16) -> io::Result<()> {
    for (index, entry) in document.users.iter().enumerate() {
        if index > 0 {
            writeln!(output)?;
        }
        match &entry.account {
            Some(account) => write_account(output, account, width)?,
            None => writeln!(output, "{}", Escaped(&entry.subject))?,
        }
        if let Some(detail) = &entry.detail {
            write_wrapped(output, "   ", &Escaped(detail).to_string(), width)?;
        }
    }
    Ok(())
}

fn write_account(output: &mut dyn Write, account: &Account, width: u16) -> io::Result<()> {
    let name = account.user_principal_name.as_str();
    writeln!(output, "{}  (object id {})", Escaped(name), account.id)?;
    if account.reaches.is_empty() {
        let told = if account.unread.is_empty() {
            "It reaches nothing that matters: no roles, no groups that matter, no applications."
        } else {
            "What could be read shows nothing that matters; the rest is not known."
        };
        writeln!(output)?;
        write_wrapped(output, "", told, width)?;
    } else {
        writeln!(output)?;
        let mut table = table(width);
        table.set_header(["RISK", "WHAT", "WHERE", "HOW"]);
        for reach in &account.reaches {
            let row = [
                reach.risk.as_str().to_owned(),
                what(reach),
                place(reach),
                how(reach),
            ];
            table.add_row(row.map(|cell| Escaped(&cell).to_string()));
        }
        write_table(output, &table)?;
    }
    write_unread(output, &account.unread, width)
}

fn write_unread(output: &mut dyn Write, unread: &[Unread], width: u16) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nNot read, so that there may be more:")?;
    for unread in unread {
        let mut text = format!("{}: {}", unread.what.as_str(), unread.detail);
        if !unread.permissions.is_empty() {
            text.push_str(&needs(unread));
        }
        write_wrapped(output, "  - ", &Escaped(&text).to_string(), width)?;
    }
    Ok(())
}

/// What it takes, for whichever kind of sign-in.
fn needs(unread: &Unread) -> String {
    let permissions = unread.permissions.join(" and ");
    let role = unread.role.map_or_else(String::new, |role| {
        format!(" and a directory role such as {role}")
    });
    format!(
        " (A person needs the delegated permission {permissions}{role}; an application, the application permission {permissions}.)"
    )
}

fn what(reach: &Reach) -> String {
    let name = &reach.name;
    match reach.kind {
        Kind::DirectoryRole => format!("{name} (directory role)"),
        Kind::AzureRole => format!("{name} (Azure role)"),
        Kind::OwnedApplication => format!("{name} (application)"),
        Kind::OwnedServicePrincipal => format!("{name} (service principal)"),
        Kind::Group => format!("{name} (group)"),
        Kind::ApplicationRole => format!("{name} (application role)"),
    }
}

fn place(reach: &Reach) -> String {
    match (&reach.scope, reach.kind) {
        (Some(scope), _) => scope.told(),
        (None, Kind::OwnedApplication | Kind::OwnedServicePrincipal) => {
            "whatever it may do".to_owned()
        }
        (None, _) => "-".to_owned(),
    }
}

fn how(reach: &Reach) -> String {
    let mut words = Vec::new();
    match reach.state {
        Some(State::Active) => words.push("active".to_owned()),
        Some(State::Eligible) => words.push("eligible, after an activation".to_owned()),
        None => {}
    }
    if let Some(at) = reach.ends_at {
        words.push(format!("until {}", time(at)));
    }
    match (&reach.through, reach.kind) {
        (Some(through), _) => {
            let name = through
                .name
                .clone()
                .unwrap_or_else(|| through.id.to_string());
            words.push(format!("through the group {name}"));
        }
        (None, Kind::DirectoryRole | Kind::AzureRole | Kind::ApplicationRole) => {
            words.push("given directly".to_owned());
        }
        (None, Kind::OwnedApplication | Kind::OwnedServicePrincipal) => {
            words.push("owner: can add a credential and act as it".to_owned());
        }
        (None, Kind::Group) => words.push("member".to_owned()),
    }
    if reach.conditional {
        words.push("narrowed by a condition".to_owned());
    }
    if reach.protected {
        words.push("protected by EVICT_PROTECTED_GROUPS".to_owned());
    }
    if reach.role_assignable {
        words.push("directory roles can be given to it".to_owned());
    }
    words.join(", ")
}
