//! The rules that keep the rooms apart, checked by reading the sources. Rules that the compiler, Cargo and clippy check
//! are not repeated here.

mod circles;
mod events;
mod functions;
mod types;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms that a room may name. Every other room is forbidden.
pub(crate) const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("host", &[]),
    ("alert", &["domain"]),
    ("guard", &["domain"]),
    ("receipt", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &["domain"]),
    ("http", &[]),
    ("identity", &["domain", "http"]),
    ("graph", &["domain", "http", "identity"]),
    (
        "directory",
        &["domain", "guard", "http", "identity", "graph"],
    ),
    ("incident", &["domain", "http", "identity", "graph"]),
    (
        "inquiry",
        &["domain", "http", "identity", "graph", "directory"],
    ),
    ("callers", &["domain", "http"]),
    ("ledger", &["domain", "http", "identity"]),
    ("service_bus", &["domain", "http"]),
    ("containment", &["domain", "guard", "graph", "directory"]),
    (
        "service",
        &[
            "host",
            "callers",
            "alert",
            "incident",
            "containment",
            "ledger",
            "receipt",
            "domain",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "host",
            "callers",
            "alert",
            "guard",
            "http",
            "identity",
            "graph",
            "directory",
            "inquiry",
            "incident",
            "containment",
            "ledger",
            "service_bus",
            "receipt",
            "service",
            "config",
            "telemetry",
        ],
    ),
];

/// Words of other crates and of std that only these places may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("reqwest", &["http"]),
    ("azure_identity", &["identity"]),
    ("azure_core", &["http", "identity", "ledger"]),
    ("azure_core_legacy", &["service_bus"]),
    ("azure_messaging_servicebus", &["service_bus"]),
    ("jsonwebtoken", &["callers"]),
    ("axum", &["host"]),
    ("env::var", &["config"]),
    ("env::vars", &["config"]),
    ("Timestamp::now", &["domain/clock.rs"]),
    ("Instant::now", &["domain/clock.rs"]),
    ("SystemTime::now", &["domain/clock.rs"]),
    ("process::exit", &["bin"]),
    ("sandbox", &[]),
];

/// The `mod.rs` files of the rooms that match over shapes, outcomes and dispositions. Clippy refuses wildcard arms
/// below them.
const DECIDING: &[&str] = &[
    "alert/mod.rs",
    "containment/mod.rs",
    "domain/mod.rs",
    "directory/mod.rs",
    "graph/mod.rs",
    "guard/mod.rs",
    "identity/mod.rs",
    "incident/mod.rs",
    "receipt/mod.rs",
    "service/mod.rs",
];
const NO_WILDCARD: &str = "#![deny(clippy::wildcard_enum_match_arm)]";

/// The modules of the operator's command that the handler lacks, with the file that declares each.
const OPERATORS_OWN: &[(&str, &str)] = &[
    ("lib.rs", "cli"),
    ("lib.rs", "service_bus"),
    ("lib.rs", "inquiry"),
];

const MOST_LINES: usize = 400;

/// The most files side by side in a folder. The shapes are a list, and as many as senders have.
const MOST_FILES: usize = 16;
const A_LIST: &str = "alert/shapes";

struct Source {
    /// The path below `src`, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The first part of the path, without `.rs`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Without tests, comments and documentation.
    fn production(&self) -> String {
        let mut kept = String::new();
        let lines: Vec<&str> = self.text.lines().collect();
        let mut index = 0;
        while index < lines.len() {
            let line = lines[index].trim_start();
            if line == "#[cfg(test)]"
                && lines
                    .get(index + 1)
                    .is_some_and(|next| next.trim_start().starts_with("mod "))
            {
                // An inline test module is the last item of its file; a test module in a file of its own is one line.
                if lines[index + 1].trim_end().ends_with('{') {
                    break;
                }
                index += 2;
                continue;
            }
            if !line.starts_with("//") {
                kept.push_str(lines[index]);
                kept.push('\n');
            }
            index += 1;
        }
        kept
    }

    fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 80, "{} files", found.len());
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            found.push(Source {
                path: below,
                text: fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

/// The rooms that a text names: `crate::room`, also in the braces of `use crate::{…}`.
fn rooms_named(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = true;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => start = true,
                    c if depth == 1 && start && (c.is_alphanumeric() || c == '_') => {
                        word.push(c);
                        continue;
                    }
                    _ => {}
                }
                if !word.is_empty() {
                    named.push(std::mem::take(&mut word));
                    start = c == ',';
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            named.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    named
}

fn is_word(text: &str, at: usize, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
}

fn names(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| is_word(text, at, word))
}

/// Every breach of the rules in one source.
fn breaches(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let path = &source.path;
    let room = source.room();
    if DECIDING.contains(&path.as_str()) && !source.text.contains(NO_WILDCARD) {
        found.push(format!("{path}: does not deny wildcard arms"));
    }
    if !source.text.starts_with("//!") {
        found.push(format!("{path}: does not open with what it is for"));
    }
    if source.is_test() {
        return found;
    }
    let text = source.production();
    if text.lines().count() > MOST_LINES {
        found.push(format!(
            "{path}: {} lines without its tests",
            text.lines().count()
        ));
    }
    if let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == room) {
        for named in rooms_named(&text) {
            if named != room && !allowed.contains(&named.as_str()) {
                found.push(format!("{path}: {room} may not name {named}"));
            }
        }
        if room == "directory"
            && text.contains("guard::")
            && text.replace("guard::Clearance", "").contains("guard::")
        {
            found.push(format!(
                "{path}: of guard, directory may name Clearance alone"
            ));
        }
    } else if room != "lib" && room != "bin" {
        found.push(format!("{path}: {room} is no room of the house"));
    }
    for (word, places) in ONLY_IN {
        let is_allowed = places.iter().any(|place| *place == room || *place == path);
        if !is_allowed && names(&text, word) {
            found.push(format!("{path}: names {word}"));
        }
    }
    let mut conditional = text.clone();
    for (file, module) in OPERATORS_OWN {
        if path == file {
            for declared in ["pub mod", "mod"] {
                let line = format!("#[cfg(feature = \"operator\")]\n{declared} {module};");
                conditional = conditional.replace(&line, "");
            }
        }
    }
    for condition in ["cfg(test", "cfg(feature", "cfg!("] {
        if conditional.contains(condition) {
            found.push(format!("{path}: {condition} changes what the handler does"));
        }
    }
    found.extend(foreign_structs(path, &text));
    found
}

/// A struct that is read from foreign JSON stays in its file.
fn foreign_structs(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_read = line.contains("derive(") && line.contains("Deserialize");
        let declared = lines[index + 1..]
            .iter()
            .find(|next| !next.trim_start().starts_with('#'));
        if is_read && declared.is_some_and(|next| next.trim_start().starts_with("pub")) {
            found.push(format!(
                "{path}: {} is read from JSON and leaves its file",
                declared.unwrap_or(&"")
            ));
        }
    }
    found
}

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: format!("//! What it is for.\n{text}\n"),
    }
}

#[test]
fn the_house_is_in_order() {
    let found: Vec<String> = sources().iter().flat_map(breaches).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The folders that hold too many files side by side, tests aside.
fn crowded(sources: &[Source]) -> Vec<String> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let (folder, _) = source.path.rsplit_once('/').unwrap_or_default();
        *folders.entry(folder).or_default() += 1;
    }
    folders
        .into_iter()
        .filter(|(folder, files)| *files > MOST_FILES && *folder != A_LIST)
        .map(|(folder, files)| format!("{folder}: {files} files"))
        .collect()
}

#[test]
fn no_folder_is_a_warehouse() {
    assert_eq!(crowded(&sources()), Vec::<String>::new());
    let names: Vec<String> = (0..17)
        .map(|number| format!("guard/f{number}.rs"))
        .collect();
    let planted: Vec<Source> = names.iter().map(|name| source(name, "")).collect();
    assert_eq!(crowded(&planted), ["guard: 17 files"]);
    assert_eq!(crowded(&planted[1..]), Vec::<String>::new());
}

#[test]
fn only_what_belongs_there_stands_at_the_root() {
    const GIVEN: &[&str] = &[
        "Cargo.toml",
        "azure.yaml",
        "host.json",
        "local.settings.json.example",
        "function",
        "src",
        "infra",
        "tests",
    ];
    const FOR_TOOLS: &[&str] = &[
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        ".cargo",
        ".ci",
        ".github",
        "clippy.toml",
        "deny.toml",
        "rust-toolchain.toml",
        ".gitignore",
    ];
    // Files that git and the tools of this repository create, none of them committed.
    const NOT_COMMITTED: &[&str] = &[".git", "target", "proptest-regressions"];
    let strangers: Vec<String> = fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            ![GIVEN, FOR_TOOLS, NOT_COMMITTED]
                .concat()
                .contains(&name.as_str())
        })
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn every_planted_breach_is_found() {
    for (path, text) in [
        ("guard/x.rs", "use crate::directory::Directory;"),
        (
            "guard/x.rs",
            "use crate::{domain::User, graph::{Moment, Tally}};",
        ),
        ("directory/x.rs", "use crate::guard::{Clearance, plan};"),
        ("directory/x.rs", "use crate::receipt;"),
        ("host/x.rs", "use crate::domain::User;"),
        ("service/x.rs", "fn f() { crate::graph::f() }"),
        ("alert/x.rs", "use reqwest::Client;"),
        ("service/mod.rs", "use axum::Router;"),
        ("graph/x.rs", "fn f() { std::env::var(\"X\"); }"),
        ("guard/x.rs", "fn f() { jiff::Timestamp::now(); }"),
        ("cli/x.rs", "fn f() { std::process::exit(1) }"),
        ("graph/x.rs", "use sandbox::Tenant;"),
        ("graph/x.rs", "fn f() { if cfg!(test) {} }"),
        ("host/x.rs", "#[cfg(feature = \"operator\")]\nfn f() {}"),
        (
            "host/mod.rs",
            "#[cfg(feature = \"operator\")]\npub mod operator;",
        ),
        ("attic/x.rs", ""),
        (
            "alert/x.rs",
            "#[derive(Debug, Deserialize)]\n#[serde(default)]\npub struct Wire {}",
        ),
        ("alert/x.rs", &"fn f() {}\n".repeat(401)),
    ] {
        assert!(!breaches(&source(path, text)).is_empty(), "{path}: {text}");
    }
    assert!(
        !breaches(&Source {
            path: "guard/x.rs".into(),
            text: "fn f() {}".into()
        })
        .is_empty()
    );
}

#[test]
fn what_is_allowed_is_no_breach() {
    for (path, text) in [
        (
            "directory/x.rs",
            "use crate::guard::Clearance;\nuse crate::graph::Tally;",
        ),
        (
            "containment/x.rs",
            "use crate::{domain::User, guard::{self, plan}, directory::Directory};",
        ),
        (
            "guard/x.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n use crate::graph::Tally;\n}",
        ),
        ("alert/x.rs", "#[derive(Deserialize)]\nstruct Wire {}"),
        ("domain/clock.rs", "fn f() { Timestamp::now(); }"),
    ] {
        assert_eq!(
            breaches(&source(path, text)),
            Vec::<String>::new(),
            "{path}: {text}"
        );
    }
}
