//! Faults of the comment on an alert's incident. None of them changes a cut.

use sandbox::functions::FunctionsHost;
use sandbox::tenant::Fault;
use serde_json::Value;

use super::REVOKE;
use super::table::Watch;
use crate::support::app::{App, SOON};
use crate::triggers::incident::{
    CAROL, READER, RESPONDER, comment_calls, comments, notes, order, start_late, start_with,
    trigger_without_entities,
};
use crate::triggers::incident_joined;

const COMMENT: &str = "PUT */comments/*";

fn incident_state(app: &App) -> String {
    let receipts = app.receipts();
    let outcomes = receipts.iter().map(|receipt| {
        let outcome = receipt["outcome"].as_str().unwrap_or("?");
        match receipt["verified"] {
            Value::Bool(true) => format!("{outcome}, verified"),
            _ => outcome.to_owned(),
        }
    });
    let outcomes: Vec<String> = outcomes.collect();
    format!(
        "{}; the comment is {}",
        outcomes.join("; "),
        notes(&receipts).join(", ")
    )
}

#[tokio::test]
async fn an_incident_whose_entities_arrive_late_is_waited_for() {
    let app = start_late(2, &[]).await;
    let watch = Watch::start(&app);
    app.send(trigger_without_entities().to_string());
    app.settle().await;
    watch.holds_for_queue("an_incident_whose_entities_arrive_late_is_waited_for", &app);
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_does_not_say_whom_it_names_by_now_keeps_nobody_waiting() {
    let app = incident_joined::start(RESPONDER, &[]).await;
    app.tenant.hold("POST */entities*");
    let watch = Watch::start(&app);
    incident_joined::send_old(&app);
    app.settle().await;
    watch.holds(
        "an_incident_that_does_not_say_whom_it_names_by_now_keeps_nobody_waiting",
        &app,
        &incident_state(&app),
    );
    let note = app.receipts()[0]["incident"].clone();
    assert_eq!(note["status"], "unknown");
    let problem = note["problem"].as_str().unwrap();
    assert!(
        problem.contains("has not answered in time whom the incident names by now"),
        "{problem}"
    );
    app.tenant.release_all();
    app.end().await;
}

#[tokio::test]
async fn a_comment_that_azure_throttles_is_written_after_the_wait() {
    let app = start_with(RESPONDER, &[]).await;
    let watch = Watch::start(&app);
    app.tenant
        .faults()
        .add(Fault::on(COMMENT).once().throttled("1"));
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    watch.holds(
        "a_comment_that_azure_throttles_is_written_after_the_wait",
        &app,
        &incident_state(&app),
    );
    let calls = comment_calls(&app);
    let statuses: Vec<Option<u16>> = calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(429), Some(201)]);
    // `end` checks the wait.
    app.end().await;
}

#[tokio::test]
async fn a_comment_whose_answer_is_lost_stands_there_once() {
    let app = start_with(RESPONDER, &[]).await;
    let watch = Watch::start(&app);
    let mut lost = Fault::on(COMMENT).once().reset();
    lost.after_effect = true;
    app.tenant.faults().add(lost);
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    watch.holds(
        "a_comment_whose_answer_is_lost_stands_there_once",
        &app,
        &incident_state(&app),
    );
    let all = comments(&app);
    assert_eq!((all.len(), all[0].writes), (1, 2));
    app.end().await;
}

#[tokio::test]
async fn a_comment_that_may_not_be_written_is_told_in_the_receipt() {
    let app = start_with(READER, &[]).await;
    let watch = Watch::start(&app);
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    watch.holds(
        "a_comment_that_may_not_be_written_is_told_in_the_receipt",
        &app,
        &incident_state(&app),
    );
    let problem = app.receipts()[0]["incident"]["problem"].clone();
    let problem = problem.as_str().unwrap();
    for part in [
        "Writing the comment on the incident failed: Azure answered 403 AuthorizationFailed",
        "It needs the role Microsoft Sentinel Responder on the incident's workspace, for the app's own identity",
    ] {
        assert!(problem.contains(part), "{problem}");
    }
    let failed = |host: &FunctionsHost| {
        let log = host.worker_log();
        let failed = log
            .iter()
            .filter(|line| line.text.contains("incident.comment.failed"));
        failed.count()
    };
    app.host
        .wait_until(SOON, |host| failed(host) > 0)
        .await
        .unwrap();
    assert_eq!(failed(&app.host), 1);
    assert!(comments(&app).is_empty());
    app.end().await;
}

#[tokio::test]
async fn azure_that_is_down_holds_up_no_cut_and_the_next_alert_only_for_a_moment() {
    let app = start_with(RESPONDER, &[]).await;
    app.tenant.faults().add(Fault::on(COMMENT).answer(503));
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    let watch = Watch::start(&app);
    app.send(order(&["bob.stone@contoso.com"]).to_string());
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(notes(&receipts), ["failed", "failed"]);
    watch.holds(
        "azure_that_is_down_holds_up_no_cut_and_the_next_alert_only_for_a_moment",
        &app,
        receipts[1]["outcome"].as_str().unwrap_or("?"),
    );
    let cuts = app.tenant.calls_matching(REVOKE);
    let calls = app.tenant.azure_calls();
    assert!(cuts[0].answered_at.unwrap() <= calls[0].at);
    app.end().await;
}

/// Killed at each call: there is one comment, and its content is true.
#[tokio::test]
async fn the_handler_killed_while_it_writes_leaves_one_comment_that_is_true() {
    for after_effect in [false, true] {
        let app = start_with(RESPONDER, &[]).await;
        if after_effect {
            app.tenant.hold_answer(COMMENT);
        } else {
            app.tenant.hold(COMMENT);
        }
        let watch = Watch::start(&app);
        app.send(order(&["alice@contoso.com"]).to_string());
        app.tenant.wait_for_call(COMMENT).await;
        assert!(app.host.kill_worker().await);
        app.tenant.release_all();
        app.settle().await;
        let receipts = app.receipts();
        assert_eq!(notes(&receipts), ["written"]);
        let all = comments(&app);
        assert_eq!(all.len(), 1);
        let said = &all[0].message;
        assert!(said.contains("1 of 1 account cut."), "{said}");
        let told = format!("{} comment, {} receipt", all.len(), receipts.len());
        watch.holds(
            "the_handler_killed_while_it_writes_leaves_one_comment_that_is_true",
            &app,
            &told,
        );
        app.end().await;
    }
}

/// Azure does not answer while the first cut is reported.
#[tokio::test]
async fn nobody_is_cut_later_because_the_incident_is_told_meanwhile() {
    let app = start_with(RESPONDER, &[]).await;
    let watch = Watch::start(&app);
    let revoke = format!("POST /v1.0/users/{CAROL}/revokeSignInSessions");
    app.tenant.hold(revoke.as_str());
    app.tenant.hold(COMMENT);
    app.send(order(&["alice@contoso.com", "carol.nunez@contoso.com"]).to_string());
    let first = app.tenant.wait_for_call(COMMENT).await;
    app.tenant.release(revoke.as_str());
    // Her cut is read back.
    let read_back = format!("GET /v1.0/users/{CAROL}*");
    app.tenant.wait_for_call(read_back.as_str()).await;
    let open = app.tenant.azure_calls();
    assert_eq!((open.len(), open[0].at), (1, first.at));
    assert!(open[0].answered_at.is_none(), "{open:?}");
    app.tenant.release_all();
    app.settle().await;
    watch.holds(
        "nobody_is_cut_later_because_the_incident_is_told_meanwhile",
        &app,
        &incident_state(&app),
    );
    let all = comments(&app);
    assert_eq!((all.len(), all[0].writes), (1, 2));
    let last = &all[0].message;
    assert!(last.contains("2 of 2 accounts cut.</p>"), "{last}");
    app.end().await;
}

/// Others change the incident after every read of Evict.
#[tokio::test]
async fn a_label_that_others_are_always_faster_than_is_told_in_the_receipt() {
    let app = start_with(RESPONDER, &[]).await;
    let watch = Watch::start(&app);
    let label = "PUT */incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7";
    app.tenant.faults().add(Fault::on(label).answer(409));
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    watch.holds(
        "a_label_that_others_are_always_faster_than_is_told_in_the_receipt",
        &app,
        &incident_state(&app),
    );
    let note = app.receipts()[0]["incident"].clone();
    let problem = note["problem"].as_str().unwrap();
    assert!(
        problem.contains("Adding the label to the incident failed: Azure answered 409"),
        "{problem}"
    );
    assert!(note.get("label").is_none(), "{note}");
    app.end().await;
}
