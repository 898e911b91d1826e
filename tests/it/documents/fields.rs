//! The page of fields, generated from the schema of the function's output.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::page;
use crate::support::golden;

/// Definitions that are described once and referenced elsewhere: the name, its heading, and the phrase for fields that
/// hold one.
const CHAPTERS: &[(&str, &str, &str)] = &[
    ("Receipt", "A receipt", "a [receipt](#a-receipt)"),
    ("Reply", "The reply of `POST /api/revoke`", ""),
    ("Event", "An event of the topic `evict-receipts`", ""),
    (
        "Unreadable",
        "A message of `evict-rejected` that could not be read, or names nobody yet",
        "",
    ),
    (
        "ManualMessage",
        "A message that asks for users: put back, handed over, or confirming",
        "a [message](#a-message-that-asks-for-users-put-back-handed-over-or-confirming)",
    ),
    ("CheckAnswer", "The answer of `GET /api/check`", ""),
];

/// The definition of a receipt with two more fields.
const RECEIPT_OF_AN_EVENT: &str = "Data";

const HEAD: &str = "# Fields\n\nEvery field of every document that the function writes, made by a test of the schema that \
    `evict schema --of function`\nwrites. \"If\" says that a field is left out where there is nothing to say. Times are RFC 3339 \
    in UTC. Fields may be added; none is\nrenamed, removed or given another meaning. What the words mean, and what to do, is in \
    the [runbook](RUNBOOK.md).\n";

struct Schema(Value);

impl Schema {
    fn definition(&self, name: &str) -> &Value {
        &self.0["$defs"][name]
    }

    /// The definition that a schema refers to, with its name.
    fn resolve<'a>(&'a self, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
        match schema["$ref"]
            .as_str()
            .and_then(|name| name.rsplit('/').next())
        {
            Some(name) => (Some(name), self.definition(name)),
            None => (None, schema),
        }
    }

    /// The rows of a table: path, whether it may be absent, meaning.
    fn rows(&self, name: &str) -> Rows {
        let mut rows = Rows::default();
        self.walk(self.definition(name), "", false, &mut rows);
        rows
    }

    fn walk(&self, definition: &Value, path: &str, is_choice: bool, rows: &mut Rows) {
        let required: Vec<&str> = texts(&definition["required"]);
        for (name, field) in definition["properties"].as_object().into_iter().flatten() {
            let is_list = field["type"] == "array";
            let of = if is_list { &field["items"] } else { field };
            let (named, of) = self.resolve(of);
            let path = format!("{path}{name}{}", if is_list { "[]" } else { "" });
            let chapter = CHAPTERS
                .iter()
                .find(|(chapter, _, link)| Some(*chapter) == named && !link.is_empty());
            let is_receipt = named == Some(RECEIPT_OF_AN_EVENT);
            let of_the_choice = if is_choice {
                &definition["description"]
            } else {
                &Value::Null
            };
            let mut meaning = [&field["description"], &of["description"], of_the_choice]
                .iter()
                .find_map(|text| text.as_str())
                .unwrap_or_default()
                .to_owned();
            if let Some((_, _, link)) = chapter {
                meaning = format!("{meaning} Each is {link}.");
            }
            let words = words(of);
            rows.add(
                path.clone(),
                is_choice || !required.contains(&name.as_str()),
                &meaning,
                &words,
            );
            if chapter.is_none() {
                let mut below = Rows::default();
                self.walk(of, &format!("{path}."), false, &mut below);
                if is_receipt {
                    let receipt = self.rows("Receipt");
                    below.0.retain(|field, _| {
                        !receipt
                            .0
                            .contains_key(field.strip_prefix(&format!("{path}.")).unwrap_or(field))
                    });
                    rows.add(
                        path,
                        false,
                        " Its fields are those of a [receipt](#a-receipt), and:",
                        &[],
                    );
                }
                rows.0.extend(below.0);
            }
        }
        for choice in ["oneOf", "anyOf"]
            .iter()
            .flat_map(|key| definition[key].as_array().into_iter().flatten())
        {
            self.walk(self.resolve(choice).1, path, true, rows);
        }
    }
}

/// Sorted by path, so that related fields are adjacent.
#[derive(Default)]
struct Rows(BTreeMap<String, (bool, String, Vec<String>)>);

impl Rows {
    fn add(&mut self, path: String, is_optional: bool, meaning: &str, words: &[&str]) {
        let row = self
            .0
            .entry(path)
            .or_insert_with(|| (is_optional, String::new(), Vec::new()));
        if !row.1.contains(meaning) {
            row.1 += meaning;
        }
        row.2.extend(words.iter().map(|word| (*word).to_owned()));
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The words that a field may hold.
fn words(of: &Value) -> Vec<&str> {
    let mut found = texts(&of["enum"]);
    found.extend(of["const"].as_str());
    for choice in of["oneOf"].as_array().into_iter().flatten() {
        found.extend(choice["const"].as_str());
        found.extend(texts(&choice["enum"]));
    }
    found
}

fn document() -> String {
    let schema =
        Schema(serde_json::from_str(&page("tests/fixtures/schemas/evict-function.json")).unwrap());
    let mut text = HEAD.to_owned();
    for (name, heading, _) in CHAPTERS {
        write!(
            text,
            "\n## {heading}\n\n| field | | holds |\n| --- | --- | --- |\n"
        )
        .unwrap();
        for (path, (is_optional, meaning, words)) in schema.rows(name).0 {
            // The number of each outcome needs no words.
            if path.starts_with("summary.") {
                continue;
            }
            let is_choice = path == "outcome";
            let optional = if is_optional && !is_choice { "if" } else { "" };
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let words = words.join(", ");
            let cell = [meaning.trim(), &words]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ");
            writeln!(
                text,
                "| `{path}` | {optional} | {} |",
                cell.replace('|', "\\|")
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_page_of_fields_is_the_schema() {
    golden::hold("function/FIELDS.md", &document());
}

#[test]
fn every_document_and_every_field_is_told() {
    let text = document();
    for field in [
        "`fix`",
        "`alert.problem.path`",
        "`data.callsLeftOut`",
        "`ledger.kept`",
        "`receivedBodyBase64`",
        "`users[].upn`",
    ] {
        assert!(text.contains(field), "{field}");
    }
    assert!(
        !text.contains("``"),
        "a field without a name, or a word without letters"
    );
}
