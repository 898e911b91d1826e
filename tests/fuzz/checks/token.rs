//! Any bytes as the token of a caller. Only a token that the tenant signed and that has all required claims admits a
//! caller. This file states those claims a second time, independently of the program.

use std::sync::{Arc, LazyLock};

use evict::callers::{Callers, Refusal};
use evict::config::{Environment, Settings};
use evict::domain::{Caller, SystemClock};
use evict::http::HttpClient;
use sandbox::clock::SandboxClock;
use sandbox::tenant::{Issuer, Tenant, World};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

const AUDIENCE: &str = "api://1c5989f1-ba2d-4e83-858b-fed0a712755f";
const AUDIENCE_ID: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";
const ALLOWED: Uuid = Uuid::from_u128(0x7a0d_5f2e_93c4_4b1d_a1c5_2f4e_6d8b_9a07);
const APPLICATION: Uuid = Uuid::from_u128(0x2b9e_4c71_0d35_4f8a_b6e2_91c7_3a5d_8f04);

/// A tenant whose keys are read once, and the check of its callers.
struct Deployment {
    runtime: Runtime,
    issuer: Issuer,
    tenant: Tenant,
    callers: Callers,
}

static DEPLOYMENT: LazyLock<Deployment> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (tenant, callers) = runtime.block_on(async {
        let world = World::default_contoso().unwrap();
        let tenant = Tenant::start(world, SandboxClock::new()).await.unwrap();
        let allowed = ALLOWED.to_string();
        let mut pairs = tenant.environment();
        pairs.push(("EVICT_HTTP_AUDIENCE".to_owned(), AUDIENCE.to_owned()));
        pairs.push(("EVICT_ALLOWED_CALLERS".to_owned(), allowed));
        pairs.push(("FUNCTIONS_CUSTOMHANDLER_PORT".to_owned(), "8080".to_owned()));
        let settings = Settings::read(&Environment::from_pairs(pairs)).unwrap();
        let clock = Arc::new(SystemClock::start());
        let callers = Callers::connect(
            settings.callers.unwrap(),
            HttpClient::new().unwrap(),
            &settings.login_endpoint,
            clock,
        );
        callers.warm_up().await.unwrap();
        (tenant, callers)
    });
    Deployment {
        runtime,
        issuer: tenant.issuer(),
        tenant,
        callers,
    }
});

/// Calls with a token made from the bytes. The first byte says what the others are: raw headers, claims that the tenant
/// signs, a header over valid claims, or changes to a valid token.
///
/// # Panics
/// A caller is wrongly admitted or wrongly refused.
pub fn check(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => raw(rest),
        1 => claims(rest),
        2 => header(rest),
        _ => changed(rest),
    }
}

fn admit(headers: &[&str]) -> Result<Caller, Refusal> {
    DEPLOYMENT
        .runtime
        .block_on(DEPLOYMENT.callers.admit(headers))
}

fn raw(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let headers: Vec<&str> = text.split('\n').collect();
    let admitted = admit(&headers);
    assert!(admitted.is_err(), "no key of the tenant signed {headers:?}");
    check_answer(&admitted);
}

fn claims(bytes: &[u8]) {
    let Ok(changes) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let mut claims = sound();
    match (&mut claims, changes) {
        (Value::Object(claims), Value::Object(changes)) => {
            for (name, value) in changes {
                // A null claim is left out.
                if value.is_null() {
                    claims.remove(&name);
                } else {
                    claims.insert(name, value);
                }
            }
        }
        (claims, other) => *claims = other,
    }
    let token = DEPLOYMENT.issuer.sign(&claims);
    let admitted = admit(&[&format!("Bearer {token}")]);
    if admitted.is_ok() {
        assert!(is_sound(&claims), "{claims}");
    }
    check_answer(&admitted);
}

fn header(bytes: &[u8]) {
    let Ok(header) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let token = DEPLOYMENT.issuer.sign_with(&header, &sound());
    let admitted = admit(&[&format!("Bearer {token}")]);
    if admitted.is_ok() {
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header["kid"], DEPLOYMENT.issuer.key_id().as_str());
        assert!(header["crit"].is_null());
    }
    check_answer(&admitted);
}

fn changed(changes: &[u8]) {
    let token = DEPLOYMENT.issuer.sign(&sound());
    let mut bytes = token.clone().into_bytes();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] = change[2];
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return;
    };
    let admitted = admit(&[&format!("Bearer {text}")]);
    assert_eq!(admitted.is_ok(), text == token, "{text}");
    check_answer(&admitted);
}

fn sound() -> Value {
    DEPLOYMENT.issuer.claims(AUDIENCE_ID, ALLOWED, APPLICATION)
}

/// Whether a token with these claims, signed by the tenant, may call.
fn is_sound(claims: &Value) -> bool {
    let tenant = DEPLOYMENT.tenant.tenant_id().to_string();
    let is_id = |value: &Value, id: &str| {
        let text = value.as_str().unwrap_or_default();
        text.parse::<Uuid>()
            .is_ok_and(|uuid| uuid.to_string() == id)
    };
    let audience = claims["aud"] == AUDIENCE || claims["aud"] == AUDIENCE_ID;
    let issuers = [
        json!(format!("https://login.microsoftonline.com/{tenant}/v2.0")),
        json!(format!("https://sts.windows.net/{tenant}/")),
    ];
    let issuer = issuers.contains(&claims["iss"]);
    let now = f64::from(u32::try_from(DEPLOYMENT.tenant.clock().now().as_second()).unwrap());
    let lasts = claims["exp"].as_i64() > claims["nbf"].as_i64();
    let expiry = claims["exp"].as_f64().is_some_and(|at| at > now - 90.0);
    let begin = claims["nbf"].as_f64().is_some_and(|at| at < now + 90.0);
    let holder = is_id(&claims["oid"], &ALLOWED.to_string());
    let allowed = ALLOWED.to_string();
    let there = |name: &str| claims.get(name).is_some();
    let held_by = claims["oid"]
        .as_str()
        .and_then(|oid| oid.parse::<Uuid>().ok());
    let held_by = held_by.map(|oid| oid.to_string()).unwrap_or_default();
    let itself = !there("scp")
        && match &claims["idtyp"] {
            Value::Null => !there("idtyp") && is_id(&claims["sub"], &held_by),
            kind => kind == "app",
        };
    let scopes = claims["scp"]
        .as_str()
        .is_some_and(|scopes| !scopes.trim().is_empty());
    let user = scopes && (!there("idtyp") || claims["idtyp"] == "user");
    let application = itself
        && (is_id(&claims["appid"], &allowed)
            || claims["appid"].is_null() && is_id(&claims["azp"], &allowed));
    // An ID token names no application.
    let access = !(claims["appid"].is_null() && claims["azp"].is_null());
    let says_who = claims["oid"]
        .as_str()
        .is_some_and(|oid| oid.parse::<Uuid>().is_ok());
    is_id(&claims["tid"], &tenant)
        && audience
        && issuer
        && expiry
        && begin
        && lasts
        && access
        && (itself || user)
        && says_who
        && (holder || application)
}

/// Checks that a refusal may be shown to a caller: it has a status and a next step, and nothing of the token.
fn check_answer(admitted: &Result<Caller, Refusal>) {
    if let Err(refusal) = admitted {
        assert!(matches!(refusal.status(), 401 | 403 | 503), "{refusal}");
        assert!(!refusal.next_step().is_empty());
    }
}
