//! What an account reaches, for a person: one table, the highest risk first, then what could not be read.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, Width};

use super::document::AccountAccess;
use crate::cli::session::per_user::Account;
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::table::{table, time, write_escaped, write_table, write_wrapped};
use crate::inquiry::access::reach::{Kind, Reach, State, Unread, UnreadReason};

/// The column with ids, and the width of an id with its margins.
const WHERE: usize = 3;
const ID: u16 = 38;

fn holds_an_id(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| uuid::Uuid::try_parse(word).is_ok())
}

impl Account for AccountAccess {
    const DOCUMENT: &'static str = "The whole answer.";
    const ENTRY: &'static str =
        "What is known of one user, in the order in which users were named.";

    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()> {
        let name = self.user_principal_name.as_str();
        writeln!(output, "{}  (object id {})", Escaped(name), self.id)?;
        if self.reaches.is_empty() {
            let told = if self.unread.is_empty() {
                "It reaches nothing that matters: no roles, no groups that matter, no applications."
            } else {
                "What could be read shows nothing that matters; the rest is not known."
            };
            writeln!(output)?;
            write_wrapped(output, "", told, width)?;
        } else {
            writeln!(output)?;
            let mut table = table(width);
            table.set_header(["RISK", "KIND", "NAME", "WHERE", "HOW"]);
            for reach in &self.reaches {
                let row = [
                    reach.risk.as_str().to_owned(),
                    kind(reach.kind).to_owned(),
                    reach.name.clone(),
                    scope_name(reach),
                    how(reach),
                ];
                table.add_row(row.map(|cell| Escaped(&cell).to_string()));
            }
            if let Some(column) = table.column_mut(WHERE)
                && self.reaches.iter().any(|it| holds_an_id(&scope_name(it)))
            {
                // An id on two lines cannot be copied.
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(ID)));
            }
            write_table(output, &table)?;
        }
        write_unread(output, &self.unread, width)
    }
}

fn write_unread(output: &mut dyn Write, unread: &[Unread], width: u16) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nNot read, so that there may be more:")?;
    for unread in unread {
        let told = match &unread.happened {
            Some(happened) if is_of_graph(unread) => format!("{happened} {}", needs(unread)),
            Some(_) | None => unread.detail.clone(),
        };
        let text = format!("{}: {told}", unread.what.as_str());
        write_escaped(output, "  - ", &text, width)?;
    }
    if unread.iter().any(is_of_graph) {
        writeln!(output)?;
        write_wrapped(output, "", NEXT, width)?;
    }
    Ok(())
}

/// The next step for missing permissions of Graph.
const NEXT: &str = "Next: a person needs each permission as a delegated one, to which an administrator consents for the \
                    application that signs the person in (Microsoft Azure CLI for `az login`), and the directory role \
                    activated. An application, such as a service principal that is signed in to az, needs the application \
                    permission of the same name, and no role. Then run the command again.";

fn is_of_graph(unread: &Unread) -> bool {
    unread.reason == UnreadReason::Permission && !unread.permissions.is_empty()
}

fn needs(unread: &Unread) -> String {
    let permissions = unread.permissions.join(" and ");
    let role = unread.role.map_or_else(String::new, |role| {
        format!("; a person also needs a directory role such as {role}")
    });
    format!("It needs the Graph permission {permissions}{role}.")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::DirectoryRole => "directory role",
        Kind::AzureRole => "Azure role",
        Kind::OwnedApplication => "application",
        Kind::OwnedServicePrincipal => "service principal",
        Kind::Group => "group",
        Kind::ApplicationRole => "application role",
    }
}

fn scope_name(reach: &Reach) -> String {
    match (&reach.scope, reach.kind) {
        (Some(scope), _) => scope.describe(),
        (None, Kind::OwnedApplication | Kind::OwnedServicePrincipal) => {
            "wherever it has access".to_owned()
        }
        (None, _) => "-".to_owned(),
    }
}

fn how(reach: &Reach) -> String {
    let mut words = Vec::new();
    match reach.state {
        Some(State::Active) => words.push("active".to_owned()),
        Some(State::Eligible) => words.push("eligible".to_owned()),
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
            words.push(format!("by group {name}"));
        }
        (None, Kind::DirectoryRole | Kind::AzureRole | Kind::ApplicationRole) => {
            words.push("directly".to_owned());
        }
        (None, Kind::OwnedApplication | Kind::OwnedServicePrincipal) => {
            words.push("owner, who can act as it".to_owned());
        }
        (None, Kind::Group) => words.push("member".to_owned()),
    }
    if reach.conditional {
        words.push("under a condition".to_owned());
    }
    if reach.protected {
        words.push("protected".to_owned());
    }
    if reach.role_assignable {
        words.push("role-assignable".to_owned());
    }
    words.join(", ")
}
