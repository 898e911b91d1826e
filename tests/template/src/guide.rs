//! What a guide in Markdown names, so that it can be held against what there is.

use std::collections::BTreeSet;

/// Folders of the repository that a path in the guide may begin with.
const FOLDERS: [&str; 4] = ["infra/", "function/", "src/", "tests/"];

/// The names in a guide's code, inline or in blocks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Paths below the root of the repository.
    pub paths: BTreeSet<String>,
    /// Query files that are named without their folder.
    pub queries: BTreeSet<String>,
    /// Settings of the handler.
    pub settings: BTreeSet<String>,
    /// Words such as `httpAudience`: parameters and outputs of the template, and properties of the host's file.
    pub camel: BTreeSet<String>,
    /// Permissions of Microsoft Graph.
    pub permissions: BTreeSet<String>,
}

/// Everything that a guide names.
#[must_use]
pub fn named_in(markdown: &str) -> Named {
    let mut named = Named::default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    for code in code_in(markdown) {
        for word in code.split(|c| !is_part(c)) {
            let word = word.trim_end_matches('.');
            if FOLDERS.iter().any(|folder| word.starts_with(folder)) {
                named.paths.insert(word.to_owned());
            } else if let Some(name) = word.strip_suffix(".kql") {
                named.queries.insert(name.to_owned());
            } else if word.starts_with("EVICT_") && word.len() > "EVICT_".len() {
                named.settings.insert(word.to_owned());
            } else if word.matches('.').count() == 2 && word.ends_with(".All") {
                named.permissions.insert(word.to_owned());
            } else if is_camel(word) {
                named.camel.insert(word.to_owned());
            }
        }
    }
    named
}

/// `httpAudience`, but neither `http` nor `HttpAudience`.
fn is_camel(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.contains(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Inline code; and of blocks for the shell the lines that set parameters or name files, since the rest is other programs' words.
fn code_in(markdown: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in markdown.lines() {
        if let Some(language) = line.strip_prefix("```") {
            fence = if fence.is_some() {
                None
            } else {
                Some(language)
            };
            continue;
        }
        match fence {
            Some("sh") => found.extend(shell(line)),
            Some(_) => {}
            None => found.extend(line.split('`').skip(1).step_by(2)),
        }
    }
    found
}

/// The words of a line for the shell that are ours: paths, settings, `name=value`, and what is asked of `output`.
fn shell(line: &str) -> impl Iterator<Item = &str> {
    let asked = line.split_once("$(output ").map(|(_, rest)| rest);
    let asked = asked.and_then(|rest| rest.split(')').next());
    let words = line.split_whitespace().filter_map(|word| {
        let word = word.trim_matches(['"', '\'']);
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let is_ours = FOLDERS.iter().any(|folder| name.starts_with(folder))
            || name.starts_with("EVICT_")
            || (!value.is_empty() && is_camel(name));
        is_ours.then_some(name)
    });
    words.chain(asked)
}
