//! A stranger's first sight: the sandbox's story of its sample incident, produced by the real handler.

use sandbox::send::{self, Alert, Via};
use sandbox::story::Story;
use serde_json::Value;

use crate::support::app::App;

/// The group that the sandbox protects when it is used by hand.
const PROTECTED: (&str, &str) = (
    "EVICT_PROTECTED_GROUPS",
    "f448435d-3ca7-4073-8152-a1fd73c0fd09",
);

async fn story_of(via: Via) -> Story {
    let app = App::start(&[PROTECTED]).await;
    let story = send::send(&app.tenant, &app.host, Alert::sample(), via, None)
        .await
        .unwrap();
    app.end().await;
    story
}

/// The text without what differs between runs: its times, and how many reads it took until the cuts showed.
fn timeless(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['(', ')', ',']);
        if bare.parse::<jiff::Timestamp>().is_ok() {
            word.replace(bare, "<time>")
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(word).collect();
        match words.as_slice() {
            [graph, was, called, _, rest @ ..] if graph == "Graph" => {
                format!("{graph} {was} {called} <n> {}", rest.join(" "))
            }
            words => words.join(" "),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_story_says_who_was_cut_who_was_not_and_what_is_still_alive() {
    let story = story_of(Via::Queue).await;
    insta::assert_snapshot!(timeless(&story.text()));
}

/// README has room for the first user and the protected one.
#[tokio::test]
async fn readme_shows_a_part_of_it() {
    let text = timeless(&story_of(Via::Queue).await.text());
    let begins = ["The sample", "alice@", "break.glass@"];
    let shown: Vec<&str> = text
        .split("\n\n")
        .filter(|part| begins.iter().any(|begin| part.starts_with(begin)))
        .collect();
    assert_eq!(shown.len(), begins.len());
    let block = format!("```text\n{}\n```", shown.join("\n\n").trim_end());
    crate::support::golden::hold_block("README.md", "story", &block);
}

#[tokio::test]
async fn the_document_has_the_fields_that_other_tools_read() {
    for via in [Via::Queue, Via::Http] {
        let document = story_of(via).await.json();
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&document), ["calls", "receipts", "sessions", "status"]);
        assert_eq!(keys(&document["calls"][0]), ["method", "path", "status"]);
        assert_eq!(
            keys(&document["sessions"][0]),
            ["after", "app", "before", "user"]
        );
        let receipts = document["receipts"].as_array().unwrap();
        let outcomes: Vec<_> = receipts.iter().map(|one| &one["outcome"]).collect();
        assert_eq!(
            outcomes,
            ["revoked", "revoked", "not_effective", "withheld"]
        );
        let status = match via {
            Via::Queue => Value::from("completed"),
            Via::Http => Value::from(200),
        };
        assert_eq!(document["status"], status);
    }
}

/// The `--alert` output for payloads of other people's systems: the users that each cuts, those that it spares, and
/// why.
#[tokio::test]
async fn the_story_of_what_others_send_says_who_was_spared_and_why() {
    let field = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field");
    for (name, via) in [
        ("graph-alert-v2-evidence-roles", Via::Http),
        ("riskyusers-dismissed", Via::Queue),
        ("sentinel-incident-closed-update", Via::Http),
        ("azure-monitor-v2-links-only", Via::Queue),
        ("powershell-depth-two-alert", Via::Http),
    ] {
        let file = format!("{name}.json");
        let alert = Alert {
            body: std::fs::read(field.join(&file)).unwrap(),
            name: file,
        };
        let app = App::start(&[PROTECTED]).await;
        let story = send::send(&app.tenant, &app.host, alert, via, None)
            .await
            .unwrap();
        app.end().await;
        insta::assert_snapshot!(name, timeless(&story.text()));
    }
}
