//! `evict revoke`, as a person and as a script see it.

use sandbox::az::Az;
use sandbox::tenant::{FEDERATED_TOKEN, Fault, WorldApp};
use serde_json::Value;

use crate::support::busy;
use crate::support::operator_shell::{AZ_SCOPES, Shell};

const BREAK_GLASS: &str = "break.glass@contoso.onmicrosoft.com";

#[tokio::test]
async fn a_person_at_a_shell_cuts_a_user_and_the_sessions_die() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict(&[
            "revoke",
            "--yes",
            "alice@contoso.com",
            "--reason",
            "Tokens seen on a paste site",
        ])
        .await;
    assert_eq!(shell.alive("alice@contoso.com"), 0);
    assert_eq!(shell.alive("carol.nunez@contoso.com"), 2);
    insta::assert_snapshot!(answer.shown());
    shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn every_kind_of_name_finds_its_user() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let list =
        "# night shift\n\nb.stone@contoso.com\nS-1-5-21-898359651-226337246-2910964862-33704\n";
    let answer = shell
        .evict_with(
            &[
                "revoke",
                "--yes",
                "482c590e-0d97-42bf-8dc8-3011ac8efe12",
                "-",
                "--expect",
                "3",
            ],
            list,
        )
        .await;
    for user in [
        "carol.nunez@contoso.com",
        "bob.stone@contoso.com",
        "dan.fisher@contoso.com",
    ] {
        assert_eq!(shell.alive(user), 0, "{user}: {}", answer.shown());
    }
    assert_eq!(answer.code, 0);
}

#[tokio::test]
async fn protected_external_and_unknown_accounts_are_told_apart() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_PROTECTED_USERS", BREAK_GLASS);
    shell.set(
        "EVICT_PROTECTED_GROUPS",
        "35dd8954-a7f8-422a-8eed-ef2a6f877ca9",
    );
    let answer = shell
        .evict(&[
            "revoke",
            "--yes",
            BREAK_GLASS,
            "dan.fisher@contoso.com",
            "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            "alcie@contoso.com",
            "front.desk@contoso.com",
            "alice@contoso.com",
        ])
        .await;
    assert_eq!(shell.alive(BREAK_GLASS), 2);
    assert_eq!(shell.alive("alice@contoso.com"), 0);
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn the_json_is_the_documented_one() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict(&[
            "revoke",
            "--yes",
            "--json",
            "--reason",
            "drill",
            "alice@contoso.com",
            "alcie@contoso.com",
        ])
        .await;
    assert_eq!((answer.code, answer.errors.as_str()), (1, ""));
    let document: Value = serde_json::from_str(&answer.output).unwrap();
    assert_eq!(document["receipts"][0]["outcome"], "revoked");
    assert_eq!(
        document["receipts"][0]["requestedBy"]["objectId"],
        "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574"
    );
    assert_eq!(document["receipts"][1]["outcome"], "not_found");
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(names, ["reason", "receipts", "summary"]);
    insta::assert_json_snapshot!(document["summary"]);
}

#[tokio::test]
async fn to_observe_changes_nothing() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict(&["revoke", "--observe", "alice@contoso.com"])
        .await;
    assert!(
        shell
            .tenant
            .calls_matching("POST */revokeSignInSessions")
            .is_empty()
    );
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn another_number_than_expected_stops_before_anything_is_asked() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict(&[
            "revoke",
            "--yes",
            "--expect",
            "2",
            "alice@contoso.com",
            "ALICE@contoso.com",
        ])
        .await;
    assert!(shell.tenant.calls().is_empty());
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn a_name_that_is_none_is_shown_with_its_place() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict_with(
            &["revoke", "--yes", "-"],
            "alice@contoso.com\nal\u{1b}[2Jice\n",
        )
        .await;
    assert!(shell.tenant.calls().is_empty());
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn more_than_the_cap_need_the_word_that_all_are_meant() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_MAX_USERS_PER_ALERT", "1");
    let users = [
        "revoke",
        "--yes",
        "alice@contoso.com",
        "carol.nunez@contoso.com",
    ];
    let answer = shell.evict(&users).await;
    assert_eq!(answer.code, 1);
    assert_eq!(shell.alive("carol.nunez@contoso.com"), 2);
    insta::assert_snapshot!(answer.shown());
    let answer = shell
        .evict(&[&users[..], &["--expect", "2"]].concat())
        .await;
    assert_eq!(answer.code, 0);
    assert_eq!(shell.alive("carol.nunez@contoso.com"), 0);
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_told_how_to() {
    let mut shell = Shell::signed_out().await;
    let mut shown = vec![
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .shown(),
    ];
    for credential in ["az", "managed-identity", "workload-identity"] {
        let answer = shell
            .evict(&[
                "revoke",
                "--yes",
                "alice@contoso.com",
                "--credential",
                credential,
            ])
            .await;
        shown.push(answer.shown());
    }
    shell.az(&Az::signed_out());
    shown.push(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .shown(),
    );
    shell.az(&Az::Fails("ERROR: AADSTS50020: User account from identity provider does not exist in tenant.\nTrace ID: 1".to_owned()));
    shown.push(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com", "--credential", "az"])
            .await
            .shown(),
    );
    shell.az(&Az::Fails("Segmentation fault".to_owned()));
    shown.push(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .shown(),
    );
    shell
        .environment
        .retain(|(name, _)| name != "EVICT_TENANT_ID");
    shown.push(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .shown(),
    );
    assert!(shell.tenant.calls().is_empty());
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_token_of_another_tenant_is_refused() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let answer = shell
        .evict(&[
            "revoke",
            "--yes",
            "alice@contoso.com",
            "--tenant",
            "84c31ca0-ac3b-4eae-ad11-519d80233e6f",
        ])
        .await;
    assert!(shell.tenant.calls().is_empty());
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn a_missing_permission_is_named_as_what_it_is_for_a_person() {
    let shell = Shell::signed_in(&["User.Read.All"]).await;
    let lacking = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    shell.sign_in(AZ_SCOPES);
    shell
        .tenant
        .faults()
        .add(Fault::on("POST */revokeSignInSessions").answer(403));
    let role = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    assert_eq!((lacking.code, role.code), (77, 77));
    insta::assert_snapshot!(format!("{}\n{}", lacking.shown(), role.shown()));
}

#[tokio::test]
async fn a_throttled_command_says_when_to_come_back() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_HTTP_DEADLINE_SECONDS", "60");
    shell
        .tenant
        .faults()
        .add(Fault::on("POST */revokeSignInSessions").throttled("120"));
    let answer = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    assert_eq!(answer.code, 2);
    insta::assert_snapshot!(crate::verbs::status::steady(&answer.shown()));
}

#[tokio::test]
async fn a_network_that_is_down_is_told_as_such() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_GRAPH_ENDPOINT", "http://127.0.0.1:9");
    // It is retried until the time is over.
    shell.set("EVICT_HTTP_DEADLINE_SECONDS", &busy::seconds(5));
    let answer = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    assert_eq!(answer.code, 2);
    assert!(
        answer.output.contains("no connection could be made"),
        "{}",
        answer.shown()
    );
}

#[tokio::test]
async fn an_account_of_cloud_shell_and_a_managed_identity_serve_as_well() {
    let mut shell = Shell::signed_out().await;
    let Az::SignedIn {
        token,
        tenant,
        expires_on,
    } = shell.account(AZ_SCOPES)
    else {
        panic!("an account")
    };
    let refusing = |said: &str| Az::RefusesTenants {
        said: said.to_owned(),
        token: token.clone(),
        tenant,
        expires_on,
    };
    // Any other refusal is final: a person who cannot sign in to the named tenant gets no token of another.
    shell.az(&refusing("ERROR: AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication."));
    let refused = shell
        .evict(&["revoke", "--yes", "alice@contoso.com", "--credential", "az"])
        .await;
    assert_ne!(refused.code, 0);
    assert!(refused.errors.contains("AADSTS50076"), "{}", refused.errors);
    assert_eq!(shell.tenant.calls().len(), 0);
    shell.az(&refusing(
        "ERROR: Tenant shouldn't be specified for Cloud Shell account",
    ));
    assert_eq!(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .code,
        0
    );
    shell.az(&Az::signed_out());
    shell.environment.extend([
        (
            "IDENTITY_ENDPOINT".to_owned(),
            shell.tenant.identity_endpoint(),
        ),
        ("IDENTITY_HEADER".to_owned(), shell.tenant.identity_header()),
    ]);
    assert_eq!(
        shell
            .evict(&["revoke", "--yes", "carol.nunez@contoso.com"])
            .await
            .code,
        0
    );
}

#[tokio::test]
async fn a_pipeline_signs_in_by_its_federated_token() {
    let mut shell = Shell::signed_out().await;
    let file = shell.folder.path().join("token");
    shell.set(
        "AZURE_CLIENT_ID",
        &WorldApp::default().client_id.to_string(),
    );
    shell.set("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap());
    std::fs::write(&file, "of.another.pipeline").unwrap();
    let refused = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    assert_eq!(shell.tenant.calls().len(), 0);
    insta::assert_snapshot!(refused.shown());
    std::fs::write(&file, FEDERATED_TOKEN).unwrap();
    let answer = shell.evict(&["revoke", "--yes", "alice@contoso.com"]).await;
    assert_eq!(answer.code, 0, "{}", answer.shown());
    assert_eq!(shell.alive("alice@contoso.com"), 0);
}

#[tokio::test]
async fn ctrl_c_lets_what_was_begun_finish_and_leaves_the_rest_alone() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_CONCURRENCY", "1");
    let (child, pid) = interrupted(&shell).await;
    shell.tenant.release_all();
    let answer = shell.read(child.wait_with_output().await.unwrap());
    assert!(!pid.is_empty());
    assert_eq!(shell.alive("carol.nunez@contoso.com"), 2);
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn a_second_ctrl_c_ends_at_once() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_CONCURRENCY", "1");
    let (child, pid) = interrupted(&shell).await;
    interrupt(&pid).await;
    let answer = shell.read(child.wait_with_output().await.unwrap());
    shell.tenant.release_all();
    insta::assert_snapshot!(answer.shown());
}

/// A command with two users whose first cut hangs, after one Ctrl-C that it has answered.
async fn interrupted(shell: &Shell) -> (tokio::process::Child, String) {
    use tokio::io::AsyncReadExt;
    shell.tenant.hold("POST */revokeSignInSessions");
    let mut child = shell
        .command(&[
            "revoke",
            "--yes",
            "alice@contoso.com",
            "carol.nunez@contoso.com",
        ])
        .spawn()
        .unwrap();
    let pid = child.id().unwrap().to_string();
    tokio::time::timeout(
        crate::support::app::SOON,
        shell.tenant.wait_for_call("POST */revokeSignInSessions"),
    )
    .await
    .unwrap();
    interrupt(&pid).await;
    // It answers before it is interrupted again.
    let stderr = child.stderr.as_mut().unwrap();
    let mut byte = [0];
    while stderr.read(&mut byte).await.unwrap() == 1 && byte[0] != b'\n' {}
    (child, pid)
}

pub(crate) async fn interrupt(pid: &str) {
    let status = tokio::process::Command::new("kill")
        .args(["-INT", pid])
        .status()
        .await
        .unwrap();
    assert!(status.success());
}
