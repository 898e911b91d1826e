//! Tables and wrapped texts for a terminal.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;

use super::escape::Escaped;

/// Wraps a text at the width: `first` precedes the first line, as many blanks precede the others.
pub(crate) fn write_wrapped(
    output: &mut dyn Write,
    first: &str,
    text: &str,
    width: u16,
) -> io::Result<()> {
    let most = usize::from(width.max(40)) - first.len();
    let mut indent = first.to_owned();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most {
            writeln!(output, "{indent}{line}")?;
            line.clear();
            indent = " ".repeat(first.len());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(output, "{indent}{line}")
}

/// Wraps an untrusted text, escaped line by line.
pub(crate) fn write_escaped(
    output: &mut dyn Write,
    first: &str,
    text: &str,
    width: u16,
) -> io::Result<()> {
    for (index, line) in text.lines().enumerate() {
        let before = if index == 0 {
            first.to_owned()
        } else {
            " ".repeat(first.len())
        };
        write_wrapped(output, &before, &Escaped(line).to_string(), width)?;
    }
    Ok(())
}

/// A table without borders, at most this wide.
pub(crate) fn table(width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.max(40));
    table
}

/// Writes a table without trailing blanks.
pub(crate) fn write_table(output: &mut dyn Write, table: &Table) -> io::Result<()> {
    for line in table.to_string().lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        writeln!(output, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A time to the second, in UTC.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
