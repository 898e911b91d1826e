//! The drawing of the rooms on the page about the architecture, generated from the table that holds them apart.

use std::collections::BTreeSet;

use crate::house::MAY_NAME;
use crate::support::golden;

/// Every room that names anything names this one, so its arrows would say nothing.
const BY_ALL: &str = "domain";

fn named_by(room: &str) -> BTreeSet<&'static str> {
    let entry = MAY_NAME.iter().find(|(name, _)| *name == room);
    let named = entry.map_or(&[][..], |(_, named)| *named);
    named
        .iter()
        .copied()
        .filter(|name| *name != BY_ALL)
        .collect()
}

/// Whether a room is reachable from another by more than one arrow.
fn is_implied(from: &str, to: &str) -> bool {
    named_by(from)
        .into_iter()
        .filter(|between| *between != to)
        .any(|between| named_by(between).contains(to) || is_implied(between, to))
}

fn drawing() -> String {
    let mut lines = vec!["```mermaid".to_owned(), "flowchart TD".to_owned()];
    for (room, _) in MAY_NAME.iter().rev().filter(|(room, _)| *room != BY_ALL) {
        let arrows: Vec<&str> = named_by(room)
            .into_iter()
            .filter(|to| !is_implied(room, to))
            .collect();
        if arrows.is_empty() {
            lines.push(format!("  {room}"));
        }
        lines.extend(arrows.iter().map(|to| format!("  {room} --> {to}")));
    }
    lines.push("```".to_owned());
    lines.join("\n")
}

#[test]
fn the_drawing_is_the_table_that_holds_the_rooms_apart() {
    golden::hold_block("src/README.md", "rooms", &drawing());
}
