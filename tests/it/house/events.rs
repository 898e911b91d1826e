//! Every event of the log has a dotted name, such as `receipt.made`: queries read it, so it is no sentence.

use super::{Source, sources};

const MACROS: [&str; 4] = [
    "tracing::error!(",
    "tracing::warn!(",
    "tracing::info!(",
    "tracing::debug!(",
];

/// The arguments of a macro, from behind its opening bracket.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    let mut in_string = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

fn is_dotted(name: &str) -> bool {
    name.contains('.')
        && name.split('.').all(|word| {
            !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
        })
}

/// The events whose names are not dotted.
fn sentences(source: &Source) -> Vec<String> {
    let text = source.production();
    let mut found = Vec::new();
    for start in MACROS {
        for (at, _) in text.match_indices(start) {
            let arguments = arguments(&text[at + start.len()..]);
            let last = arguments.trim_end().trim_end_matches(',');
            let name = last
                .strip_suffix('"')
                .and_then(|last| last.rsplit('"').next());
            if !name.is_some_and(is_dotted) {
                found.push(format!("{}: {}", source.path, name.unwrap_or("no name")));
            }
        }
    }
    found
}

#[test]
fn every_event_has_a_dotted_name() {
    let production = sources().into_iter().filter(|source| !source.is_test());
    let found: Vec<String> = production.flat_map(|source| sentences(&source)).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_planted_sentence_is_found() {
    let text = "fn f() {\n    tracing::warn!(problem = %error, \"a call failed (twice)\");\n    tracing::info!(\n        user,\n        \"receipt.made\"\n    );\n    tracing::debug!(user);\n}";
    let found = sentences(&super::source("graph/x.rs", text));
    assert_eq!(
        found,
        ["graph/x.rs: a call failed (twice)", "graph/x.rs: no name"]
    );
}
