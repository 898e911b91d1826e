//! Files, settings and options that the pages name exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evict::config::REGISTRY;

use super::{lines, page, pages};

/// Pages that describe former states, or accompany data of others.
const OF_THE_PAST: &[&str] = &["CHANGELOG.md", "tests/fixtures/"];

/// A file that the reader creates.
const THE_READERS_OWN: &[&str] = &["infra/contoso.bicepparam"];

fn present_pages() -> Vec<String> {
    let is_past = |page: &String| OF_THE_PAST.iter().any(|past| page.starts_with(past));
    pages().into_iter().filter(|page| !is_past(page)).collect()
}

/// The words of a page's code, inline or in shell blocks.
fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let mut found = Vec::new();
    for line in lines(text) {
        let code: Vec<&str> = match line.block {
            None => line.text.split('`').skip(1).step_by(2).collect(),
            Some("sh") => vec![line.text],
            Some(_) => continue,
        };
        for code in code {
            // A pattern or a placeholder names no file.
            for word in code
                .split_whitespace()
                .filter(|word| !word.contains(['*', '<', '$', '{']))
            {
                found.extend(
                    word.split(|c| !is_part(c))
                        .map(|word| word.trim_end_matches(['.', '/']).to_owned()),
                );
            }
        }
    }
    found
}

#[test]
fn every_file_that_a_page_names_exists() {
    const FOLDERS: [&str; 6] = ["infra/", "function/", "src/", "tests/", ".ci/", ".github/"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = BTreeSet::new();
    let mut named = 0;
    for path in present_pages() {
        for word in words(&page(&path)) {
            if !FOLDERS.iter().any(|folder| word.starts_with(folder))
                || THE_READERS_OWN.contains(&word.as_str())
            {
                continue;
            }
            named += 1;
            if !root.join(&word).exists() {
                missing.insert(format!("{path}: {word}"));
            }
        }
    }
    assert!(named > 100, "{named}");
    assert_eq!(missing, BTreeSet::new());
}

/// Variables of the command alone, and those of the tests and tools.
const BESIDE_THE_REGISTRY: &[&str] = &[
    "EVICT_PROFILE",
    "EVICT_NAMESPACE",
    "EVICT_CHECK_URL",
    "EVICT_BICEP",
    "EVICT_GOLDEN",
    "EVICT_MUTANTS",
    "EVICT_TRUTH_SEED",
];

#[test]
fn every_setting_that_a_page_names_is_one() {
    let mut strangers = BTreeSet::new();
    let mut named = BTreeSet::new();
    for path in present_pages() {
        for word in words(&page(&path))
            .into_iter()
            .filter(|word| word.len() > "EVICT_".len())
        {
            if word.starts_with("EVICT_") {
                let is_setting = REGISTRY.iter().any(|setting| setting.name == word);
                if !is_setting && !BESIDE_THE_REGISTRY.contains(&word.as_str()) {
                    strangers.insert(format!("{path}: {word}"));
                }
                named.insert(word);
            }
        }
    }
    assert!(named.len() > 20, "{named:?}");
    assert_eq!(strangers, BTreeSet::new());
}

/// The options that a page's shell lines give to each verb of the command.
fn options(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in lines(text).iter().filter(|line| line.block == Some("sh")) {
        let mut typed = line
            .text
            .split(" #")
            .next()
            .unwrap_or_default()
            .split_whitespace();
        if typed.next() != Some("evict") {
            continue;
        }
        let Some(verb) = typed.next() else { continue };
        let options = typed.filter_map(|word| word.strip_prefix("--")?.split('=').next());
        found.extend(options.map(|option| (verb.to_owned(), format!("--{option}"))));
    }
    found
}

#[cfg(feature = "operator")]
#[tokio::test]
async fn every_option_that_a_page_types_is_one_of_its_verb() {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    for (words, help) in crate::verbs::help_examples::every_help().await {
        let verb = words.split_whitespace().next().unwrap_or_default();
        *helps.entry(verb.to_owned()).or_default() += &help;
    }
    let mut typed = 0;
    for path in present_pages() {
        for (verb, option) in options(&page(&path)) {
            typed += 1;
            let help = helps
                .get(&verb)
                .unwrap_or_else(|| panic!("{path}: evict {verb}"));
            assert!(
                help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
                "{path}: evict {verb} {option}"
            );
        }
    }
    assert!(typed > 15, "{typed}");
}

#[test]
fn what_is_named_is_found_in_code_alone() {
    let text = "src/not.rs `src/a.rs`, `tests/*/b.rs`\n```sh\nevict send x --wait   # --no\nbash .ci/run\n```\n```json\nsrc/no.rs\n```\n";
    let found: Vec<String> = words(text)
        .into_iter()
        .filter(|word| word.contains('/'))
        .collect();
    assert_eq!(found, ["src/a.rs", ".ci/run"]);
    assert_eq!(options(text), [("send".to_owned(), "--wait".to_owned())]);
}
