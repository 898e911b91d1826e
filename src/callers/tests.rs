//! The keys: when they are read, when not, and which ones serve during an outage.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;

use crate::domain::Clock;

use super::fetch::{SignsFor, parse};
use super::keys::{KeySource, KeyStore, KeysById};
use super::refusal::Refusal;

const UNKNOWN: Refusal = Refusal::Unproved("The token's signature is not that of the tenant.");

#[derive(Debug, Default)]
struct HandClock(Mutex<Duration>);

impl HandClock {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// Returns the scripted answers in sequence; `None` is an outage. After the last one every answer is an outage.
#[derive(Debug, Clone, Default)]
struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Option<&'static [&'static str]>>,
    asked: usize,
}

impl Script {
    fn then(self, answer: Option<&'static [&'static str]>) -> Self {
        self.0.lock().unwrap().answers.push_back(answer);
        self
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }
}

impl KeySource for Script {
    fn keys(&self) -> BoxFuture<'_, Result<KeysById, String>> {
        let mut state = self.0.lock().unwrap();
        state.asked += 1;
        let answer = state.answers.pop_front().flatten();
        Box::pin(async move {
            let ids = answer.ok_or("down")?;
            let key = |id: &&str| {
                (
                    (*id).to_owned(),
                    DecodingKey::from_secret(b"public").unwrap(),
                )
            };
            Ok(ids.iter().map(key).collect())
        })
    }
}

fn store(script: &Script) -> (KeyStore, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    (
        KeyStore::new(
            Box::new(script.clone()),
            Arc::clone(&clock) as Arc<dyn Clock>,
        ),
        clock,
    )
}

async fn outcome(store: &KeyStore, id: &str) -> Option<Refusal> {
    store.key(id).await.err()
}

#[tokio::test]
async fn a_known_key_is_read_once() {
    let script = Script::default().then(Some(&["a", "b"]));
    let (store, _) = store(&script);
    for id in ["a", "b", "a"] {
        assert_eq!(outcome(&store, id).await, None);
    }
    assert_eq!(script.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let script = Script::default().then(Some(&["a"])).then(Some(&["b"]));
    let (store, _) = store(&script);
    store.refresh().await.unwrap();
    assert_eq!(outcome(&store, "b").await, None);
    // The old key is no longer one of the tenant's.
    assert_eq!(outcome(&store, "a").await, Some(UNKNOWN));
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn made_up_key_ids_are_asked_for_once_a_minute() {
    let script = Script::default()
        .then(Some(&["a"]))
        .then(Some(&["a"]))
        .then(Some(&["a"]));
    let (store, clock) = store(&script);
    store.refresh().await.unwrap();
    for id in ["x", "y", "z"] {
        assert_eq!(outcome(&store, id).await, Some(UNKNOWN));
    }
    assert_eq!(script.asked(), 2);
    clock.advance(Duration::from_mins(1));
    for id in ["x", "y", "z"] {
        assert_eq!(outcome(&store, id).await, Some(UNKNOWN));
    }
    assert_eq!(script.asked(), 3);
    assert_eq!(outcome(&store, "a").await, None);
}

#[tokio::test]
async fn while_the_service_is_down_known_keys_serve_for_three_days_and_nobody_is_let_in_unchecked()
{
    let script = Script::default().then(Some(&["a"]));
    let (store, clock) = store(&script);
    store.refresh().await.unwrap();
    clock.advance(Duration::from_hours(71));
    assert_eq!(outcome(&store, "a").await, None);
    // It may be a new key of the tenant, which is unknown during an outage, so it is not proof of a forgery.
    assert_eq!(outcome(&store, "b").await, Some(Refusal::NoKeys));
    clock.advance(Duration::from_hours(2));
    assert_eq!(outcome(&store, "a").await, Some(Refusal::NoKeys));
}

#[tokio::test]
async fn without_any_key_it_is_tried_again_after_five_seconds() {
    let script = Script::default().then(None).then(Some(&["a"]));
    let (store, clock) = store(&script);
    assert_eq!(outcome(&store, "a").await, Some(Refusal::NoKeys));
    assert_eq!(outcome(&store, "a").await, Some(Refusal::NoKeys));
    assert_eq!(script.asked(), 1);
    clock.advance(Duration::from_secs(5));
    assert_eq!(outcome(&store, "a").await, None);
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn old_keys_are_read_anew_while_they_go_on_serving() {
    let script = Script::default().then(Some(&["a"])).then(Some(&["a", "b"]));
    let (store, clock) = store(&script);
    store.refresh().await.unwrap();
    clock.advance(Duration::from_hours(13));
    assert_eq!(outcome(&store, "a").await, None);
    while script.asked() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(outcome(&store, "b").await, None);
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_reading() {
    let script = Script::default().then(Some(&["a"]));
    let (store, _) = store(&script);
    let (one, other, third) = tokio::join!(store.key("a"), store.key("a"), store.key("a"));
    assert!(one.is_ok() && other.is_ok() && third.is_ok());
    assert_eq!(script.asked(), 1);
}

const TENANT: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

fn ids(keys: &str) -> Vec<String> {
    let root = "https://login.microsoftonline.com";
    let signs_for = SignsFor {
        tenant: TENANT.parse().unwrap(),
        issuers: [
            format!("https://sts.windows.net/{TENANT}/"),
            format!("{root}/{TENANT}/v2.0"),
        ],
    };
    let keys = parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes(), &signs_for);
    let mut ids: Vec<_> = keys.unwrap_or_default().into_keys().collect();
    ids.sort();
    ids
}

fn rsa(id: &str, modulus: &str, more: &str) -> String {
    format!(r#"{{"kty":"RSA","kid":"{id}","use":"sig","n":"{modulus}","e":"AQAB"{more}}}"#)
}

#[test]
fn a_key_that_signs_for_another_tenant_is_none_of_ours() {
    let issued = |id: &str, issuer: &str| rsa(id, "AQAB", &format!(r#","issuer":{issuer}"#));
    let consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let keys = [
        issued(
            "any",
            r#""https://login.microsoftonline.com/{tenantid}/v2.0""#,
        ),
        issued(
            "ours",
            &format!(r#""https://login.microsoftonline.com/{TENANT}/v2.0""#),
        ),
        issued("first", &format!(r#""https://sts.windows.net/{TENANT}/""#)),
        issued(
            "consumers",
            &format!(r#""https://login.microsoftonline.com/{consumers}/v2.0""#),
        ),
        issued(
            "elsewhere",
            &format!(r#""https://login.example.org/{TENANT}/v2.0""#),
        ),
        issued("number", "7"),
        rsa("silent", "AQAB", ""),
    ];
    assert_eq!(ids(&keys.join(",")), ["any", "first", "ours", "silent"]);
}

#[test]
fn two_keys_under_one_id_are_none_unless_they_are_the_same() {
    let twice = [
        rsa("a", "AQAB", ""),
        rsa("b", "AQAB", ""),
        rsa("a", "AQAC", ""),
    ];
    assert_eq!(ids(&twice.join(",")), ["b"]);
    assert_eq!(
        ids(&[rsa("a", "AQAB", ""), rsa("a", "AQAB", "")].join(",")),
        ["a"]
    );
}

#[test]
fn keys_of_other_kinds_and_for_other_uses_are_passed_over() {
    let rsa = r#"{"kty":"RSA","kid":"a","use":"sig","n":"AQAB","e":"AQAB"}"#;
    let others = r#"{"kty":"RSA","kid":"b","use":"enc","n":"AQAB","e":"AQAB"},{"kty":"EC","kid":"c"},{"kid":7}"#;
    assert_eq!(ids(&format!("{rsa},{others}")), ["a"]);
    let signs_for = SignsFor {
        tenant: TENANT.parse().unwrap(),
        issuers: [String::new(), String::new()],
    };
    for wrong in ["", "[]", "{}", r#"{"keys":[]}"#] {
        assert!(parse(wrong.as_bytes(), &signs_for).is_err(), "{wrong}");
    }
}
