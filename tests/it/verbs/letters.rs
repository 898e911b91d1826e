//! `evict dead-letters` and `evict rejected`, through Service Bus's REST and the real handler.

use sandbox::bus::Right;
use sandbox::functions::Message;
use sandbox::tenant::Fault;

use crate::support::app::outcomes;
use crate::support::operator_shell::AZ_SCOPES;
use crate::support::shell::Shell;

/// Leaves alice's message in the dead letters: Graph is down, and the queue dead-letters it before the handler does.
pub(crate) async fn given_up() -> Shell {
    let shell = Shell::open(&[("EVICT_MAX_DELIVERIES", "2000")]).await;
    shell.app.without_token();
    let message = Message {
        message_id: Some("INC-4711".to_owned()),
        correlation_id: Some("case 9".to_owned()),
        ..Message::of(r#"{"user": "alice@contoso.com", "reason": "token theft"}"#)
    };
    shell.app.host.send("evict", message).unwrap();
    shell.app.settle().await;
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 1);
    shell
}

/// Leaves one unreadable message among the rejected, and one whose last delivery could not finish.
pub(crate) async fn rejected() -> Shell {
    let shell = Shell::open(&[
        ("EVICT_MAX_DELIVERIES", "1"),
        (
            "EVICT_QUEUE_DEADLINE_SECONDS",
            &crate::support::busy::seconds(5),
        ),
    ])
    .await;
    shell
        .app
        .tenant
        .faults()
        .add(Fault::on("POST /v1.0/users/*/revokeSignInSessions").answer(503));
    shell.app.send(r#"{"users": 5}"#);
    shell.app.settle().await;
    shell.app.send(r#"{"user": "alice@contoso.com"}"#);
    shell.app.settle().await;
    shell.app.tenant.faults().clear();
    assert_eq!(shell.app.host.messages("evict-rejected").len(), 2);
    shell
}

#[tokio::test]
async fn a_dead_letter_is_listed_shown_and_replayed_until_its_user_is_cut() {
    let shell = given_up().await;
    let list = shell.evict(&["dead-letters", "list"]).await;
    insta::assert_snapshot!(list.whole());
    let show = shell.evict(&["dead-letters", "show", "INC-4711"]).await;
    insta::assert_snapshot!(show.whole());
    let body = shell
        .evict(&["dead-letters", "show", "--number", "1", "--body"])
        .await;
    assert_eq!(
        body.output,
        r#"{"user": "alice@contoso.com", "reason": "token theft"}"#
    );
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 1);

    shell.app.tenant.faults().clear();
    let replay = shell.evict(&["dead-letters", "replay", "INC-4711"]).await;
    insta::assert_snapshot!(replay.whole());
    shell.app.settle().await;
    assert_eq!(outcomes(&shell.app.receipts()), ["revoked"]);
    let state = shell.app.host.queue("evict");
    assert_eq!(state.dead_lettered.len(), 0);
    let copy = &state.completed[0].message;
    assert_eq!(copy.correlation_id.as_deref(), Some("case 9"));
    assert_eq!(
        copy.application_properties["evict-replayed-from"],
        "evict/$deadletterqueue"
    );
    let because = copy.application_properties["evict-replayed-because"].as_str();
    assert!(because.unwrap().starts_with("MaxDeliveryCountExceeded: "));
    let empty = shell.evict(&["dead-letters", "list"]).await;
    insta::assert_snapshot!(empty.whole());
    shell.end().await;
}

#[tokio::test]
async fn what_the_function_rejected_is_listed_and_what_it_could_read_is_replayed() {
    let shell = rejected().await;
    let list = shell.evict(&["rejected", "list"]).await;
    insta::assert_snapshot!(list.whole());
    let json = shell.evict(&["rejected", "list", "--json"]).await;
    insta::assert_snapshot!(json.whole());
    let unreadable = shell.app.host.messages("evict-rejected")[0].sequence_number;
    let body = ["rejected", "show", &format!("#{unreadable}"), "--body"];
    assert_eq!(shell.evict(&body).await.output, r#"{"users": 5}"#);

    let replay = shell.evict(&["rejected", "replay", "--all", "--yes"]).await;
    insta::assert_snapshot!(replay.whole());
    shell.app.settle().await;
    assert_eq!(shell.app.receipts().last().unwrap()["outcome"], "revoked");
    let left = shell.app.host.messages("evict-rejected");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].sequence_number, unreadable);
    shell.end().await;
}

#[tokio::test]
async fn looking_often_loses_nothing() {
    let shell = rejected().await;
    for _ in 0..11 {
        let list = shell.evict(&["rejected", "list"]).await;
        assert!(
            list.output.starts_with("2 messages are in"),
            "{}",
            list.whole()
        );
    }
    // The queue has dead-lettered them meanwhile, and they are still found and replayed.
    assert_eq!(
        shell.app.host.queue("evict-rejected").dead_lettered.len(),
        2
    );
    let replay = shell.evict(&["rejected", "replay", "--all", "--yes"]).await;
    assert!(replay.output.starts_with("Replayed"), "{}", replay.whole());
    shell.app.settle().await;
    assert_eq!(shell.app.receipts().last().unwrap()["outcome"], "revoked");
    shell.end().await;
}

#[tokio::test]
async fn nothing_is_dropped_without_a_yes() {
    let shell = given_up().await;
    let refused = shell.evict(&["dead-letters", "drop", "INC-4711"]).await;
    insta::assert_snapshot!(refused.whole());
    assert_eq!(shell.bus.calls(), Vec::<String>::new());
    let missing = shell
        .evict(&["dead-letters", "drop", "INC-4712", "--yes"])
        .await;
    insta::assert_snapshot!(missing.whole());
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 1);
    let dropped = shell
        .evict(&["dead-letters", "drop", "INC-4711", "--yes"])
        .await;
    insta::assert_snapshot!(dropped.whole());
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 0);
    shell.end().await;
}

#[tokio::test]
async fn a_replay_that_breaks_off_anywhere_leaves_the_message() {
    for (call, copies) in [
        ("POST /evict/$deadletterqueue/messages/head", 0),
        ("POST /evict/$DeadLetterQueue/messages/INC-4711/", 0),
        ("POST /evict/messages", 0),
        ("DELETE /evict/$DeadLetterQueue/messages/INC-4711/", 1),
    ] {
        let shell = given_up().await;
        shell.bus.answer_to(call, 503, 1);
        let ended = shell.evict(&["dead-letters", "replay", "INC-4711"]).await;
        assert_eq!(ended.code, 2, "{call}: {}", ended.whole());
        if copies == 1 {
            insta::assert_snapshot!(ended.whole());
        }
        let state = shell.app.host.queue("evict");
        assert_eq!(state.dead_lettered.len(), 1, "{call}");
        assert_eq!(
            state.active.len() + state.locked.len() + state.completed.len(),
            copies,
            "{call}"
        );
        shell.end().await;
    }
}

/// A queue that detects duplicates drops the second copy.
#[tokio::test]
async fn a_copy_that_is_sent_twice_has_one_id() {
    let shell = given_up().await;
    let complete = "DELETE /evict/$DeadLetterQueue/messages/INC-4711/";
    shell.bus.answer_to(complete, 503, 1);
    for code in [2, 0] {
        let ended = shell.evict(&["dead-letters", "replay", "INC-4711"]).await;
        assert_eq!(ended.code, code, "{}", ended.whole());
    }
    shell.app.tenant.faults().clear();
    shell.app.settle().await;
    let state = shell.app.host.queue("evict");
    let ids: Vec<&str> = state
        .completed
        .iter()
        .chain(&state.dead_lettered)
        .map(sandbox::functions::QueuedMessage::message_id)
        .collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert_eq!(ids[0], ids[1]);
    shell.end().await;
}

#[tokio::test]
async fn reading_without_the_role_says_which_one_is_missing() {
    let shell = Shell::open(&[]).await;
    shell.sign_in(&shell.bus.token(&[Right::Send]));
    let list = shell.evict(&["rejected", "list"]).await;
    insta::assert_snapshot!(list.whole());
    shell.end().await;
}

/// The whole way of a message that could not be processed, as a person types it.
#[tokio::test]
async fn a_message_that_failed_ten_times_is_found_its_cause_mended_and_replayed_until_the_receipt()
{
    let shell = Shell::open(&[("EVICT_MAX_DELIVERIES", "2000")]).await;
    shell.app.without_token();
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send, Right::Listen], &[]);
    let mut story = String::new();
    let mut type_in = async |arguments: &[&str]| {
        let ended = shell.evict(arguments).await;
        story.extend(["$ evict ", &arguments.join(" "), "\n", &ended.whole()]);
    };
    type_in(&[
        "send",
        "alice@contoso.com",
        "--message-id",
        "INC-4711",
        "--reason",
        "token theft",
    ])
    .await;
    shell.app.settle().await;
    assert_eq!(
        shell.app.host.queue("evict").dead_lettered[0].delivery_count,
        10
    );
    type_in(&["dead-letters", "list"]).await;
    // The app may get tokens again.
    shell.app.tenant.faults().clear();
    type_in(&["dead-letters", "replay", "INC-4711"]).await;
    shell.app.settle().await;
    type_in(&["dead-letters", "list"]).await;
    let receipts = shell.app.receipts();
    assert_eq!(outcomes(&receipts), ["revoked"]);
    assert_eq!(receipts[0]["verified"], true);
    shell.app.tenant.redeem_all();
    let sessions = shell.app.tenant.sessions_of("alice@contoso.com");
    assert!(sessions.iter().all(|session| !session.alive));
    insta::assert_snapshot!(story);
    shell.end().await;
}

#[tokio::test]
async fn what_was_rejected_for_want_of_a_permission_is_replayed_when_it_is_granted() {
    let shell = Shell::open(&[]).await;
    shell
        .app
        .tenant
        .remove_permission("User.RevokeSessions.All");
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send, Right::Listen], &[]);
    shell.app.send(r#"{"user": "alice@contoso.com"}"#);
    shell.app.settle().await;
    let list = shell.evict(&["rejected", "list"]).await;
    assert!(
        list.output.contains("a missing permission"),
        "{}",
        list.whole()
    );
    let receipt = &shell.app.receipts()[0];
    assert_eq!(receipt["fix"], "permission", "{receipt}");
    shell.app.tenant.grant("User.RevokeSessions.All");
    shell.app.tenant.revoke_app_tokens();
    shell.sign_in_to_all(AZ_SCOPES, &[Right::Send, Right::Listen], &[]);
    let replay = shell.evict(&["rejected", "replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 0, "{}", replay.whole());
    shell.app.settle().await;
    assert_eq!(shell.app.receipts().last().unwrap()["outcome"], "revoked");
    shell.end().await;
}

#[tokio::test]
async fn each_trouble_with_the_sign_in_or_the_service_has_a_text_of_its_own() {
    let mut shell = given_up().await;
    let list = ["dead-letters", "list"];
    let mut told = String::new();
    let mut tell = |what: &str, text: String| told.extend(["== ", what, "\n", &text]);
    let good = shell.bus.token(&[Right::Listen]);
    shell.az("echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
    let az_alone = ["dead-letters", "list", "--credential", "az"];
    tell("not signed in", shell.evict(&az_alone).await.whole());
    shell.sign_in(&good);
    let other = [
        "dead-letters",
        "list",
        "--tenant",
        "84c31ca0-ac3b-4eae-ad11-519d80233e6f",
    ];
    tell("another tenant", shell.evict(&other).await.whole());
    assert_eq!(shell.bus.calls(), Vec::<String>::new());
    let nowhere = shell.evict_at("http://127.0.0.1:9", &list).await;
    tell("network down", nowhere.whole());
    shell.bus.answer_next(&[429]);
    tell("throttled", shell.evict(&list).await.whole());
    shell.unset("EVICT_TENANT_ID");
    let unpinned = shell.evict(&["dead-letters", "show", "nothing"]).await;
    tell("no tenant pinned", unpinned.whole());
    insta::assert_snapshot!(told);
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 1);
    shell.end().await;
}

#[tokio::test]
async fn ctrl_c_gives_back_what_is_locked_and_says_that_there_may_be_more() {
    use tokio::io::AsyncReadExt as _;
    let shell = rejected().await;
    shell.bus.hold(true);
    let namespace = shell.bus.endpoint();
    let mut child = shell
        .command(&["rejected", "list", "--namespace", &namespace])
        .spawn()
        .unwrap();
    while shell.bus.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    crate::verbs::revoke::interrupt(&child.id().unwrap().to_string()).await;
    // It answers before it goes on.
    let mut told = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    while told.last() != Some(&b'\n') {
        assert_eq!(stderr.read_buf(&mut told).await.unwrap().min(1), 1);
    }
    shell.bus.hold(false);
    let mut output = child.wait_with_output().await.unwrap();
    output.stderr.splice(0..0, told);
    let ended = shell.ended(&output);
    insta::assert_snapshot!(ended.whole());
    let calls = shell.bus.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls[1].starts_with("PUT /evict-rejected/messages/"),
        "{calls:?}"
    );
    assert_eq!(shell.app.host.messages("evict-rejected").len(), 2);
    shell.end().await;
}
