//! The handler's own requests, judged by what nobody here wrote: Prism, which holds them against Graph's published contract.

use sandbox::judges::{self, Prism, Request};
use serde_json::json;

use crate::app::{App, outcomes};

#[tokio::test]
async fn graphs_published_contract_allows_what_the_handler_sends() {
    if !judges::present("Prism") {
        return;
    }
    let app = App::start(&[]).await;
    let guest = "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com";
    app.send(
        json!({"users": ["alice@contoso.com", {"id": "1c5989f1-ba2d-4e83-858b-fed0a712755f"}, guest, "nobody@contoso.com"]})
            .to_string(),
    );
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(outcomes(&receipts)[0], "revoked");

    let prism = Prism::start(&judges::graph_contract()).await.unwrap();
    let calls = app.tenant.calls();
    let covered: Vec<Request<'_>> = calls
        .iter()
        .map(Request::from)
        .filter(Request::is_covered)
        .collect();
    let revoked = |request: &&Request<'_>| request.method == "POST";
    assert!(covered.iter().filter(revoked).count() >= 1, "{covered:?}");
    assert!(
        covered.iter().filter(|it| !revoked(it)).count() >= 3,
        "{covered:?}"
    );
    for request in covered {
        let verdict = prism.judge(&request).await.unwrap();
        assert_eq!(verdict.problem, None, "{request:?}");
    }
    app.end().await;
}
