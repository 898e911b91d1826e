//! What is put back is read again as the same subjects.

use evict::alert::parse;
use evict::domain::{Correlation, Outcome, Parsed, WithholdReason};
use evict::receipt::{
    EventKey, QUEUE_MESSAGE_LIMIT, RejectedFrom, events, put_back, reply_json, unfinished,
};

use crate::receipt_world::{crowd, report, time};

#[test]
fn every_sample_that_is_put_back_is_read_again_as_the_same_subjects() {
    let mut files = 0;
    for entry in std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/inbound"
    ))
    .unwrap()
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let Parsed::Alert(alert) = parse(&std::fs::read(&path).unwrap()) else {
            continue;
        };
        let users: Vec<_> = alert
            .subjects
            .iter()
            .filter(|s| s.kind == evict::domain::SubjectKind::User)
            .map(|s| {
                let mut s = s.clone();
                s.name = None;
                s
            })
            .collect();
        let mut header = alert.header.clone();
        header.expect = Some(users.len());
        let messages = put_back(&header, &alert.subjects, QUEUE_MESSAGE_LIMIT);
        assert_eq!(messages.len(), 1, "{}", path.display());
        let Parsed::Alert(again) = parse(messages[0].as_bytes()) else {
            panic!("{} {:?}", messages[0], parse(messages[0].as_bytes()))
        };
        assert_eq!(again.subjects, users, "{}", path.display());
        assert_eq!(again.header.incident_id, header.incident_id);
        assert_eq!(again.header.alert_id, header.alert_id);
        assert_eq!(again.header.severity, header.severity);
        assert_eq!(again.header.reason, header.reason);
        files += 1;
    }
    assert!(files > 15, "{files}");
}

#[test]
fn confirmations_and_unfinished_are_read() {
    let (parsed, receipts) = crowd(
        1000,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    );
    let reply: serde_json::Value =
        serde_json::from_str(&reply_json(&report(&parsed, &receipts))).unwrap();
    let Parsed::Alert(again) = parse(reply["alert"]["confirm"][0].to_string().as_bytes()) else {
        panic!()
    };
    assert_eq!(again.header.expect, Some(1000));
    let event: serde_json::Value =
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
