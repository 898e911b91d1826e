//! The runbook and the contract say what to do about every word that a receipt can hold.

use serde_json::Value;

use super::page;

fn definitions() -> Value {
    let schema: Value =
        serde_json::from_str(&page("tests/fixtures/schemas/evict-function.json")).unwrap();
    schema["$defs"].clone()
}

/// The words that a definition allows.
fn words(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|word| word.as_str().map(str::to_owned))
            .collect()
    };
    found.extend(texts(&definition["enum"]));
    found.extend(definition["const"].as_str().map(str::to_owned));
    for other in definition["oneOf"].as_array().into_iter().flatten() {
        found.extend(words(other));
    }
    found
}

/// The text below a heading, up to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap();
    rest.split("\n#").next().unwrap_or_default()
}

/// The words in the first column of a section's table.
fn rows(text: &str, heading: &str) -> Vec<String> {
    let cells = section(text, heading)
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    cells
        .flat_map(|cell| cell.split('`').step_by(2))
        .filter(|word| !word.is_empty() && *word != ", ")
        .map(str::to_owned)
        .collect()
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

#[test]
fn each_word_of_a_receipt_has_its_row() {
    let definitions = definitions();
    let runbook = page("function/RUNBOOK.md");
    let contract = page("function/README.md");
    let outcomes: Vec<String> = definitions["Receipt"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|outcome| words(&outcome["properties"]["outcome"]))
        .collect();
    assert_eq!(outcomes.len(), 10);
    let rows_of = |heading: &str| sorted(rows(&runbook, heading));
    assert_eq!(
        rows_of("## What a receipt says, and what to do next"),
        sorted(outcomes.clone())
    );
    assert_eq!(
        sorted(rows(&contract, "## What comes out")),
        sorted(outcomes)
    );
    assert_eq!(
        rows_of("### Withheld"),
        sorted(words(&definitions["WithholdReason"]))
    );
    assert_eq!(rows_of("### Failed"), sorted(words(&definitions["Fix"])));
    let mut kinds = words(&definitions["SubjectKind"]);
    kinds.retain(|kind| kind != "user");
    assert_eq!(rows_of("### Not a user"), sorted(kinds));
}

#[test]
fn each_reason_to_do_nothing_has_its_row() {
    use evict::domain::NothingToDoReason as Reason;
    let all = [
        Reason::NoAccount,
        Reason::EntitiesPending,
        Reason::NoUser,
        Reason::NotificationOnly,
        Reason::Resolved,
        Reason::Redirected { into: None },
        Reason::NotAnAlert { taken_for: "" },
        Reason::SubscriptionValidation {
            code: String::new(),
        },
    ];
    for reason in &all {
        // A new reason does not compile here until it is listed above.
        match reason {
            Reason::NoAccount
            | Reason::EntitiesPending
            | Reason::NoUser
            | Reason::NotificationOnly
            | Reason::Resolved
            | Reason::Redirected { .. }
            | Reason::NotAnAlert { .. }
            | Reason::SubscriptionValidation { .. } => {}
        }
    }
    let words = all.iter().map(|reason| reason.as_str().to_owned());
    assert_eq!(
        sorted(rows(&page("function/RUNBOOK.md"), "### Nothing to do")),
        sorted(words.collect())
    );
}

/// The meaning of the handler's exit codes is on the page and where they are defined.
#[test]
fn the_exit_codes_of_the_handler_are_on_the_page() {
    let codes = |line: &str| -> Vec<String> {
        let cell = line.split(" | ").next().unwrap_or_default();
        let numbers = cell.split(|c: char| !c.is_ascii_digit());
        numbers
            .filter(|number| !number.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let handler = page("src/bin/handler.rs");
    let of_the_program = handler
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "));
    let of_the_program = sorted(of_the_program.flat_map(codes).collect());
    let contract = page("function/README.md");
    let on_the_page = section(&contract, "## When it is told to end").lines();
    let on_the_page = on_the_page.filter_map(|line| line.strip_prefix("| "));
    assert_eq!(
        sorted(on_the_page.flat_map(codes).collect()),
        of_the_program
    );
    assert!(of_the_program.len() > 4);
}
