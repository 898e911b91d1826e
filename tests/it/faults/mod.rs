//! One end-to-end test for each fault: the real handler in the simulated host, in front of the simulated tenant. Each
//! test compares its figures with a row of the table (`table`), which is also on the page beside this file.

use std::time::Duration;

use sandbox::tenant::Fault;

use self::table::Watch;
use crate::support::app::App;

mod answers;
mod delivery;
mod descriptors;
mod directory;
mod host;
mod http2;
mod identity;
mod incident;
mod ledger;
mod memory;
mod names;
mod rows;
mod signals;
mod streams;
pub(crate) mod table;
mod throttling;

/// Alice, by object id: one read, one revocation, one read back.
const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

const REVOKE: &str = "POST */revokeSignInSessions";

/// One alert about Alice over HTTP with these faults in force; returns how long it took.
async fn over_http(test: &str, faults: Vec<Fault>) -> Duration {
    let app = App::start(&[]).await;
    for fault in faults {
        app.tenant.faults().add(fault);
    }
    let watch = Watch::start(&app);
    let started = app.clock.now();
    let answer = app.post(about_alice()).await;
    let took = app.clock.now().duration_since(started).unsigned_abs();
    watch.holds_for_caller(test, &app, &answer);
    assert!(is_cut(&app));
    // This fails if a call was made while throttled.
    app.end().await;
    took
}

/// Whether every session of Alice has ended.
fn is_cut(app: &App) -> bool {
    let sessions = app.tenant.sessions_of(ALICE);
    assert!(!sessions.is_empty(), "she had some");
    sessions.iter().all(|session| !session.alive)
}

/// An alert that names Alice.
fn about_alice() -> String {
    serde_json::json!({ "user": ALICE, "reason": "token theft" }).to_string()
}

/// An alert that names this many users.
fn about(users: usize) -> String {
    let five = [
        "alice@contoso.com",
        "bob.stone@contoso.com",
        "carol.nunez@contoso.com",
        "dan.fisher@contoso.com",
        "erin.walsh@contoso.com",
    ];
    serde_json::json!({ "users": five[..users], "reason": "token theft" }).to_string()
}
