//! `evict send --wait`, through Service Bus's REST and the real handler, until the effect is seen in the directory.

use std::fs;

use sandbox::bus::Right;
use sandbox::tenant::Fault;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use crate::support::operator_shell::AZ_SCOPES;
use crate::support::shell::Shell;

async fn shell(settings: &[(&str, &str)]) -> Shell {
    let shell = Shell::open(settings).await;
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send], &[]);
    shell
}

fn alive(shell: &Shell, user: &str) -> usize {
    shell.app.tenant.redeem_all();
    let sessions = shell.app.tenant.sessions_of(user);
    sessions.iter().filter(|session| session.alive).count()
}

#[tokio::test]
async fn a_user_is_sent_and_watched_until_every_session_is_dead() {
    let shell = shell(&[]).await;
    let ended = shell
        .evict(&[
            "send",
            "alice@contoso.com",
            "--wait",
            "--reason",
            "tokens on a paste site",
        ])
        .await;
    assert_eq!(alive(&shell, "alice@contoso.com"), 0, "{}", ended.whole());
    insta::assert_snapshot!(ended.whole());
    // Only the function took the message.
    shell.app.settle().await;
    assert_eq!(shell.app.host.queue("evict").completed.len(), 1);
    assert_eq!(shell.bus.calls(), ["POST /evict/messages"]);
    shell.end().await;
}

#[tokio::test]
async fn the_json_names_each_with_its_state() {
    let shell = shell(&[]).await;
    let ended = shell
        .evict(&[
            "send",
            "alice@contoso.com",
            "alcie@contoso.com",
            "--wait",
            "--json",
        ])
        .await;
    assert_eq!(ended.code, 1, "{}", ended.whole());
    let document: Value = serde_json::from_str(&ended.output).unwrap();
    let watched = document["watched"].as_array().unwrap();
    let states: Vec<&str> = watched
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["cut", "not_found"]);
    assert_eq!(watched[0]["userPrincipalName"], "alice@contoso.com");
    assert!(watched[0]["sessionsValidFrom"].is_string());
    shell.app.settle().await;
    shell.end().await;
}

#[tokio::test]
async fn whoever_cannot_be_cut_is_told_at_once_and_not_waited_for() {
    let mut shell = shell(&[]).await;
    shell.set(
        "EVICT_PROTECTED_USERS",
        "break.glass@contoso.onmicrosoft.com",
    );
    let file = shell.folder.path().join("alert.json");
    let alert = serde_json::json!({"users": [
        "break.glass@contoso.onmicrosoft.com",
        "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "alcie@contoso.com",
        {"mail": "front.desk@contoso.com"},
    ]});
    fs::write(&file, alert.to_string()).unwrap();
    let ended = shell
        .evict(&["send", "--alert", file.to_str().unwrap(), "--wait"])
        .await;
    insta::assert_snapshot!(ended.whole());
    shell.app.settle().await;
    shell.end().await;
}

/// Another cut in the second in which the message is sent, and a function that cuts nobody.
#[tokio::test]
async fn a_cut_that_stood_there_before_the_sending_is_not_taken_for_its_effect() {
    let shell = shell(&[("EVICT_MODE", "observe")]).await;
    let now = shell.app.clock.now();
    assert!(shell.app.tenant.set_valid_from("alice@contoso.com", now));
    let ended = shell
        .evict(&[
            "send",
            "alice@contoso.com",
            "--wait",
            "--timeout",
            "2s",
            "--json",
        ])
        .await;
    let document: Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(
        document["watched"][0]["state"],
        "not_seen",
        "{}",
        ended.whole()
    );
    shell.app.settle().await;
    shell.end().await;
}

#[tokio::test]
async fn what_is_not_there_by_the_end_is_told_with_the_next_step() {
    let shell = shell(&[("EVICT_MAX_DELIVERIES", "2000")]).await;
    // Only the app loses its token, and it gets no other; the person signs in again.
    shell.app.without_token();
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send], &[]);
    let ended = shell
        .evict(&["send", "alice@contoso.com", "--wait", "--timeout", "1s"])
        .await;
    insta::assert_snapshot!(ended.whole());
    assert!(alive(&shell, "alice@contoso.com") > 0);
    shell.app.settle().await;
    shell.end().await;
}

#[tokio::test]
async fn nothing_is_sent_before_both_sign_ins_work_and_everybody_is_looked_up() {
    let mut shell = shell(&[]).await;
    let arguments = ["send", "alice@contoso.com", "--wait"];
    let mut told = String::new();
    let mut tell = |what: &str, text: String| told.extend(["== ", what, "\n", &text]);
    shell.sign_in(&shell.bus.token_for_another("https://graph.microsoft.com"));
    shell.app.tenant.faults().clear();
    tell(
        "a token that Graph does not take",
        shell.evict(&arguments).await.whole(),
    );
    shell.sign_in_to_all(&["User.ReadBasic.All"], &[Right::Send], &[]);
    shell.app.tenant.refuse_beyond_basic(true);
    tell("no permission", shell.evict(&arguments).await.whole());
    shell.app.tenant.refuse_beyond_basic(false);
    shell.az("echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
    tell("not signed in", shell.evict(&arguments).await.whole());
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send], &[]);
    shell.set("EVICT_HTTP_DEADLINE_SECONDS", "60");
    shell
        .app
        .tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").throttled("120"));
    let throttled = shell.evict(&arguments).await.whole();
    tell("throttled", crate::verbs::status::steady(&throttled));
    shell.app.tenant.faults().clear();
    shell.unset("EVICT_TENANT_ID");
    tell("no tenant", shell.evict(&arguments).await.whole());
    assert_eq!(shell.bus.calls(), Vec::<String>::new());
    insta::assert_snapshot!(told);
    shell.app.host.shutdown().await;
}

#[tokio::test]
async fn a_directory_that_is_away_for_a_moment_is_asked_again() {
    let shell = shell(&[]).await;
    // The look-up before the sending passes; the looks after it fail permanently, until the faults are removed.
    shell.app.tenant.faults().add(
        Fault::on("GET /v1.0/users/*")
            .after_calls(1)
            .times(8)
            .answer(503),
    );
    let ended = shell.evict(&["send", "alice@contoso.com", "--wait"]).await;
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert_eq!(alive(&shell, "alice@contoso.com"), 0);
    shell.app.settle().await;
    shell.end().await;
}

#[tokio::test]
async fn ctrl_c_while_waiting_says_that_the_message_stays_sent() {
    let shell = shell(&[("EVICT_MAX_DELIVERIES", "2000")]).await;
    shell.app.tenant.hold("POST */revokeSignInSessions");
    let namespace = shell.bus.endpoint();
    let arguments = [
        "send",
        "alice@contoso.com",
        "--wait",
        "--namespace",
        &namespace,
    ];
    let mut child = shell.command(&arguments).spawn().unwrap();
    let pid = child.id().unwrap().to_string();
    // The look-up is one reading of the user, the function's is another, and the third is a look after the sending.
    shell
        .app
        .tenant
        .wait_for_calls("GET /v1.0/users/alice*", 1)
        .await;
    shell
        .app
        .tenant
        .wait_for_call("POST */revokeSignInSessions")
        .await;
    shell
        .app
        .tenant
        .wait_for_calls("GET /v1.0/users/6cace4d5*", 1)
        .await;
    crate::verbs::revoke::interrupt(&pid).await;
    let mut errors = child.stderr.take().unwrap();
    let mut told = Vec::new();
    errors.read_to_end(&mut told).await.unwrap();
    let mut output = child.wait_with_output().await.unwrap();
    output.stderr = told;
    let ended = shell.ended(&output);
    insta::assert_snapshot!(ended.whole());
    shell.app.tenant.release_all();
    shell.app.settle().await;
    assert_eq!(alive(&shell, "alice@contoso.com"), 0);
    shell.end().await;
}
