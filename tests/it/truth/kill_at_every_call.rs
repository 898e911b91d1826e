//! The handler is killed before and after every single call that it makes for an alert. Service Bus delivers again to a
//! new handler. In the end every subject has one true receipt, and nobody was cut twice.

use std::time::Duration;

use sandbox::functions::Message;
use serde_json::{Value, json};

use crate::support::app::{App, SOON, outcomes};

/// The outermost of three groups around the break-glass account.
const PROTECTED: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
const BREAK_GLASS: &str = "break.glass@contoso.onmicrosoft.com";
const ALICE: &str = "alice@contoso.com";
const CAROL: &str = "carol.nunez@contoso.com";
const DAN: &str = "dan.fisher@contoso.com";
const FRANK: &str = "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com";

/// Longer than the time in which the host adds up its worker's failures.
const A_WHILE: Duration = Duration::from_mins(31);

struct Sent {
    body: String,
    /// The outcome of each subject without a kill, in the alert's order.
    ends: &'static [&'static str],
    cut: &'static [&'static str],
    spared: &'static [&'static str],
}

/// By a person: by name, by object id, by on-premises SID, and two who are not cut.
fn by_hand() -> Sent {
    Sent {
        body: json!({
            "users": [ALICE, "482c590e-0d97-42bf-8dc8-3011ac8efe12", FRANK, BREAK_GLASS, "alcie@contoso.com"],
            "reason": "token theft",
        })
        .to_string(),
        ends: &["revoked", "revoked", "not_effective", "withheld protected_group", "not_found"],
        cut: &[ALICE, CAROL],
        spared: &[FRANK, BREAK_GLASS],
    }
}

/// An incident of Microsoft Sentinel.
fn incident() -> Sent {
    let account = |properties: Value| json!({"kind": "Account", "properties": properties});
    Sent {
        body: json!({
            "objectSchemaType": "Incident",
            "objectEventType": "Create",
            "object": {
                "id": "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7",
                "type": "Microsoft.SecurityInsights/Incidents",
                "properties": {
                    "title": "Password spray",
                    "severity": "High",
                    "status": "New",
                    "relatedEntities": [
                        account(json!({"accountName": "dan.fisher", "upnSuffix": "contoso.com"})),
                        account(json!({"aadUserId": "e93f6b20-1a4d-4c85-9b7e-0d5c2f8a6e41"})),
                        account(json!({"aadUserId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"})),
                    ],
                },
            },
        })
        .to_string(),
        ends: &["revoked", "withheld protected_group", "revoked"],
        cut: &[DAN, ALICE],
        spared: &[BREAK_GLASS],
    }
}

/// An alert of Graph with one account in several forms.
fn graph_alert() -> Sent {
    let user = |id: Value, name: Value, sid: Value| {
        json!({
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "userAccount": {"azureAdUserId": id, "userPrincipalName": name, "userSid": sid},
        })
    };
    Sent {
        body: json!({
            "@odata.type": "#microsoft.graph.security.alert",
            "id": "adc257354d2c366eb5300ff4ea9117e51cd4d87cd1",
            "severity": "high",
            "evidence": [
                user(json!("482c590e-0d97-42bf-8dc8-3011ac8efe12"), Value::Null, Value::Null),
                user(Value::Null, json!(CAROL), Value::Null),
                user(Value::Null, json!(DAN), Value::Null),
            ],
        })
        .to_string(),
        ends: &["revoked", "revoked", "revoked"],
        cut: &[CAROL, DAN],
        spared: &[ALICE],
    }
}

/// An app that works on the messages of one test in sequence.
struct Sequence {
    app: App,
}

impl Sequence {
    async fn start(concurrency: &str) -> Self {
        let app = App::start(&[
            ("EVICT_PROTECTED_GROUPS", PROTECTED),
            ("EVICT_CONCURRENCY", concurrency),
        ])
        .await;
        Self { app }
    }

    /// Sends the alert after everybody has signed in again; its first call is some seconds later.
    async fn send(&self, sent: &Sent) {
        let app = &self.app;
        app.clock.advance(A_WHILE);
        for name in sent.cut.iter().chain(sent.spared) {
            assert!(app.tenant.sign_in(name, "Browser"));
        }
        // Everybody signed in before the second in which the alert arrives.
        app.clock.advance(Duration::from_secs(2));
        app.tenant.forget_calls();
        let _receipts = app.host.broker().take("evict-receipts");
        app.tenant.hold("*");
        app.host
            .send("evict", Message::of(sent.body.clone()))
            .unwrap();
        tokio::time::timeout(SOON, app.tenant.wait_for_call("*"))
            .await
            .unwrap();
        app.clock.advance(Duration::from_secs(3));
        app.tenant.release("*");
    }

    /// Compares the result with the truth.
    fn judge(&self, sent: &Sent, when: &str) {
        let app = &self.app;
        let receipts = app.receipts();
        let state = app.host.queue("evict");
        assert!(
            state.active.is_empty() && state.locked.is_empty() && state.dead_lettered.is_empty(),
            "{when}: the message did not end"
        );
        assert!(
            app.host.messages("evict-rejected").is_empty(),
            "{when}: somebody was rejected"
        );
        let ends: Vec<String> = outcomes(&receipts)
            .into_iter()
            .map(|end| {
                if end == "already_cut" {
                    "revoked".to_owned()
                } else {
                    end
                }
            })
            .collect();
        assert_eq!(ends, sent.ends, "{when}");
        for receipt in &receipts {
            let is_claimed = receipt["outcome"] == "revoked" || receipt["outcome"] == "already_cut";
            assert!(
                receipt["outcome"] != "revoked" || receipt["verified"] == true,
                "{when}: {receipt}"
            );
            let name = receipt["user"]["userPrincipalName"]
                .as_str()
                .unwrap_or_default();
            assert_eq!(is_claimed, sent.cut.contains(&name), "{when}: {receipt}");
        }
        for name in sent.cut {
            let alive = app
                .tenant
                .sessions_of(name)
                .iter()
                .filter(|session| session.alive)
                .count();
            assert_eq!(alive, 0, "{when}: a session of {name} lives");
            assert_eq!(
                self.cuts(name),
                1,
                "{when}: {name} was cut another number of times"
            );
        }
        for name in sent.spared {
            assert_eq!(self.cuts(name), 0, "{when}: {name} was cut");
        }
    }

    /// How often a revocation of that user was carried out since the message arrived.
    fn cuts(&self, name: &str) -> usize {
        let id = self.app.tenant.sessions_of(name)[0].user;
        let calls = self
            .app
            .tenant
            .calls_matching("POST */revokeSignInSessions");
        calls
            .iter()
            .filter(|call| call.user == Some(id) && call.cut_at.is_some())
            .count()
    }
}

/// Kills at every call, before and after its effect.
async fn killed_at_every_call(sent: Sent, concurrency: &str) {
    let play = Sequence::start(concurrency).await;
    let tenant = &play.app.tenant;
    let mut kills = 0;
    let mut undisturbed = false;
    for number in 1.. {
        if undisturbed {
            break;
        }
        for after_effect in [false, true] {
            tenant.pause_call(number, after_effect);
            play.send(&sent).await;
            let frozen = tokio::select! {
                () = tenant.wait_until_paused() => true,
                () = play.app.settle() => false,
            };
            if frozen {
                assert!(play.app.host.kill_worker().await);
                kills += 1;
            }
            tenant.resume_call();
            play.app.settle().await;
            let moment = if after_effect { "after" } else { "before" };
            play.judge(&sent, &format!("killed {moment} call {number}"));
            undisturbed = !frozen;
        }
    }
    // Each cut user takes at least three calls: a look-up, the cut, and the read back.
    assert!(kills >= 6 * sent.cut.len(), "{kills} kills");
    assert_eq!(play.app.host.worker_starts(), kills + 1);
    play.app.end().await;
}

#[tokio::test]
async fn killed_at_every_call_of_a_message_by_hand() {
    killed_at_every_call(by_hand(), "1").await;
}

#[tokio::test]
async fn killed_at_every_call_of_an_incident() {
    killed_at_every_call(incident(), "1").await;
}

#[tokio::test]
async fn killed_at_every_call_of_a_graph_alert_with_everybody_at_once() {
    killed_at_every_call(graph_alert(), "4").await;
}

/// Ten deliveries, each of which is killed at the first cut: the message is dead-lettered unchanged, and is finished
/// once it is put back.
#[tokio::test]
async fn killed_at_every_delivery_the_message_is_kept_as_it_was() {
    let play = Sequence::start("1").await;
    let (sent, tenant) = (by_hand(), &play.app.tenant);
    let revocations = "POST */revokeSignInSessions";
    tenant.hold(revocations);
    play.send(&sent).await;
    for delivery in 1..=10 {
        let call = tenant.wait_for_calls(revocations, delivery);
        tokio::time::timeout(SOON, call).await.unwrap();
        play.app.clock.advance(A_WHILE);
        assert!(play.app.host.kill_worker().await);
    }
    tenant.release_all();
    play.app.settle().await;

    let letters = play.app.host.queue("evict").dead_lettered;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].text(), Some(sent.body.as_str()));
    assert_eq!(play.app.receipts(), Vec::<Value>::new());
    assert_eq!((play.cuts(ALICE), play.cuts(CAROL)), (0, 0));

    play.app.send(letters[0].message.body.clone());
    play.app.settle().await;
    assert_eq!(outcomes(&play.app.receipts()), sent.ends);
    assert_eq!((play.cuts(ALICE), play.cuts(CAROL)), (1, 1));
    play.app.end().await;
}
