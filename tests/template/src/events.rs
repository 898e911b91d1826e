//! What a Rust source says to the log: each `tracing` macro's message and the names of its fields.

use std::collections::{BTreeMap, BTreeSet};

const EVENTS: [&str; 4] = ["error", "warn", "info", "debug"];
const SPANS: [&str; 4] = ["error_span", "warn_span", "info_span", "debug_span"];

/// The events and spans of some sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// Each message with the fields that stand beside it.
    pub events: BTreeMap<String, BTreeSet<String>>,
    /// The fields of spans.
    pub span_fields: BTreeSet<String>,
}

impl Events {
    /// Both together.
    pub fn extend(&mut self, other: Self) {
        for (message, fields) in other.events {
            self.events.entry(message).or_default().extend(fields);
        }
        self.span_fields.extend(other.span_fields);
    }
}

/// Reads the macros that a source calls as `tracing::…!`.
#[must_use]
pub fn events_in(source: &str) -> Events {
    let mut found = Events::default();
    for (at, _) in source.match_indices("tracing::") {
        let call = &source[at + "tracing::".len()..];
        let Some((name, rest)) = call.split_once("!(") else {
            continue;
        };
        let (is_event, is_span) = (EVENTS.contains(&name), SPANS.contains(&name));
        if !is_event && !is_span {
            continue;
        }
        let mut message = None;
        let mut fields = BTreeSet::new();
        for argument in arguments(rest) {
            let argument = argument.trim();
            if let Some(text) = argument.strip_prefix('"') {
                message = text.strip_suffix('"').map(str::to_owned);
            } else if let Some(field) = field(argument) {
                fields.insert(field);
            }
        }
        if is_span {
            found.span_fields.extend(fields);
        } else if let Some(message) = message {
            found.events.entry(message).or_default().extend(fields);
        }
    }
    found
}

/// `name = value`, `name`, `%name` or `?name`.
fn field(argument: &str) -> Option<String> {
    let name = argument.trim_start_matches(['%', '?']);
    let name = name.split_once('=').map_or(name, |(name, _)| name).trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
}

/// The arguments up to the bracket that closes the call.
fn arguments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut begun) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if in_text {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => in_text = true,
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                found.push(&text[begun..at]);
                break;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[begun..at]);
                begun = at + 1;
            }
            _ => {}
        }
    }
    found
}
