//! The judges: Microsoft's own SDKs check the sandbox, and Prism, which has Graph's published contract, checks the
//! requests that Evict sends. They run if they are installed; with `EVICT_JUDGES=required` their absence is a failure,
//! otherwise a notice.

use sandbox::clock::SandboxClock;
use sandbox::judges::{self, Prism, Request, Verdict};
use sandbox::tenant::{Fault, Tenant, World};
use serde_json::json;

#[tokio::test]
async fn microsofts_sdks_use_the_sandbox_as_they_use_azure() {
    if !judges::present("Microsoft's SDK for JavaScript") {
        return;
    }
    let world = World::default_contoso().unwrap();
    let tenant = Tenant::start(world, SandboxClock::new()).await.unwrap();
    let throttled = Fault::on("POST */revokeSignInSessions")
        .for_user("bob.stone@contoso.com")
        .once()
        .throttled("1");
    tenant.faults().add(throttled);

    let report = judges::ask_microsoft_sdk(&tenant).await.unwrap();

    let lives = report["tokenLivesSeconds"].as_i64().unwrap();
    assert!((86_000..=86_400).contains(&lives), "{lives}");
    assert_eq!(report["user"]["userPrincipalName"], "alice@contoso.com");
    assert_eq!(report["found"], json!(["svc_backup@contoso.com"]));
    let protected = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
    assert_eq!(report["groups"], json!([protected]));
    assert_eq!(report["revoked"]["value"], true);
    assert!(
        report["validFrom"].as_str() > report["user"]["signInSessionsValidFromDateTime"].as_str()
    );
    assert_eq!(report["throttled"]["value"], true);
    assert!(report["throttledMilliseconds"].as_u64().unwrap() >= 1000);
    assert_eq!(report["notFound"]["statusCode"], 404);
    assert_eq!(report["notFound"]["code"], "Request_ResourceNotFound");
    assert!(report["notFound"]["requestId"].is_string());
    assert!(report["strangerRefused"].is_string());

    tenant.redeem_all();
    for user in ["alice@contoso.com", "bob.stone@contoso.com"] {
        assert!(tenant.sessions_of(user).iter().all(|s| !s.alive), "{user}");
    }
    assert!(tenant.calls_while_throttled().is_empty());
    for call in tenant.unexpected() {
        // This SDK sends a content type without a body.
        assert_eq!(
            call.surprise.as_deref(),
            Some("Content-Type \"application/json\" on a call that has no body")
        );
    }
}

#[tokio::test]
async fn graphs_contract_allows_our_requests_and_refuses_their_neighbours() {
    if !judges::present("Prism") {
        return;
    }
    let prism = Prism::start(&judges::graph_contract()).await.unwrap();
    let user = "/v1.0/users/6cace4d5-19d5-4695-92e7-4f7bfab36728";
    let revoke = format!("{user}/revokeSignInSessions");
    let read = format!(
        "{user}?$select=id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled,externalUserState,signInSessionsValidFromDateTime"
    );
    let misspelt = format!("{user}?$select=id,signInSessionsValidFrom");
    let plain = |method, path| Request {
        method,
        path,
        content_type: None,
        body: None,
    };
    let with_body = Request {
        content_type: Some("application/json"),
        body: Some("{}"),
        ..plain("POST", &revoke)
    };
    for (request, status) in [
        (plain("POST", &revoke), 200),
        (plain("GET", &read), 200),
        (plain("GET", &misspelt), 422),
        (with_body, 415),
        (plain("DELETE", &revoke), 405),
    ] {
        assert_eq!(request.is_covered(), request.method != "DELETE");
        let Verdict {
            status: said,
            problem,
        } = prism.judge(&request).await.unwrap();
        assert_eq!(said, status, "{request:?}: {problem:?}");
        assert_eq!(problem.is_some(), status != 200);
    }
}

#[tokio::test]
async fn graphs_contract_allows_what_the_journal_holds() {
    if !judges::present("Prism") {
        return;
    }
    let world = World::default_contoso().unwrap();
    let tenant = Tenant::start(world, SandboxClock::new()).await.unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let root = format!("{}/v1.0/users/alice%40contoso.com", tenant.graph_endpoint());
    for request in [
        client.get(format!("{root}?$select=id,signInSessionsValidFromDateTime")),
        client.post(format!("{root}/revokeSignInSessions")),
        client.post(format!("{root}/checkMemberGroups")),
    ] {
        // Without a token: the journal has the request, whatever the answer.
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let prism = Prism::start(&judges::graph_contract()).await.unwrap();
    let calls = tenant.calls();
    let covered: Vec<Request<'_>> = calls
        .iter()
        .map(Request::from)
        .filter(Request::is_covered)
        .collect();
    assert_eq!(covered.len(), 2);
    for request in covered {
        let verdict = prism.judge(&request).await.unwrap();
        assert_eq!(verdict.problem, None, "{request:?}");
    }
}
