//! The handler's own requests, checked by independent judges: Prism, which compares them with Graph's published
//! contract, and Azurite, Microsoft's emulator of Azure Storage, over https with the managed identity's tokens.
//! Microsoft's own client of Microsoft Sentinel reads what the handler writes into an incident.

use sandbox::clock::SandboxClock;
use sandbox::judges::{self, Azurite, Prism, Request};
use sandbox::tenant::{CallRecord, Tenant, World};
use serde_json::{Value, json};

use crate::directory::ledger::{counted, ledger_lines, storm};
use crate::support::app::{App, outcomes};
use crate::triggers::incident::{incident, start_late, trigger_without_entities};

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

/// A token for storage, as the identity endpoint gives it to any process of the app.
async fn storage_token() -> String {
    let tenant = Tenant::start(World::default_contoso().unwrap(), SandboxClock::new())
        .await
        .unwrap();
    let url = format!(
        "{}?api-version=2019-08-01&resource=https://storage.azure.com",
        tenant.identity_endpoint()
    );
    let answer = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(url)
        .header("X-IDENTITY-HEADER", tenant.identity_header())
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn azure_storages_own_emulator_keeps_the_cap_for_two_handlers() {
    if !judges::present("Azurite") {
        return;
    }
    let azurite = Azurite::start().await.unwrap();
    let url = azurite.url("evict-ledger", "hour.json");
    let certificate = azurite.certificate();
    let settings = [
        ("EVICT_LEDGER_URL", url.as_str()),
        ("EVICT_MAX_USERS_PER_HOUR", "42"),
        ("EVICT_MAX_USERS_PER_ALERT", "0"),
        ("SSL_CERT_FILE", certificate.to_str().unwrap()),
    ];
    let (first, second) = (App::start(&settings).await, App::start(&settings).await);
    // The container does not exist yet.
    let check = first.check().await;
    let problems = check.body["problems"].to_string();
    assert!(
        problems.contains("404 ContainerNotFound") && problems.contains("Create the container"),
        "{problems}"
    );

    let token = storage_token().await;
    azurite
        .make_container("evict-ledger", &token)
        .await
        .unwrap();
    let receipts = storm(&[&first, &second], 10).await;
    let told = ledger_lines(&[&first, &second]);
    let outcomes = outcomes(&receipts);
    let count = |word: &str| outcomes.iter().filter(|it| *it == word).count();
    assert_eq!(count("revoked"), 42, "{told:#?}");
    assert_eq!(count("withheld blast_radius"), 100 - 42, "{told:#?}");
    assert_eq!(first.revocations() + second.revocations(), 42);
    for app in [&first, &second] {
        let check = app.check().await;
        assert_eq!(check.body["ledger"]["used"], 42, "{}", check.body);
        let asked = app.tenant.identity_calls();
        assert!(
            asked
                .iter()
                .any(|call| call.path.contains("storage.azure.com")),
            "{asked:?}"
        );
    }
    let bytes = azurite
        .read("evict-ledger", "hour.json", &token)
        .await
        .unwrap();
    assert_eq!(counted(&bytes), 42);
    first.end().await;
    second.end().await;
}

/// What a call to Azure asks for, without what differs from one to the next: the method, the path with the names of comments left
/// out, and the properties that are sent.
fn form(call: &CallRecord) -> String {
    let path = call.path.to_lowercase();
    let path = match path.split_once("/comments/") {
        Some((before, _)) => format!("{before}/comments/*"),
        None => path,
    };
    let sent: Value = serde_json::from_str(&call.body).unwrap_or_default();
    let names = |value: &Value| -> Vec<String> {
        let object = value.as_object();
        object.map_or_else(Vec::new, |object| object.keys().cloned().collect())
    };
    let kind = call.content_type.as_deref().unwrap_or("-");
    let kind = kind.split(';').next().unwrap_or_default();
    // Of an incident whatever was read is sent back; of a comment the same in all cases.
    let within = if path.contains("/comments/") {
        names(&sent["properties"])
    } else {
        Vec::new()
    };
    let has_etag = sent["etag"].is_string();
    format!("{} {path} {kind} {within:?} etag={has_etag}", call.method)
}

#[tokio::test]
async fn microsofts_client_of_sentinel_reads_what_evict_wrote_and_asks_as_it_asks() {
    if !judges::present("Microsoft's client of Sentinel") {
        return;
    }
    let app = start_late(0, &[]).await;
    app.send(trigger_without_entities().to_string());
    app.settle().await;
    assert_eq!(outcomes(&app.receipts())[0], "revoked");
    let ours = app.tenant.azure_calls();

    let report = judges::ask_microsoft_sentinel(&app.tenant, &incident())
        .await
        .unwrap();

    let read = &report["incident"];
    assert_eq!(read["title"], "Refresh tokens replayed");
    assert_eq!(
        (&read["status"], &read["severity"]),
        (&json!("New"), &json!("High"))
    );
    assert_eq!(read["labels"][0]["labelName"], "evict-partly");
    assert!(read["createdTimeUtc"].is_string(), "{read}");
    let entities = report["entities"]["entities"].as_array().unwrap();
    assert_eq!(entities[0]["kind"], "Account");
    assert_eq!(
        entities[0]["aadUserId"],
        "6cace4d5-19d5-4695-92e7-4f7bfab36728"
    );
    assert_eq!(
        report["entities"]["metaData"],
        json!([{"entityKind": "Account", "count": 4}, {"entityKind": "Ip", "count": 1}])
    );
    // The comment of the alert, as the client reads it.
    let before = report["commentsBefore"].as_array().unwrap();
    assert_eq!(before.len(), 1);
    let said = before[0]["message"].as_str().unwrap();
    assert!(said.contains("3 of 4 accounts cut."), "{said}");
    // A comment of the client's own is replaced under its id, and beside ours.
    assert_eq!(report["comments"], json!([said, "second"]));
    assert!(report["comment"]["author"]["objectId"].is_string());
    // Its label stands beside ours, and what it read before is refused.
    let after = report["after"]["labels"].as_array().unwrap();
    let labels: Vec<&Value> = after.iter().map(|label| &label["labelName"]).collect();
    assert_eq!(labels, ["evict-partly", "judged"]);
    assert_eq!(report["overtaken"]["statusCode"], 409);
    assert_eq!(report["notFound"]["statusCode"], 404);

    let all = app.tenant.azure_calls();
    let theirs: Vec<String> = all[ours.len()..].iter().map(form).collect();
    // The client knows no tasks.
    let tasks = |call: &&CallRecord| call.path.contains("/tasks");
    for call in ours.iter().filter(|call| !tasks(call)) {
        assert!(theirs.contains(&form(call)), "{}\n{theirs:#?}", form(call));
    }
    app.end().await;
}
