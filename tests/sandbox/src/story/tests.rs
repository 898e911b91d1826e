//! The story of an invented alert: one cut, one withheld, one guest, one unknown.

use jiff::Timestamp;
use uuid::Uuid;

use super::*;

fn session(user: &str, id: u128, app: &str, alive: bool) -> SessionState {
    let at: Timestamp = "2026-11-23T20:00:00Z".parse().unwrap();
    SessionState {
        user: Uuid::from_u128(id),
        user_principal_name: user.to_owned(),
        app: app.to_owned(),
        alive,
        redemptions: 1,
        refused_at: None,
        refused_because: None,
        signed_in_at: at,
        access_token_alive: app != "Outlook",
        access_token_expires_at: at,
        cae: app == "Outlook",
        external: false,
    }
}

fn story() -> Story {
    let sessions = |alice_lives: bool| {
        vec![
            session("alice@contoso.com", 1, "Outlook", alice_lives),
            session("alice@contoso.com", 1, "Azure CLI", alice_lives),
            session("break.glass@contoso.com", 2, "Azure portal", true),
            session("bob@contoso.com", 3, "Browser", true),
        ]
    };
    Story {
        domain: "contoso.com".to_owned(),
        alert: "The sample incident".to_owned(),
        receipts: vec![
            json!({
                "subject": "ALICE@contoso.com",
                "user": {"id": Uuid::from_u128(1), "userPrincipalName": "alice@contoso.com"},
                "outcome": "revoked",
                "verified": true,
                "sessionsValidFrom": {"before": "2026-11-01T00:00:00Z", "after": "2026-11-23T20:10:27Z"},
                "stillAlive": [{"what": "Access tokens already issued.", "until": "2026-11-23T21:10:27Z"}],
            }),
            json!({
                "subject": "break.glass@contoso.com",
                "user": {"id": Uuid::from_u128(2), "userPrincipalName": "break.glass@contoso.com"},
                "outcome": "withheld",
                "reason": "protected_group",
                "policy": "EVICT_PROTECTED_GROUPS",
                "detail": "The user is a member of a protected group. Cut the sessions by hand if that is what you want, in the portal.",
                "sessionsValidFrom": {},
                "stillAlive": [],
            }),
            json!({"subject": "mallory\u{7}@contoso.com", "outcome": "not_found"}),
        ],
        before: sessions(true),
        after: sessions(false),
        calls: Vec::new(),
        rejected: Vec::new(),
        answer: None,
        ending: Ending::Completed(1),
    }
}

#[test]
fn a_person_reads_who_was_cut_who_was_not_and_why() {
    assert_eq!(
        story().text(),
        "\
The sample incident in contoso.com, sent to the queue

alice@contoso.com
  revoked, verified
  sessions valid from 2026-11-23T20:10:27Z, before that 2026-11-01T00:00:00Z
    Outlook        alive -> dead
    Azure CLI      alive -> dead, its access token not yet

break.glass@contoso.com
  withheld: protected_group (EVICT_PROTECTED_GROUPS)
  The user is a member of a protected group. Cut the sessions by hand if that is what you want, in
  the portal.
    Azure portal   alive -> alive

mallory\\u{7}@contoso.com
  not_found

Still alive, of alice@contoso.com:
  Access tokens already issued. (until 2026-11-23T21:10:27Z)

Everybody else: 1 sessions alive before, 1 after.
Graph was called 0 times, 0 of them to revoke.
The message was completed on its first delivery.
"
    );
}

#[test]
fn a_program_reads_one_document() {
    let document = story().json();
    assert_eq!(document["receipts"].as_array().unwrap().len(), 3);
    assert_eq!(
        document["sessions"][0],
        json!({"user": "alice@contoso.com", "app": "Outlook", "before": true, "after": false})
    );
    assert_eq!(document["status"], json!("completed"));
    assert_eq!(document["calls"], json!([]));
    assert_eq!(document.get("rejected"), None);
    let answered = Story {
        ending: Ending::Answered(400),
        ..story()
    };
    assert_eq!(answered.json()["status"], json!(400));
    let given_up = Story {
        ending: Ending::DeadLettered("MaxDeliveryCountExceeded".to_owned()),
        rejected: vec![json!({
            "rejectedBecause": "It could not be read.",
            "problem": {"path": "$.users", "expected": "an array"},
        })],
        ..story()
    };
    assert_eq!(given_up.json()["status"], json!("dead_lettered"));
    assert_eq!(given_up.json()["rejected"], json!(given_up.rejected));
    let why = "Rejected: It could not be read. At $.users: expected an array\n";
    assert!(given_up.text().contains(why), "{}", given_up.text());
}

#[test]
fn a_receipt_that_was_published_twice_counts_once() {
    let events = [
        json!({"id": "a", "data": {"outcome": "deferred"}}),
        json!({"id": "b", "data": {"outcome": "revoked"}}),
        json!({"id": "a", "data": {"outcome": "revoked"}}),
    ];
    let outcomes: Vec<_> = receipts_of(events)
        .into_iter()
        .map(|receipt| receipt["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["revoked", "revoked"]);
}
