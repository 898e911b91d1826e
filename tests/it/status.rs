//! `evict status`, as a person and as a script see it.

use serde_json::Value;

use super::operator_shell::{AZ_SCOPES, Shell};

#[tokio::test]
async fn a_person_sees_what_decides_about_a_cut() {
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set(
        "EVICT_PROTECTED_GROUPS",
        "f448435d-3ca7-4073-8152-a1fd73c0fd09",
    );
    shell.set("EVICT_PROTECTED_USERS", "ivy.lund@contoso.com");
    let answer = shell
        .evict(&[
            "status",
            "alice@contoso.com",
            "ivy.lund@contoso.com",
            "break.glass@contoso.onmicrosoft.com",
            "frank.moreau@fabrikam.com",
            "alcie@contoso.com",
            "front.desk@contoso.com",
        ])
        .await;
    assert!(
        shell
            .tenant
            .calls_matching("POST */revokeSignInSessions")
            .is_empty()
    );
    insta::assert_snapshot!(answer.shown());
    shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn after_a_cut_the_sessions_are_valid_from_then_on() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let read = async || {
        let answer = shell
            .evict(&["status", "--json", "alice@contoso.com"])
            .await;
        assert_eq!((answer.code, answer.errors.as_str()), (0, ""));
        serde_json::from_str::<Value>(&answer.output).unwrap()["users"][0].clone()
    };
    let before = read().await;
    assert_eq!(shell.evict(&["revoke", "alice@contoso.com"]).await.code, 0);
    let mut after = read().await;
    let time = |user: &Value| {
        user["sessionsValidFrom"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    assert!(time(&after) > time(&before));
    after["sessionsValidFrom"] = "<time>".into();
    insta::assert_json_snapshot!(after);
}

#[tokio::test]
async fn what_may_not_be_read_is_a_missing_permission() {
    let shell = Shell::signed_in(&["User.ReadBasic.All"]).await;
    shell.tenant.refuse_beyond_basic(true);
    let answer = shell.evict(&["status", "alice@contoso.com"]).await;
    assert_eq!(answer.code, 77);
    insta::assert_snapshot!(answer.shown());
}
