//! Users that the function protects are protected at a shell too, and an override needs a reason.

use sandbox::bus::Right;
use sandbox::functions::Message;
use serde_json::{Value, json};

use crate::support::operator_shell::AZ_SCOPES;
use crate::support::shell::{Ended, Shell};
use crate::verbs::check::{AUDIENCE, shell_with};

const BREAK_GLASS: &str = "break.glass@contoso.onmicrosoft.com";
const GROUP: &str = "35dd8954-a7f8-422a-8eed-ef2a6f877ca9";

/// Runs `evict` on the function of this shell.
async fn on_the_function(shell: &Shell, arguments: &[&str]) -> Ended {
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    let function = [
        "--url",
        &url,
        "--audience",
        AUDIENCE,
        "--trust-host",
        "127.0.0.1",
    ];
    let arguments = [arguments, &function].concat();
    shell.ended(&shell.command(&arguments).output().await.unwrap())
}

fn alive(shell: &Shell, user: &str) -> usize {
    shell.app.tenant.redeem_all();
    let sessions = shell.app.tenant.sessions_of(user);
    sessions.iter().filter(|session| session.alive).count()
}

fn receipts(ended: &Ended) -> Vec<Value> {
    let document: Value = serde_json::from_str(&ended.output).unwrap();
    document["receipts"].as_array().unwrap().clone()
}

#[tokio::test]
async fn whom_the_function_protects_is_not_cut_from_a_shell_either() {
    let (shell, _) = shell_with(&[
        ("EVICT_PROTECTED_USERS", BREAK_GLASS),
        ("EVICT_PROTECTED_GROUPS", GROUP),
    ])
    .await;
    let people = [BREAK_GLASS, "dan.fisher@contoso.com", "alice@contoso.com"];
    let arguments = [&["revoke", "--yes", "--json"], &people[..]].concat();
    let ended = on_the_function(&shell, &arguments).await;
    assert_eq!(ended.code, 1, "{}", ended.whole());
    let told: Vec<Value> = receipts(&ended)
        .iter()
        .map(|receipt| json!([receipt["subject"], receipt["outcome"], receipt["reason"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            [BREAK_GLASS, "withheld", "protected_user"],
            ["dan.fisher@contoso.com", "withheld", "protected_group"],
            ["alice@contoso.com", "revoked", null],
        ])
    );
    assert_eq!(
        (
            alive(&shell, BREAK_GLASS),
            alive(&shell, "alice@contoso.com")
        ),
        (2, 0)
    );
    shell.end().await;
}

/// By any name, and by the object id alone if the setting names the user by name.
#[tokio::test]
async fn a_protected_user_is_known_by_the_object_id_and_after_a_change_of_name() {
    let (shell, _) = shell_with(&[("EVICT_PROTECTED_USERS", BREAK_GLASS)]).await;
    let id = shell
        .app
        .tenant
        .sessions_of(BREAK_GLASS)
        .first()
        .map(|session| session.user.to_string())
        .unwrap();
    let ended = on_the_function(&shell, &["revoke", "--yes", &id]).await;
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert_eq!(alive(&shell, BREAK_GLASS), 2);
    shell.end().await;
}

/// Graph leaves out a group that hides its members, so it is unknown of every user whether that group holds them.
#[tokio::test]
async fn who_may_be_in_a_group_that_hides_its_members_is_spared_at_a_shell_too() {
    let (shell, _) = shell_with(&[("EVICT_PROTECTED_GROUPS", GROUP)]).await;
    let hidden = Some("HiddenMembership");
    let group = GROUP.parse().unwrap();
    assert!(shell.app.tenant.set_group_visibility(group, hidden));
    let people = ["dan.fisher@contoso.com", "alice@contoso.com"];
    let arguments = [&["revoke", "--yes", "--json"], &people[..]].concat();
    let ended = on_the_function(&shell, &arguments).await;
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert_eq!(
        crate::support::app::outcomes(&receipts(&ended)),
        ["withheld membership_unknown"; 2]
    );
    // The person who overrides it sees the guard before, and the receipt names it.
    let arguments = [
        &arguments[..2],
        &["--json", "alice@contoso.com", "--override-guard", "INC-7"],
    ]
    .concat();
    let ended = on_the_function(&shell, &arguments).await;
    assert_eq!(
        receipts(&ended)[0]["detail"],
        "A guard was overridden (EVICT_PROTECTED_GROUPS, membership_unknown). Reason: INC-7"
    );
    assert!(alive(&shell, "dan.fisher@contoso.com") > 0);
    shell.end().await;
}

/// The function has pinned the object id, and lists it among its hashes although nobody has the name any more.
#[tokio::test]
async fn who_gave_up_a_protected_name_stays_protected_at_a_shell_too() {
    let (shell, _) = shell_with(&[("EVICT_PROTECTED_USERS", BREAK_GLASS)]).await;
    let check = shell.app.host.http_endpoint();
    let looked_up = on_the_function(&shell, &["revoke", "--yes", BREAK_GLASS]).await;
    assert_eq!(looked_up.code, 1, "{check}: {}", looked_up.whole());
    let renamed = "glass.break@contoso.onmicrosoft.com";
    assert!(shell.app.tenant.rename(BREAK_GLASS, renamed));
    let ended = on_the_function(&shell, &["revoke", "--yes", "--json", renamed]).await;
    assert_eq!(
        crate::support::app::outcomes(&receipts(&ended)),
        ["withheld protected_user"],
        "{}",
        ended.whole()
    );
    assert_eq!(alive(&shell, renamed), 2);
    shell.end().await;
}

#[tokio::test]
async fn a_name_that_the_shell_protects_protects_whoever_bears_it() {
    let mut shell = crate::support::operator_shell::Shell::signed_in(AZ_SCOPES).await;
    let arguments = ["revoke", "--yes", "bob.stone@contoso.com"];
    // A mail address, which function and shell resolve to its only user.
    shell.set("EVICT_PROTECTED_USERS", "b.stone@contoso.com");
    let spared = shell.evict(&arguments).await;
    assert_eq!(spared.code, 1, "{}", spared.shown());
    assert!(spared.output.contains("protected"), "{}", spared.shown());
    shell.set("EVICT_PROTECTED_USERS", "b.stome@contoso.com");
    let nobody = shell.evict(&arguments).await;
    assert_eq!(nobody.code, 0, "{}", nobody.shown());
    assert!(
        nobody.errors.contains(
            "EVICT_PROTECTED_USERS names b.stome@contoso.com, who is no one user of this tenant"
        ),
        "{}",
        nobody.errors
    );
}

#[tokio::test]
async fn a_function_that_only_observes_and_its_caps_hold_for_the_shell() {
    let (shell, _) = shell_with(&[("EVICT_MODE", "observe")]).await;
    let ended = on_the_function(&shell, &["revoke", "--yes", "alice@contoso.com"]).await;
    assert!(ended.output.contains("would be cut"), "{}", ended.whole());
    assert!(alive(&shell, "alice@contoso.com") > 0);
    shell.end().await;
    let (shell, _) = shell_with(&[("EVICT_MAX_USERS_PER_HOUR", "2")]).await;
    shell.app.send(r#"{"user": "bob.stone@contoso.com"}"#);
    shell.app.settle().await;
    let people = ["alice@contoso.com", "carol.nunez@contoso.com"];
    let arguments = [&["revoke", "--yes", "--json"], &people[..]].concat();
    let ended = on_the_function(&shell, &arguments).await;
    // Two places in the hour, one of them taken: the first user gets the other.
    let mut outcomes = crate::support::app::outcomes(&receipts(&ended));
    outcomes.sort();
    assert_eq!(
        outcomes,
        ["revoked", "withheld blast_radius"],
        "{}",
        ended.whole()
    );
    shell.end().await;
}

#[tokio::test]
async fn a_function_that_cannot_be_asked_stops_the_run_until_somebody_overrides_it() {
    let (shell, _) = shell_with(&[]).await;
    let people = [
        "revoke",
        "--yes",
        "--json",
        "alice@contoso.com",
        "--url",
        "http://127.0.0.1:9/api/check",
    ];
    let stopped = shell.ended(&shell.command(&people).output().await.unwrap());
    assert_eq!(stopped.code, 2);
    assert!(
        stopped
            .errors
            .contains("whom the function protects is not known, so nothing was changed")
            && stopped.errors.contains("--override-guard"),
        "{}",
        stopped.errors
    );
    assert!(alive(&shell, "alice@contoso.com") > 0);
    let overriding = [&people[..], &["--override-guard", "the app is down, INC-7"]].concat();
    let ended = shell.ended(&shell.command(&overriding).output().await.unwrap());
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert_eq!(
        receipts(&ended)[0]["detail"],
        "A guard was overridden (127.0.0.1 could not be asked whom it protects). Reason: the app is down, INC-7"
    );
    shell.end().await;
}

#[tokio::test]
async fn whoever_overrides_a_guard_says_why_and_it_stands_in_the_receipt() {
    let (shell, _) = shell_with(&[
        ("EVICT_PROTECTED_USERS", BREAK_GLASS),
        ("EVICT_MODE", "observe"),
    ])
    .await;
    let blank = ["revoke", "--yes", BREAK_GLASS, "--override-guard", " "];
    assert_eq!(on_the_function(&shell, &blank).await.code, 64);
    let why = [
        "revoke",
        "--yes",
        "--json",
        BREAK_GLASS,
        "alice@contoso.com",
        "--override-guard",
        "stolen, INC-7",
    ];
    let ended = on_the_function(&shell, &why).await;
    assert_eq!(ended.code, 0, "{}", ended.whole());
    let receipts = receipts(&ended);
    assert_eq!(receipts[0]["outcome"], "revoked");
    assert_eq!(receipts[0]["policy"], "EVICT_PROTECTED_USERS");
    assert_eq!(
        receipts[0]["detail"],
        "A guard was overridden (EVICT_PROTECTED_USERS, protected_user). Reason: stolen, INC-7"
    );
    assert_eq!(
        receipts[1]["detail"],
        "A guard was overridden (the function only observes). Reason: stolen, INC-7"
    );
    assert_eq!(alive(&shell, BREAK_GLASS), 0);
    shell.end().await;
}

#[tokio::test]
async fn a_token_for_the_function_goes_to_a_host_that_somebody_named_and_nowhere_else() {
    let (shell, _) = shell_with(&[]).await;
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    let arguments = [
        "revoke",
        "--yes",
        "alice@contoso.com",
        "--url",
        &url,
        "--audience",
        AUDIENCE,
    ];
    for trusted in [&[][..], &["--trust-host", "evict.contoso.com"]] {
        let arguments = [&arguments[..], trusted].concat();
        let ended = shell.ended(&shell.command(&arguments).output().await.unwrap());
        assert_eq!(ended.code, 2, "{}", ended.whole());
        assert!(
            ended
                .errors
                .contains("which neither a profile nor --trust-host names"),
            "{}",
            ended.errors
        );
    }
    assert_eq!(shell.app.host.invocations().len(), 0);
    shell.end().await;
}

#[tokio::test]
async fn nobody_is_cut_without_a_word_where_nobody_can_be_asked() {
    let shell = crate::support::operator_shell::Shell::signed_in(AZ_SCOPES).await;
    let refused = shell
        .evict_with(&["revoke", "-"], "alice@contoso.com\n")
        .await;
    assert_eq!(refused.code, 64);
    insta::assert_snapshot!(refused.errors, @"
    evict: nobody is at a terminal to be asked. Nothing was changed.
    Next: give --yes, or the number of users with --expect.
    ");
    assert!(shell.tenant.calls().is_empty());
    let expected = shell
        .evict(&["revoke", "alice@contoso.com", "--expect", "1"])
        .await;
    assert_eq!(expected.code, 0, "{}", expected.shown());
}

#[tokio::test]
async fn what_is_sent_or_replayed_is_told_whom_the_function_will_not_cut() {
    let (shell, token) = shell_with(&[("EVICT_PROTECTED_USERS", BREAK_GLASS)]).await;
    let bus = shell.bus.endpoint();
    let at = ["--namespace", &bus];
    let nobody = [&["send", BREAK_GLASS], &at[..]].concat();
    let ended = on_the_function(&shell, &nobody).await;
    assert_eq!(ended.code, 1);
    assert!(
        ended.errors.starts_with(&format!(
            "evict: nothing was sent: {BREAK_GLASS} is protected by the function, which will not cut this user."
        )),
        "{}",
        ended.errors
    );
    let both = [&["send", BREAK_GLASS, "alice@contoso.com"], &at[..]].concat();
    let ended = on_the_function(&shell, &both).await;
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert!(
        ended.errors.contains("is protected by the function"),
        "{}",
        ended.errors
    );
    shell.app.settle().await;
    assert_eq!(alive(&shell, "alice@contoso.com"), 0);

    for (id, user) in [("INC-1", BREAK_GLASS), ("INC-2", "carol.nunez@contoso.com")] {
        let letter = Message {
            message_id: Some(id.to_owned()),
            ..Message::of(json!({ "user": user }).to_string())
        };
        shell.app.host.send("evict-rejected", letter).unwrap();
    }
    shell.sign_in_to_all(
        AZ_SCOPES,
        &[Right::Send, Right::Listen],
        &[("api://evict.contoso.com/.default", &token)],
    );
    let replay = [&["rejected", "replay", "--all", "--yes"], &at[..]].concat();
    let ended = on_the_function(&shell, &replay).await;
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert!(
        ended
            .errors
            .contains("INC-1 was not replayed, since nobody in it would be cut.")
    );
    assert!(
        ended.output.ends_with("1 of 2 replayed.\n"),
        "{}",
        ended.output
    );
    shell.app.settle().await;
    assert_eq!(alive(&shell, "carol.nunez@contoso.com"), 0);
    shell.end().await;
}
