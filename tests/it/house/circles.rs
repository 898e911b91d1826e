//! No file depends on itself through other files, and no verb of the command names another.
//!
//! Names that a file takes from the `mod.rs` of its own folder do not count: a `mod.rs` is half a contract and half a
//! list of its files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, sources};

/// A module, by the parts of its path below the crate.
type Module = Vec<String>;

/// The only verb that knows the documents of all others.
const KNOWS_ALL_VERBS: &str = "schema";

fn module(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// Every path in a text with its braces resolved: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            branches(&text[at..], "", &mut found);
        }
    }
    found
}

/// Reads one path with its branches from the beginning of a text; returns the remaining text.
fn branches<'t>(text: &'t str, before: &str, found: &mut Vec<String>) -> &'t str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    let mut rest = &text[end..];
    if !(path.ends_with("::") && rest.starts_with('{')) {
        found.push(path.trim_end_matches("::").to_owned());
        return rest;
    }
    loop {
        rest = rest[1..].trim_start();
        if rest.starts_with('}') || rest.is_empty() {
            return rest.get(1..).unwrap_or_default();
        }
        rest = branches(rest, &path, found).trim_start();
        if let Some(renamed) = rest.strip_prefix("as ") {
            rest = renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        }
        match rest.chars().next() {
            Some(',') => {}
            Some('}') => return &rest[1..],
            _ => return rest,
        }
    }
}

/// The file that a path leads to, seen from a module.
fn target(path: &str, from: &Module, files: &BTreeSet<Module>) -> Option<Module> {
    let mut base = from.clone();
    let mut parts = path.split("::").peekable();
    match parts.peek().copied() {
        Some("crate") => {
            base.clear();
            parts.next();
        }
        Some("self") => {
            parts.next();
        }
        _ => {
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
    }
    base.extend(parts.map(str::to_owned));
    (1..=base.len())
        .rev()
        .map(|length| base[..length].to_vec())
        .find(|module| files.contains(module))
}

/// Whether a word stands in a text with this behind it.
fn names(text: &str, word: &str, behind: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        super::is_word(text, at, word) && text[at + word.len()..].starts_with(behind)
    })
}

/// Which file names which.
fn arrows(sources: &[Source]) -> BTreeMap<Module, BTreeSet<Module>> {
    let production: Vec<&Source> = sources
        .iter()
        .filter(|source| !source.is_test() && source.path != "lib.rs" && source.room() != "bin")
        .collect();
    let files: BTreeSet<Module> = production
        .iter()
        .map(|source| module(&source.path))
        .collect();
    production
        .iter()
        .map(|source| {
            let from = module(&source.path);
            let text = source.production();
            let mut named: BTreeSet<Module> = paths(&text)
                .iter()
                .filter_map(|path| target(path, &from, &files))
                .filter(|to| !from.starts_with(to))
                .collect();
            // A head names its own files without a word before them.
            let children = files.iter().filter(|file| {
                file.split_last()
                    .is_some_and(|(name, folder)| folder == from && names(&text, name, "::"))
            });
            named.extend(children.cloned());
            (from, named)
        })
        .collect()
}

/// Whether one file leads to another.
fn leads(
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    from: &Module,
    to: &Module,
    seen: &mut BTreeSet<Module>,
) -> bool {
    arrows[from]
        .iter()
        .any(|next| next == to || (seen.insert(next.clone()) && leads(arrows, next, to, seen)))
}

/// The files that lead back to themselves.
fn circles(sources: &[Source]) -> Vec<String> {
    let arrows = arrows(sources);
    arrows
        .keys()
        .filter(|module| leads(&arrows, module, module, &mut BTreeSet::new()))
        .map(|module| module.join("/"))
        .collect()
}

/// The verbs that name another verb.
fn verbs_that_name_verbs(sources: &[Source]) -> Vec<String> {
    let verb = |module: &Module| match module.as_slice() {
        [cli, verbs, verb, ..] if cli == "cli" && verbs == "verbs" => Some(verb.clone()),
        _ => None,
    };
    let mut found = Vec::new();
    for (from, named) in arrows(sources) {
        let Some(own) = verb(&from).filter(|own| own != KNOWS_ALL_VERBS) else {
            continue;
        };
        let others = named.iter().filter_map(verb).filter(|other| *other != own);
        found.extend(others.map(|other| format!("{own} names {other}")));
    }
    found
}

fn planted(files: &[(&str, &str)]) -> Vec<Source> {
    files
        .iter()
        .map(|(path, text)| super::source(path, text))
        .collect()
}

#[test]
fn no_file_leads_back_to_itself() {
    assert_eq!(circles(&sources()), Vec::<String>::new());
}

#[test]
fn no_verb_names_another() {
    assert_eq!(verbs_that_name_verbs(&sources()), Vec::<String>::new());
}

#[test]
fn a_planted_circle_is_found_and_a_head_is_none() {
    let found = circles(&planted(&[
        ("guard/a.rs", "use super::b::B;"),
        ("guard/b.rs", "use crate::{domain::User, guard::c};"),
        ("guard/c.rs", "fn f() { super::a::f() }"),
        ("guard/d.rs", "use super::a::A;"),
        ("domain/mod.rs", ""),
    ]));
    assert_eq!(found, ["guard/a", "guard/b", "guard/c"]);
    let by_a_head = circles(&planted(&[
        ("guard/mod.rs", "mod a;\npub use a::A;"),
        ("guard/a.rs", "use crate::domain::User;"),
        ("domain/mod.rs", "mod user;\npub use user::User;"),
        ("domain/user.rs", "use crate::guard::A;"),
    ]));
    assert_eq!(by_a_head, ["domain", "domain/user", "guard", "guard/a"]);
    let head = planted(&[
        (
            "guard/mod.rs",
            "mod a;\npub use self::a::A;\npub struct Withheld;",
        ),
        ("guard/a.rs", "use super::Withheld;"),
    ]);
    assert_eq!(circles(&head), Vec::<String>::new());
}

#[test]
fn a_planted_verb_that_names_another_is_found() {
    let found = verbs_that_name_verbs(&planted(&[
        (
            "cli/verbs/send/watch.rs",
            "use crate::cli::verbs::status::{self, Entry};",
        ),
        ("cli/verbs/status/mod.rs", "use super::status::Entry;"),
        ("cli/verbs/schema/mod.rs", "use super::status::Document;"),
    ]));
    assert_eq!(found, ["send names status"]);
}
