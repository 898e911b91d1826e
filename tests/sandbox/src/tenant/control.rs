//! The tenant's control API, on a port of its own, JSON over HTTP, for a person who operates a running sandbox by hand:
//!
//! | call | body | what it does |
//! | --- | --- | --- |
//! | `GET /state` | | time, sessions, users with the instant their sessions are valid from, groups, permissions, faults |
//! | `GET /calls` | | every call to Graph and to the identity endpoint, oldest first |
//! | `POST /redeem` | | every client app redeems its refresh token now; gives the sessions |
//! | `POST /sign-in` | `{"user": "alice@contoso.com", "app": "Browser", "ipAddress": "192.0.2.77", "country": "NL"}` | a user signs in again; address and country may be left out |
//! | `POST /log-lag` | `{"seconds": 300}` | how long an entry of the sign-in log takes to be seen |
//! | `POST /clock` | `{"advanceSeconds": 60}` | moves the sandbox's time |
//! | `POST /replication-lag` | `{"seconds": 3, "reads": 0}` | how far reads stay behind writes |
//! | `GET /limits` | | what Graph grants; `null` if it refuses nobody for the number of calls |
//! | `PUT /limits` | as `GET` gives it, or `null` | makes Graph grant something else, or anything |
//! | `POST /permissions` | `{"grant": ["…"], "remove": ["…"]}` | what the app's identity may do |
//! | `POST /faults` | `{"on": "POST */revokeSignInSessions", "user": "alice@contoso.com", "times": 2, "then": {"answer": {"status": 429, "headers": {"Retry-After": "2"}}}}` | puts a fault in force; `then` is one of `{"answer": …}`, `{"delay": {"milliseconds": 500}}`, `"reset"`, `{"truncate": {"bytes": 20}}`, `"hang"`, `"garbage"` |
//! | `DELETE /faults` | | lifts all faults |
//! | `POST /hold` | `{"on": "POST */revokeSignInSessions", "afterEffect": false}` | freezes matching calls |
//! | `POST /release` | `{"on": "…"}` or `{}` | lets frozen calls go |
//!
//! The program under test must not be able to reach it: a handler with access could cheat.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Tenant;
use super::faults::Fault;
use super::limits::Limits;
use super::log::Place;
use super::pattern::Pattern;

/// The control API of this tenant.
pub(super) fn router(tenant: Tenant) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/calls", get(calls))
        .route("/redeem", post(redeem))
        .route("/sign-in", post(sign_in))
        .route("/log-lag", post(log_lag))
        .route("/clock", post(clock))
        .route("/replication-lag", post(replication_lag))
        .route("/limits", get(limits).put(set_limits))
        .route("/permissions", post(permissions))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/hold", post(hold))
        .route("/release", post(release))
        .with_state(tenant)
}

async fn state(State(tenant): State<Tenant>) -> Json<Value> {
    Json(tenant.state())
}

async fn calls(State(tenant): State<Tenant>) -> Json<Value> {
    let calls: Vec<Value> = tenant
        .shared
        .journal
        .all()
        .into_iter()
        .map(|call| {
            let service = json!(call.service);
            let mut row = json!(call);
            row["service"] = service;
            row
        })
        .collect();
    Json(json!({ "calls": calls }))
}

async fn redeem(State(tenant): State<Tenant>) -> Json<Value> {
    tenant.redeem_all();
    Json(json!({ "sessions": tenant.sessions() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignIn {
    user: String,
    app: String,
    ip_address: Option<String>,
    country: Option<String>,
}

async fn sign_in(State(tenant): State<Tenant>, Json(asked): Json<SignIn>) -> StatusCode {
    let place = Place::known_as(asked.ip_address, asked.country);
    if tenant.sign_in_from(&asked.user, &asked.app, &place) {
        StatusCode::CREATED
    } else {
        StatusCode::NOT_FOUND
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogLag {
    seconds: u64,
}

async fn log_lag(State(tenant): State<Tenant>, Json(lag): Json<LogLag>) -> StatusCode {
    tenant.set_log_lag(Duration::from_secs(lag.seconds));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn clock(State(tenant): State<Tenant>, Json(by): Json<Advance>) -> Json<Value> {
    let clock = &tenant.shared.clock;
    clock.advance(Duration::from_secs(by.advance_seconds));
    Json(json!({ "now": clock.now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplicationLag {
    #[serde(default)]
    seconds: u64,
    #[serde(default)]
    reads: u32,
}

async fn replication_lag(
    State(tenant): State<Tenant>,
    Json(lag): Json<ReplicationLag>,
) -> StatusCode {
    tenant.set_lag(Duration::from_secs(lag.seconds), lag.reads);
    StatusCode::NO_CONTENT
}

async fn limits(State(tenant): State<Tenant>) -> Json<Option<Limits>> {
    Json(tenant.limits())
}

async fn set_limits(
    State(tenant): State<Tenant>,
    Json(limits): Json<Option<Limits>>,
) -> StatusCode {
    tenant.set_limits(limits);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    #[serde(default)]
    grant: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

async fn permissions(State(tenant): State<Tenant>, Json(change): Json<Permissions>) -> Json<Value> {
    for permission in &change.remove {
        tenant.remove_permission(permission);
    }
    for permission in &change.grant {
        tenant.grant(permission);
    }
    Json(json!({ "permissions": tenant.permissions() }))
}

async fn add_fault(State(tenant): State<Tenant>, Json(fault): Json<Fault>) -> StatusCode {
    tenant.faults().add(fault);
    StatusCode::CREATED
}

async fn clear_faults(State(tenant): State<Tenant>) -> StatusCode {
    tenant.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hold {
    on: Pattern,
    #[serde(default)]
    after_effect: bool,
}

async fn hold(State(tenant): State<Tenant>, Json(hold): Json<Hold>) -> StatusCode {
    if hold.after_effect {
        tenant.hold_answer(hold.on);
    } else {
        tenant.hold(hold.on);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    on: Option<Pattern>,
}

async fn release(State(tenant): State<Tenant>, Json(release): Json<Release>) -> StatusCode {
    match release.on {
        Some(on) => tenant.release(on),
        None => tenant.release_all(),
    }
    StatusCode::NO_CONTENT
}
