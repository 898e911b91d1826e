//! `evict check`, as a person and as a script see it.

use sandbox::bus::Right;
use sandbox::operator::Means;
use sandbox::tenant::Fault;
use serde_json::Value;

use crate::support::app::App;
use crate::support::operator_shell::{self, AZ_SCOPES, Shell as Alone};
use crate::support::shell::Shell;

pub(crate) const AUDIENCE: &str = "api://evict.contoso.com";
const GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";

async fn shell() -> (Shell, String) {
    let (mut shell, token) = shell_with(&[]).await;
    shell.set("EVICT_PROTECTED_GROUPS", GROUP);
    (shell, token)
}

/// An app with these settings that admits only the person at the shell, by a token.
pub(crate) async fn shell_with(settings: &[(&str, &str)]) -> (Shell, String) {
    let caller = "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574";
    let own = [
        ("EVICT_HTTP_AUDIENCE", AUDIENCE),
        ("EVICT_ALLOWED_CALLERS", caller),
    ];
    let app = App::start_for_tokens(&[&own[..], settings].concat()).await;
    let issuer = app.tenant.issuer();
    let caller = caller.parse().unwrap();
    let token = issuer.sign(&issuer.first_version_claims(AUDIENCE, caller, uuid::Uuid::new_v4()));
    let shell = Shell::beside(app).await;
    shell.sign_in_to_all(
        AZ_SCOPES,
        &[Right::Send, Right::Listen],
        &[("api://evict.contoso.com/.default", &token)],
    );
    (shell, token)
}

#[tokio::test]
async fn all_is_well_and_each_line_says_what_was_seen() {
    let (shell, _) = shell().await;
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    let ended = shell
        .evict(&[
            "check",
            "--url",
            &url,
            "--audience",
            AUDIENCE,
            "--trust-host",
            "127.0.0.1",
        ])
        .await;
    insta::assert_snapshot!(ended.whole());
    let json = shell
        .evict(&[
            "check",
            "--url",
            &url,
            "--audience",
            AUDIENCE,
            "--trust-host",
            "127.0.0.1",
            "--json",
        ])
        .await;
    let document: Value = serde_json::from_str(&json.output).unwrap();
    assert_eq!((json.code, &document["ok"]), (0, &Value::Bool(true)));
    assert_eq!(document["checks"][0]["name"], "sign-in");
    assert_eq!(document["checks"][0]["state"], "ok");
    // No message was taken, locked or sent: the lock in the renewal does not exist.
    assert!(
        shell
            .bus
            .calls()
            .iter()
            .all(|call| call.starts_with("POST /evict")
                && !call.ends_with("/head")
                && !call.ends_with("/messages")),
        "{:?}",
        shell.bus.calls()
    );
    shell.end().await;
}

#[tokio::test]
async fn a_waiting_message_is_not_touched() {
    let (shell, _) = shell().await;
    let message = sandbox::functions::Message::of("{}");
    shell.app.host.send("evict-rejected", message).unwrap();
    assert_eq!(shell.evict(&["check"]).await.code, 0);
    let held = shell.app.host.messages("evict-rejected");
    assert_eq!((held.len(), held[0].delivery_count), (1, 0));
    shell.end().await;
}

#[tokio::test]
async fn whatever_is_not_well_says_what_to_do() {
    let (mut shell, _) = shell().await;
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    let mut told = String::new();
    let mut tell = |what: &str, text: String| told.extend(["== ", what, "\n", &text]);

    shell.sign_in_to_all(&["User.Read.All"], &[Right::Send], &[]);
    let lacking = shell.evict(&["check"]).await;
    assert_eq!(lacking.code, 77);
    tell(
        "a person without permissions, who may send and not read",
        lacking.whole(),
    );

    shell.sign_in_to_all(AZ_SCOPES, &[Right::Listen], &[]);
    let other = shell.evict(&["check", "--queue", "evikt"]).await;
    assert_eq!(other.code, 1);
    tell("no such queue", other.whole());

    let keyless = shell.evict(&["check", "--url", &url]).await;
    assert_eq!(keyless.code, 77);
    tell("no token for the function", keyless.whole());

    let graph = [
        "check",
        "--url",
        &url,
        "--audience",
        "https://graph.microsoft.com",
        "--trust-host",
        "127.0.0.1",
    ];
    tell(
        "a token of Graph's for the function",
        shell.evict(&graph).await.whole(),
    );
    let stranger = ["check", "--url", &url, "--audience", AUDIENCE];
    tell(
        "a host that nobody named",
        shell.evict(&stranger).await.whole(),
    );
    let unknown = [
        "check",
        "--url",
        &url,
        "--audience",
        "api://nobody",
        "--trust-host",
        "127.0.0.1",
    ];
    tell("no such application", shell.evict(&unknown).await.whole());
    let nowhere = ["check", "--url", "http://127.0.0.1:9/api/check"];
    tell("no such function", shell.evict(&nowhere).await.whole());
    let elsewhere = ["check", "--url", "http://evict.contoso.com/api/check"];
    tell(
        "a function over plain http",
        shell.evict(&elsewhere).await.whole(),
    );
    let down = shell.evict_at("http://127.0.0.1:9", &["check"]).await;
    assert_eq!(down.code, 1);
    tell("a namespace that does not answer", down.whole());

    shell.set(
        "EVICT_PROTECTED_GROUPS",
        "11111111-2222-4333-8444-555555555555",
    );
    tell("no such group", shell.evict(&["check"]).await.whole());
    shell.set("EVICT_PROTECTED_GROUPS", GROUP);
    shell
        .app
        .tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").throttled("120"));
    tell("throttled", shell.evict(&["check"]).await.whole());
    shell.app.tenant.faults().clear();
    insta::assert_snapshot!(told);
    shell.end().await;
}

#[tokio::test]
async fn without_a_sign_in_nothing_else_is_asked() {
    let mut shell = Alone::signed_out().await;
    let mut told = vec![shell.evict(&["check"]).await];
    shell.sign_in(AZ_SCOPES);
    told.push(
        shell
            .evict(&["check", "--tenant", "84c31ca0-ac3b-4eae-ad11-519d80233e6f"])
            .await,
    );
    shell
        .environment
        .retain(|(name, _)| name != "EVICT_TENANT_ID");
    told.push(shell.evict(&["check"]).await);
    assert!(shell.tenant.calls().is_empty());
    let codes: Vec<i32> = told.iter().map(|answer| answer.code).collect();
    assert_eq!(codes, [2, 2, 64]);
    let shown: Vec<String> = told.iter().map(operator_shell::Answer::shown).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_network_that_is_down_is_told_as_such() {
    let mut shell = Alone::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_GRAPH_ENDPOINT", "http://127.0.0.1:9");
    let answer = shell.evict(&["check"]).await;
    assert_eq!(answer.code, 1);
    assert!(
        answer.output.contains("NOT OK  graph")
            && answer.output.contains("no connection could be made"),
        "{}",
        answer.shown()
    );
}

#[tokio::test]
async fn an_application_that_is_signed_in_to_az_is_told_from_a_managed_identity() {
    let mut shell = Alone::signed_out().await;
    shell.tenant.remove_permission("User.RevokeSessions.All");
    shell.environment.extend([
        (
            "IDENTITY_ENDPOINT".to_owned(),
            shell.tenant.identity_endpoint(),
        ),
        ("IDENTITY_HEADER".to_owned(), shell.tenant.identity_header()),
    ]);
    let managed = shell.evict(&["check"]).await;
    assert_eq!(managed.code, 77);
    assert!(
        managed.output.contains("a managed identity, object id")
            && managed.output.contains("The managed identity's token"),
        "{}",
        managed.shown()
    );
}

/// The commands of the sandbox's page beside `cargo run --bin sandbox -- serve`.
#[tokio::test]
async fn every_verb_can_be_tried_by_hand_beside_the_sandbox() {
    let shell = Shell::open(&[]).await;
    let by_hand =
        sandbox::operator::OperatorShell::new(&shell.app.tenant, &shell.bus, Means::Rich).unwrap();
    by_hand.sign_in(&shell.app.tenant, &shell.bus, &[]).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_evict"));
    let mut told = String::new();
    for line in [
        "evict check --namespace \"$NAMESPACE\" | tail -n 1",
        "evict status alice@contoso.com | head -n 2",
        "evict status alice@contoso.com | grep -c 'Not readable'",
        "evict access petra.keller@contoso.com | grep -c 'could not be read'",
        "evict revoke alice@contoso.com --yes --reason drill | head -n 2",
        "evict send carol.nunez@contoso.com --namespace \"$NAMESPACE\" --wait | tail -n 1",
        "evict dead-letters list --namespace \"$NAMESPACE\"",
        "evict rejected list --namespace \"$NAMESPACE\"",
    ] {
        let output = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(format!("{}\n{line}", by_hand.exports()))
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", program.parent().unwrap().display()),
            )
            .output()
            .await
            .unwrap();
        told.extend(["$ ", line, "\n"]);
        for stream in [&output.stdout, &output.stderr] {
            told.push_str(&shell.redacted(&String::from_utf8_lossy(stream)));
        }
    }
    insta::assert_snapshot!(told);
    shell.app.settle().await;
    shell.end().await;
}

/// A person's token shows hidden members by the delegated permission of the same name.
#[tokio::test]
async fn a_group_that_hides_its_members_is_named_with_the_permission_that_shows_them() {
    let (mut shell, _) = shell().await;
    shell.set("EVICT_PROTECTED_GROUPS", GROUP);
    let group = GROUP.parse().unwrap();
    let hidden = Some("HiddenMembership");
    assert!(shell.app.tenant.set_group_visibility(group, hidden));
    let check = shell.evict(&["check"]).await;
    assert_eq!(check.code, 1);
    let told = check.whole();
    assert!(told.contains("Member.Read.Hidden"), "{told}");
    shell.end().await;
}

#[tokio::test]
async fn a_protected_user_who_is_not_there_is_told_by_the_place_in_the_setting() {
    let (mut shell, _) = shell().await;
    shell.set(
        "EVICT_PROTECTED_USERS",
        "alice@contoso.com breakglas@contoso.com",
    );
    let check = shell.evict(&["check"]).await;
    assert_eq!(check.code, 1);
    let told = check.whole();
    assert!(
        told.contains("protected user 1") && told.contains("is there, and is not cut"),
        "{told}"
    );
    assert!(
        told.contains("protected user 2") && told.contains("names nobody in this tenant"),
        "{told}"
    );
    shell.end().await;
}

#[tokio::test]
async fn a_poorer_person_beside_the_sandbox_is_told_what_cannot_be_read() {
    let shell = Shell::open(&[]).await;
    let mut told = Vec::new();
    for means in [Means::Rich, Means::Poor] {
        let by_hand =
            sandbox::operator::OperatorShell::new(&shell.app.tenant, &shell.bus, means).unwrap();
        by_hand.sign_in(&shell.app.tenant, &shell.bus, &[]).unwrap();
        let output = shell
            .command(&["status", "alice@contoso.com"])
            .env("PATH", by_hand.folder())
            .output()
            .await
            .unwrap();
        told.push(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("Not readable"),
        );
    }
    assert_eq!(told, [false, true]);
    shell.end().await;
}

/// The role is the app's own, so the function is asked; its answer names the app's identity in the command that assigns
/// the role.
#[tokio::test]
async fn a_role_that_the_function_lacks_on_a_workspace_is_told_with_the_next_step() {
    let (shell, _) = shell_with(&[(
        "EVICT_SENTINEL_WORKSPACES",
        crate::triggers::incident::WORKSPACE,
    )])
    .await;
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    let told = shell
        .evict(&[
            "check",
            "--url",
            &url,
            "--audience",
            AUDIENCE,
            "--trust-host",
            "127.0.0.1",
        ])
        .await;
    assert_eq!(told.code, 1);
    let said = told
        .whole()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in [
        "says what is not well there",
        "lacks the role Microsoft Sentinel Responder on the workspace",
        "az role assignment create --role \"Microsoft Sentinel Responder\"",
    ] {
        assert!(said.contains(part), "{said}");
    }
    shell.end().await;
}
