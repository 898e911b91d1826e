//! No two rooms export types of one name, so a name is unambiguous.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, sources};

/// The types that each room's `mod.rs` exports, by name, with the rooms.
fn exported(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| {
        source
            .path
            .strip_suffix("/mod.rs")
            .is_some_and(|folder| !folder.contains('/'))
    }) {
        let text = source.production();
        let room = source.room().to_owned();
        let mut add = |name: &str| {
            if name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().any(|c| c.is_ascii_lowercase())
            {
                found
                    .entry(name.to_owned())
                    .or_default()
                    .insert(room.clone());
            }
        };
        for (at, _) in text.match_indices("pub use ") {
            let list = text[at..].split(';').next().unwrap_or_default();
            let name = |word: &str| word.trim().rsplit("::").next().map(str::to_owned);
            let items = list.split_once('{').map_or(list, |(_, items)| items);
            for item in items.trim_end_matches('}').split(',') {
                let item = item.rsplit(" as ").next().unwrap_or(item);
                if let Some(name) = name(item.trim_start_matches("pub use ")) {
                    add(&name);
                }
            }
        }
        for word in ["pub struct ", "pub enum ", "pub trait ", "pub type "] {
            for (at, _) in text.match_indices(word) {
                let name: String = text[at + word.len()..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric())
                    .collect();
                add(&name);
            }
        }
    }
    found
}

/// The names that several rooms export.
fn shared(sources: &[Source]) -> Vec<String> {
    exported(sources)
        .into_iter()
        .filter(|(_, rooms)| rooms.len() > 1)
        .map(|(name, rooms)| format!("{name}: {}", Vec::from_iter(rooms).join(", ")))
        .collect()
}

#[test]
fn no_two_rooms_export_one_name() {
    assert_eq!(shared(&sources()), Vec::<String>::new());
}

#[test]
fn a_planted_name_that_two_rooms_export_is_found() {
    let files = [
        (
            "guard/mod.rs",
            "pub use examine::{Examined, examine};\npub struct Withheld;",
        ),
        (
            "graph/mod.rs",
            "pub use turns::Withheld;\npub(crate) use client::Client;",
        ),
        ("http/mod.rs", "pub use client::Client;"),
    ];
    let planted: Vec<Source> = files
        .iter()
        .map(|(path, text)| super::source(path, text))
        .collect();
    assert_eq!(shared(&planted), ["Withheld: graph, guard"]);
}
