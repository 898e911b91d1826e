//! `evict status`, as a person and as a script see it.

use std::time::Duration;

use sandbox::tenant::{Fault, Licence, Place};
use serde_json::Value;

use crate::support::busy;
use crate::support::operator_shell::{AZ_SCOPES, Shell};

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
async fn a_group_that_hides_its_members_is_no_sign_that_nobody_is_in_it() {
    const GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_PROTECTED_GROUPS", GROUP);
    let hidden = Some("HiddenMembership");
    let group = GROUP.parse().unwrap();
    assert!(shell.tenant.set_group_visibility(group, hidden));
    let answer = shell
        .evict(&["status", "--json", "alice@contoso.com"])
        .await;
    assert!(
        answer.output.contains("membership_unknown")
            && answer.output.contains("Member.Read.Hidden"),
        "{}",
        answer.output
    );
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
    assert_eq!(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .code,
        0
    );
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
    for lack in after["notReadable"].as_array_mut().unwrap() {
        assert!(lack["detail"].as_str().unwrap().contains("permission"));
        lack["detail"] = "<sentences>".into();
    }
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

/// The permissions that the Azure CLI's own application has consent for, as far as they matter to the sign-in log, and
/// those for Identity Protection.
const ALL_SCOPES: &[&str] = &[
    "Group.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "AuditLog.Read.All",
    "IdentityRiskyUser.Read.All",
];

/// An attacker's address, reserved for documentation.
fn elsewhere() -> Place {
    Place {
        ip_address: "192.0.2.77".to_owned(),
        country: "XX".to_owned(),
        city: "Nowhere".to_owned(),
    }
}

async fn user_of(shell: &Shell, name: &str) -> Value {
    let answer = shell.evict(&["status", "--json", name]).await;
    assert_eq!((answer.code, answer.errors.as_str()), (0, ""));
    serde_json::from_str::<Value>(&answer.output).unwrap()["users"][0].clone()
}

#[tokio::test]
async fn after_a_cut_nobody_signed_in_until_somebody_does() {
    let shell = Shell::signed_in(ALL_SCOPES).await;
    let clock = shell.tenant.clock();
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .code,
        0
    );
    clock.advance(Duration::from_secs(30));
    // Every app is refused: a failed attempt is not a sign-in.
    assert_eq!(shell.alive("alice@contoso.com"), 0);
    let quiet = shell.evict(&["status", "alice@contoso.com"]).await;
    insta::assert_snapshot!("nobody_signed_in_since_the_cut", quiet.shown());

    clock.advance(Duration::from_secs(30));
    assert!(
        shell
            .tenant
            .sign_in_from("alice@contoso.com", "Browser", &elsewhere())
    );
    clock.advance(Duration::from_secs(30));
    shell.tenant.redeem_all();
    let alarm = shell.evict(&["status", "alice@contoso.com"]).await;
    insta::assert_snapshot!("somebody_signed_in_since_the_cut", alarm.shown());
    let user = user_of(&shell, "alice@contoso.com").await;
    let since = &user["signedInSince"];
    let kinds: Vec<_> = since["signIns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sign_in| {
            (
                sign_in["interactive"].as_bool().unwrap(),
                sign_in["country"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(kinds, [(false, "XX"), (true, "XX")]);
    assert_eq!(since["since"], user["sessionsValidFrom"]);
    shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn what_the_log_does_not_show_yet_is_not_claimed() {
    let shell = Shell::signed_in(ALL_SCOPES).await;
    let clock = shell.tenant.clock();
    assert_eq!(
        shell
            .evict(&["revoke", "--yes", "alice@contoso.com"])
            .await
            .code,
        0
    );
    shell.tenant.set_log_lag(Duration::from_mins(5));
    clock.advance(Duration::from_mins(1));
    assert!(
        shell
            .tenant
            .sign_in_from("alice@contoso.com", "Browser", &elsewhere())
    );
    let asked_from = clock.now();
    let early = user_of(&shell, "alice@contoso.com").await;
    assert_eq!(early["signedInSince"]["signIns"], Value::Array(Vec::new()));
    let asked_by = clock.now();
    let seen: jiff::Timestamp = early["signedInSince"]["seenUntil"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    // Graph reports whole seconds.
    let seconds = asked_from.as_second()..=asked_by.as_second();
    assert!(seconds.contains(&seen.as_second()), "{seen}");
    clock.advance(Duration::from_mins(6));
    let late = user_of(&shell, "alice@contoso.com").await;
    assert_eq!(
        late["signedInSince"]["signIns"][0]["ipAddress"],
        "192.0.2.77"
    );
}

#[tokio::test]
async fn what_a_report_needs_is_told_and_the_rest_is_there() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let lacking = shell.evict(&["status", "alice@contoso.com"]).await;
    assert_eq!(lacking.code, 0);
    insta::assert_snapshot!("without_the_permissions_of_the_reports", lacking.shown());

    // Identity Protection answers one question a second.
    shell.tenant.clock().advance(Duration::from_secs(2));
    shell.sign_in(ALL_SCOPES);
    shell.tenant.set_licence(Licence::Free);
    let unlicensed = shell.evict(&["status", "alice@contoso.com"]).await;
    assert_eq!(unlicensed.code, 0);
    insta::assert_snapshot!("without_a_licence_for_the_reports", unlicensed.shown());

    shell.tenant.clock().advance(Duration::from_secs(2));
    shell.tenant.set_licence(Licence::P1);
    let user = user_of(&shell, "alice@contoso.com").await;
    let lacks: Vec<_> = user["notReadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lack| {
            (
                lack["report"].as_str().unwrap(),
                lack["because"].as_str().unwrap(),
                lack["licence"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        lacks,
        [("risk", "licence_or_role", "Microsoft Entra ID P2")]
    );
    assert!(user["signedInSince"]["signIns"].as_array().unwrap().len() > 1);
}

#[tokio::test]
async fn if_beta_refuses_the_users_own_sign_ins_are_seen_all_the_same() {
    let shell = Shell::signed_in(ALL_SCOPES).await;
    shell
        .tenant
        .faults()
        .add(Fault::on("GET /beta/auditLogs/*").answer(400));
    shell.tenant.redeem_all();
    let user = user_of(&shell, "alice@contoso.com").await;
    let since = &user["signedInSince"];
    assert_eq!(since["includesNonInteractive"], false);
    assert_eq!(since["signIns"].as_array().unwrap().len(), 4);
    let told = shell.evict(&["status", "alice@contoso.com"]).await;
    let told = told.output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("Only the user's own sign-ins could be seen"),
        "{told}"
    );
}

#[tokio::test]
async fn several_users_are_asked_for_no_faster_than_the_reports_allow() {
    let shell = Shell::signed_in(ALL_SCOPES).await;
    let names = [
        "alice@contoso.com",
        "bob.stone@contoso.com",
        "carol.nunez@contoso.com",
    ];
    let begun = shell.tenant.clock().now();
    let answer = shell
        .evict(&[&["status", "--json"], &names[..]].concat())
        .await;
    assert_eq!(answer.code, 0);
    let document: Value = serde_json::from_str(&answer.output).unwrap();
    let levels: Vec<_> = document["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["risk"]["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["high", "none", "none"]);
    let statuses: Vec<_> = shell
        .tenant
        .calls_matching("GET */riskyUsers/*")
        .iter()
        .map(|call| call.status)
        // Two calls that were sent in good time may arrive close together.
        .filter(|status| *status != Some(429))
        .collect();
    assert_eq!(statuses, [Some(200), Some(404), Some(404)]);
    assert!(risk_calls_are_spaced(&shell, begun) >= 3);
    shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn a_report_that_only_throttles_delays_nothing_for_long() {
    let shell = Shell::signed_in(ALL_SCOPES).await;
    shell
        .tenant
        .faults()
        .add(Fault::on("GET */riskyUsers/*").answer(429));
    let begun = shell.tenant.clock().now();
    let patience = busy::patience(Duration::from_secs(20));
    let asked = user_of(&shell, "alice@contoso.com");
    let user = tokio::time::timeout(patience, asked).await.unwrap();
    assert_eq!(user["notReadable"][0]["report"], "risk");
    let detail = user["notReadable"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("429") && detail.contains("one question a second"),
        "{detail}"
    );
    assert!(user["signedInSince"]["signIns"].as_array().unwrap().len() > 1);
    // The calls are spaced as the service asks.
    assert!(risk_calls_are_spaced(&shell, begun) > 1);
}

/// Checks that the last question to Identity Protection came no sooner than the rate of one per second allows, since
/// the command began; a call arrives here later than it was sent. Returns the number of questions.
fn risk_calls_are_spaced(shell: &Shell, begun: jiff::Timestamp) -> usize {
    let calls = shell.tenant.calls_matching("GET */riskyUsers/*");
    let times: Vec<_> = calls.iter().map(|call| call.at).collect();
    for (number, at) in (0..).zip(&times) {
        let since = at.duration_since(begun);
        assert!(
            since >= jiff::SignedDuration::from_secs(number),
            "{times:?}"
        );
    }
    times.len()
}

/// The text without what differs between runs: the number of attempts, and the remaining wait.
pub(crate) fn steady(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let shown = words.iter().enumerate().map(|(index, word)| {
        let before = index.checked_sub(1).map_or("", |before| words[before]);
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        let after = words.get(index + 1).copied().unwrap_or_default();
        match (is_number, before, after) {
            (true, "after", "attempts") => "<some>",
            (true, "another", _) => "<seconds>",
            _ => word,
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The report of each failure. There is more time than six attempts take, so that the last of them ends it.
async fn troubles_of(verb: &[&str]) -> String {
    let mut shell = Shell::signed_out().await;
    shell.set("EVICT_HTTP_DEADLINE_SECONDS", "200");
    let mut told = Vec::new();
    let mut tell = async |trouble: &str, shell: &Shell| {
        let answer = shell.evict(&[verb, &["alice@contoso.com"]].concat()).await;
        let verb = verb[0];
        told.push(format!("## {verb}: {trouble}\n{}", answer.shown()));
    };
    tell("nobody is signed in", &shell).await;

    shell.sign_in(AZ_SCOPES);
    let own = shell.tenant.tenant_id().to_string();
    shell.set("EVICT_TENANT_ID", "84c31ca0-ac3b-4eae-ad11-519d80233e6f");
    tell("another tenant", &shell).await;
    shell.set("EVICT_TENANT_ID", &own);

    let throttled = Fault::on("GET */users*").throttled("300");
    shell.tenant.faults().add(throttled);
    tell("throttled", &shell).await;
    shell.tenant.faults().clear();

    shell.set("EVICT_GRAPH_ENDPOINT", "http://127.0.0.1:9");
    tell("the network is down", &shell).await;
    told.join("\n")
}

#[tokio::test]
async fn each_trouble_has_a_text_of_its_own() {
    let verbs = [&["status"][..], &["revoke", "--yes"], &["access"]];
    let told = futures_util::future::join_all(verbs.map(troubles_of)).await;
    insta::assert_snapshot!(steady(&told.join("\n")));
}
