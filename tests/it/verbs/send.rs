//! `evict send`, through Service Bus's REST and the real handler.

use std::fs;
use std::time::Duration;

use sandbox::bus::Right;
use serde_json::Value;

use crate::support::app::{SOON, outcomes};
use crate::support::shell::Shell;

fn all_dead(shell: &Shell, user: &str) -> bool {
    shell.app.tenant.redeem_all();
    let sessions = shell.app.tenant.sessions_of(user);
    assert!(!sessions.is_empty(), "{user} has no sessions");
    sessions.iter().all(|session| !session.alive)
}

#[tokio::test]
async fn a_user_who_is_sent_loses_every_session() {
    let shell = Shell::open(&[]).await;
    let ended = shell
        .evict(&[
            "send",
            "alice@contoso.com",
            "--reason",
            "tokens on a paste site",
        ])
        .await;
    insta::assert_snapshot!(ended.whole());
    shell.app.settle().await;
    let receipts = shell.app.receipts();
    assert_eq!(outcomes(&receipts), ["revoked"]);
    assert!(all_dead(&shell, "alice@contoso.com"));
    shell.end().await;
}

#[tokio::test]
async fn every_property_reaches_the_queue() {
    let shell = Shell::open(&[]).await;
    let ended = shell
        .evict(&[
            "send",
            "alice@contoso.com",
            "bob.stone@contoso.com",
            "--queue",
            "evict-rejected",
            "--expect",
            "2",
            "--reason",
            "Verdacht: größer",
            "--message-id",
            "INC-4711/ä",
            "--correlation-id",
            "case 9",
            "--content-type",
            "application/json; charset=utf-8",
            "--time-to-live",
            "90m",
            "--json",
        ])
        .await;
    insta::assert_snapshot!(ended.whole());
    let held = &shell.app.host.messages("evict-rejected")[0];
    assert_eq!(held.message_id(), "INC-4711/ä");
    assert_eq!(held.message.correlation_id.as_deref(), Some("case 9"));
    assert_eq!(
        held.message.content_type.as_deref(),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(held.message.time_to_live, Some(Duration::from_mins(90)));
    insta::assert_snapshot!(held.text().unwrap());
    shell.end().await;
}

#[tokio::test]
async fn a_message_for_later_is_worked_on_later() {
    let shell = Shell::open(&[]).await;
    let at = shell.app.clock.now() + Duration::from_hours(1);
    let ended = shell
        .evict(&["send", "alice@contoso.com", "--at", &at.to_string()])
        .await;
    assert_eq!(ended.code, 0, "{}", ended.errors);
    assert!(
        ended.output.contains("not before  [time]"),
        "{}",
        ended.output
    );
    shell.app.settle().await;
    assert_eq!(shell.app.receipts().len(), 0);
    assert_eq!(shell.app.host.queue("evict").scheduled.len(), 1);
    shell.app.clock.advance(Duration::from_secs(3601));
    let host = &shell.app.host;
    host.wait_until(SOON, |host| host.messages("evict-receipts").len() == 1)
        .await
        .unwrap();
    shell.end().await;
}

#[tokio::test]
async fn an_alert_goes_as_it_is() {
    let shell = Shell::open(&[]).await;
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/inbound/sentinel-incident-trigger.json"
    );
    let ended = shell.evict(&["send", "--alert", file]).await;
    assert_eq!(ended.code, 0, "{}", ended.errors);
    shell.app.settle().await;
    let done = shell.app.host.queue("evict").completed;
    assert!(done[0].message.body == fs::read(file).unwrap());
    shell.end().await;
}

#[tokio::test]
async fn what_the_function_could_not_use_is_not_sent() {
    let shell = Shell::open(&[]).await;
    let mut told = String::new();
    for arguments in [
        &["send", "alice"][..],
        &["send", "alice@contoso.com", "--expect", "2"],
        &["send", "alice@contoso.com", "--time-to-live", "soon"],
        &["send", "--alert", "/no/such/file"],
    ] {
        told.push_str(&shell.evict(arguments).await.whole());
    }
    insta::assert_snapshot!(told);
    assert_eq!(shell.bus.calls(), Vec::<String>::new());
    shell.end().await;
}

/// The service decides how large a message may be: a Premium namespace accepts what a Standard one does not.
#[tokio::test]
async fn what_is_too_large_is_refused_by_the_service_in_its_own_words() {
    let shell = Shell::open(&[]).await;
    let path = shell.folder.path().join("large.json");
    let users: Vec<String> = (0..9000)
        .map(|number| format!("user{number:06}@a.very.long.domain.of.contoso.com"))
        .collect();
    fs::write(&path, serde_json::json!({ "users": users }).to_string()).unwrap();
    let ended = shell
        .evict(&["send", "--alert", path.to_str().unwrap()])
        .await;
    assert_eq!(ended.code, 65, "{}", ended.whole());
    assert!(
        ended
            .errors
            .contains("the message is too large: MessageSizeExceeded"),
        "{}",
        ended.whole()
    );
    assert_eq!(shell.bus.calls(), ["POST /evict/messages"]);
    shell.end().await;
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let shell = Shell::open(&[]).await;
    let send = ["send", "alice@contoso.com"];
    let mut told = String::new();
    let mut tell = |what: &str, text: String| {
        told.extend([
            "== ", what, "
", &text,
        ]);
    };
    let good = shell.bus.token(&[Right::Send]);
    shell.sign_in(&shell.bus.token(&[Right::Listen]));
    tell("no role", shell.evict(&send).await.whole());
    shell.sign_in(&shell.bus.token_for_another("https://graph.microsoft.com"));
    tell("another audience", shell.evict(&send).await.whole());
    shell.az("echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
    tell("not signed in", shell.evict(&send).await.whole());
    shell.sign_in(&good);
    let other = [
        "send",
        "alice@contoso.com",
        "--tenant",
        "84c31ca0-ac3b-4eae-ad11-519d80233e6f",
    ];
    tell("another tenant", shell.evict(&other).await.whole());
    let elsewhere = ["send", "alice@contoso.com", "--queue", "evikt"];
    tell("no such queue", shell.evict(&elsewhere).await.whole());
    for status in [403, 410, 429, 503] {
        shell.bus.answer_next(&[status]);
        tell(&status.to_string(), shell.evict(&send).await.whole());
    }
    let nobody = shell.evict_at("http://127.0.0.1:9", &send).await;
    tell("network down", nobody.whole());
    let stranger = shell.evict_at("evil.example.org", &send).await;
    tell("a stranger", stranger.whole());
    insta::assert_snapshot!(told);
    shell.end().await;
}

#[tokio::test]
async fn nobody_is_let_in_by_a_key_or_by_nothing() {
    let shell = Shell::open(&[]).await;
    let client = reqwest::Client::builder().build().unwrap();
    let address = format!("{}/evict/messages", shell.bus.endpoint());
    for authorization in [
        None,
        Some("SharedAccessSignature sr=x&sig=y&se=4102444800&skn=RootManageSharedAccessKey"),
        Some("Bearer eyJhbGciOiJub25lIn0.e30."),
    ] {
        let mut request = client.post(&address).body("alice@contoso.com");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    shell.end().await;
}

#[tokio::test]
async fn service_bus_hands_a_message_out_once_and_takes_it_away_when_told() {
    let shell = Shell::open(&[]).await;
    let client = reqwest::Client::builder().build().unwrap();
    let bearer = format!("Bearer {}", shell.bus.token(&[Right::Send, Right::Listen]));
    let call = async |method: &str, path: &str| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        client
            .request(
                method,
                format!("{}/evict-rejected{path}", shell.bus.endpoint()),
            )
            .header("authorization", &bearer)
            .body("text")
            .send()
            .await
            .unwrap()
    };
    assert_eq!(call("POST", "/messages").await.status(), 201);
    let locked = call("POST", "/messages/head?timeout=0").await;
    assert_eq!(locked.status(), 201);
    let properties: Value =
        serde_json::from_slice(locked.headers()["brokerproperties"].as_bytes()).unwrap();
    assert_eq!(properties["DeliveryCount"], 1);
    let text = |name: &str| properties[name].as_str().unwrap().to_owned();
    let place = format!("/messages/{}/{}", text("MessageId"), text("LockToken"));
    let location = locked.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.ends_with(&place), "{location}");
    assert_eq!(call("POST", "/messages/head?timeout=0").await.status(), 204);
    assert_eq!(call("POST", &place).await.status(), 200);
    assert_eq!(call("PUT", &place).await.status(), 200);
    assert_eq!(call("PUT", &place).await.status(), 404);
    assert_eq!(call("DELETE", &place).await.status(), 404);
    let taken = call("DELETE", "/messages/head?timeout=0").await;
    assert_eq!(taken.status(), 200);
    assert_eq!(taken.text().await.unwrap(), "text");
    assert_eq!(
        call("DELETE", "/messages/head?timeout=0").await.status(),
        204
    );
    shell.end().await;
}
