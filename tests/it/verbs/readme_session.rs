//! The session on the command's page, of which README shows a part: recorded here, with the real command in the
//! sandbox, so that it stays up to date. `EVICT_GOLDEN=renew cargo test --test it readme_session::` writes it again.

use std::time::Duration;

use sandbox::tenant::Place;

use crate::support::golden;
use crate::support::shell::Shell;
use crate::verbs::help_examples::{scene, typed};

/// The screen of a person who types this: the prompt with the line, and the command's output.
async fn seen(shell: &Shell, line: &str) -> String {
    let output = typed(shell, line).await;
    assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let said = said.replace(
        &shell.bus.endpoint().replace("http://", ""),
        "contoso-evict.servicebus.windows.net",
    );
    format!("$ {line}\n{}\n", without_ids(&without_times(&said)))
}

/// Replaces times by text of the same width, because lines are wrapped by it.
fn without_times(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':');
    text.split_inclusive(|c| !is_part(c))
        .map(|piece| {
            let word = piece
                .trim_end_matches(|c| !is_part(c))
                .trim_end_matches(':');
            match word.len() {
                10 if word.parse::<jiff::civil::Date>().is_ok() => {
                    piece.replacen(word, "YYYY-MM-DD", 1)
                }
                8 if word.parse::<jiff::civil::Time>().is_ok() => {
                    piece.replacen(word, "hh:mm:ss", 1)
                }
                _ => piece.to_owned(),
            }
        })
        .collect()
}

/// Replaces the ids that are new in each run: those of messages. A user's id comes from the world.
fn without_ids(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut shown = String::new();
    for piece in text.split_inclusive(|c| !is_part(c)) {
        let word = piece.trim_end_matches(|c| !is_part(c));
        let is_new = word
            .parse::<uuid::Uuid>()
            .is_ok_and(|id| id.get_version_num() == 4)
            && !WORLD.contains(word);
        shown.push_str(&if is_new {
            piece.replacen(word, "<id>", 1)
        } else {
            piece.to_owned()
        });
    }
    shown
}

const WORLD: &str = include_str!("../../sandbox/worlds/contoso.json");

async fn session() -> String {
    let shell = scene().await;
    let pause = |seconds| shell.app.clock.advance(Duration::from_secs(seconds));
    let mut text = String::new();
    pause(60);
    text += &seen(&shell, "evict status alice@contoso.com").await;
    pause(60);
    text += &seen(
        &shell,
        "evict revoke alice@contoso.com --yes --reason 'Tokens seen on a paste site'",
    )
    .await;
    pause(600);
    let elsewhere = Place {
        ip_address: "192.0.2.77".to_owned(),
        country: "RO".to_owned(),
        city: String::new(),
    };
    assert!(
        shell
            .app
            .tenant
            .sign_in_from("alice@contoso.com", "Browser", &elsewhere)
    );
    pause(300);
    text += &seen(&shell, "evict status alice@contoso.com").await;
    text += &seen(
        &shell,
        "evict send bob.stone@contoso.com --namespace contoso-evict --reason 'Same paste site'",
    )
    .await;
    shell.app.settle().await;
    shell.end().await;
    text
}

/// The part for README: the cut, down to its first empty line.
fn excerpt(session: &str) -> String {
    let lines = session
        .lines()
        .skip_while(|line| !line.starts_with("$ evict revoke "));
    let shown: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    shown.join("\n")
}

#[tokio::test]
async fn the_session_on_the_pages_is_a_real_one() {
    let session = session().await;
    let block = |text: &str| format!("```text\n{}\n```", text.trim_end());
    golden::hold_block("src/cli/README.md", "session", &block(&session));
    golden::hold_block("README.md", "session", &block(&excerpt(&session)));
}

#[test]
fn times_keep_their_width_and_numbers_stay() {
    let text = "since 2026-11-25 23:27:10 UTC, within 15 minutes; 28 hours (203.0.113.10)";
    let shown = without_times(text);
    assert_eq!(
        shown,
        "since YYYY-MM-DD hh:mm:ss UTC, within 15 minutes; 28 hours (203.0.113.10)"
    );
    assert_eq!(shown.len(), text.len());
}

#[test]
fn ids_of_messages_are_hidden_and_those_of_users_are_not() {
    let text = "6cace4d5-19d5-4695-92e7-4f7bfab36728 and 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d.";
    assert_eq!(
        without_ids(text),
        "6cace4d5-19d5-4695-92e7-4f7bfab36728 and <id>."
    );
}
