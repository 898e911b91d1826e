//! Messages that the application writes in the manual form are read back unchanged: no user is lost on the way through
//! the queue, and none is counted twice.

use std::fs;
use std::path::Path;

use evict::alert::parse;
use evict::domain::{
    Alert, Correlation, Outcome, Parsed, State, Subject, SubjectKind, WithholdReason,
};
use evict::receipt::{EventKey, RejectedFrom, events, put_back, reply_json, unfinished};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::receipts::{crowd, report, time};

/// The users that would be looked up. A user whose flag is over does not go on.
fn users(alert: &Alert) -> Vec<Subject> {
    let is_user = |subject: &&Subject| {
        subject.account.kind == SubjectKind::User && subject.flag.state == State::Open
    };
    alert.subjects.iter().filter(is_user).cloned().collect()
}

/// Puts the users back in messages of at most `limit` bytes, and reads them again.
fn read_back(alert: &Alert, limit: usize) -> Vec<Subject> {
    put_back(&alert.header, &users(alert), limit)
        .iter()
        .flat_map(|message| match parse(message.as_bytes()) {
            Parsed::Alert(read) => {
                // A message of those who are flagged without a severity has none.
                let graded = |user: &Subject| user.flag.severity.is_some();
                if users(&read).iter().any(graded) {
                    assert_eq!(read.header.severity, alert.header.severity);
                }
                assert_eq!(read.header.reason, alert.header.reason);
                assert_eq!(read.header.alert_id, alert.header.alert_id);
                assert_eq!(read.header.incident_id, alert.header.incident_id);
                users(&read)
            }
            Parsed::NothingToDo(_) => panic!("nobody was read in {message}"),
            Parsed::Malformed(refused) => {
                panic!("{} {} in {message}", refused.path, refused.expected)
            }
        })
        .collect()
}

#[test]
fn the_users_of_every_sample_survive_the_way_through_the_queue() {
    for folder in ["inbound", "inbound/variants"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(folder);
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            if let Parsed::Alert(alert) = parse(&fs::read(&path).unwrap()) {
                assert_eq!(
                    read_back(&alert, 256_000),
                    users(&alert),
                    "{}",
                    path.display()
                );
                assert_eq!(read_back(&alert, 1), users(&alert), "{}", path.display());
            }
        }
    }
}

/// Accounts whose identifiers collide often.
fn account() -> impl Strategy<Value = Value> {
    let some = || prop::option::of(0_u32..3);
    (some(), some(), some(), some()).prop_map(|(id, upn, sid, domain)| {
        json!({
            "Type": "account",
            "AadUserId": id.map(|n| format!("00000000-0000-0000-0000-00000000000{}", n + 1)),
            "Name": upn.or(domain).map(|n| format!("user{n}")),
            "UPNSuffix": upn.map(|_| "contoso.com"),
            "Sid": sid.map(|n| format!("S-1-5-21-1-2-3-{n}")),
            "NTDomain": domain.map(|_| "CONTOSO"),
        })
    })
}

proptest! {
    #[test]
    fn what_is_put_back_names_the_same_users(accounts in prop::collection::vec(account(), 1..10), limit in 1_usize..2_000) {
        let body = json!({"SystemAlertId": "1", "Severity": "High", "Entities": accounts});
        if let Parsed::Alert(mut alert) = parse(body.to_string().as_bytes()) {
            // Each message then states its number of users, and is refused if it names another number.
            alert.header.expect = Some(0);
            prop_assert_eq!(read_back(&alert, limit), users(&alert));
        }
    }
}

#[test]
fn what_confirms_a_capped_alert_or_was_left_unfinished_is_read_as_its_users() {
    let (parsed, receipts) = crowd(
        1000,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    );
    let reply: Value = serde_json::from_str(&reply_json(&report(&parsed, &receipts))).unwrap();
    let Parsed::Alert(again) = parse(reply["alert"]["confirm"][0].to_string().as_bytes()) else {
        panic!()
    };
    assert_eq!(again.header.expect, Some(1000));
    let event: Value =
        serde_json::from_str(&events(&report(&parsed, &receipts), "/x", EventKey::Message("m"))[0])
            .unwrap();
    assert!(matches!(
        parse(event["data"]["confirm"].to_string().as_bytes()),
        Parsed::Alert(_)
    ));
    let (parsed, receipts) = crowd(3, &Outcome::Deferred, None);
    let c = Correlation::default();
    let m = unfinished(
        &report(&parsed, &receipts),
        &RejectedFrom {
            correlation: &c,
            delivery_count: None,
            at: time("2026-11-23T20:19:00Z"),
        },
    );
    let Parsed::Alert(again) = parse(m[0].as_bytes()) else {
        panic!()
    };
    assert_eq!(again.subjects.len(), 3);
}
