//! The storage account as a client sees it: conditions, ETags, errors, tokens.
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        reason = "clippy permits it in tests, but takes the functions beside them for production code"
    )
)]

use jiff::SignedDuration;
use reqwest::Response;
use sandbox::blob::{AUDIENCE, BlobService};
use sandbox::clock::SandboxClock;
use sandbox::tenant::{Fault, Tenant, World};
use uuid::Uuid;

async fn service() -> BlobService {
    BlobService::start(&["evict-ledger"], SandboxClock::new())
        .await
        .unwrap()
}

async fn put(url: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = reqwest::Client::builder()
        .build()
        .unwrap()
        .put(url)
        .header("x-ms-version", "2021-12-02")
        .header("x-ms-blob-type", "BlockBlob")
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn get(url: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(url)
        .header("x-ms-version", "2021-12-02");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

fn error_of(response: &Response) -> (u16, &str) {
    (
        response.status().as_u16(),
        header(response, "x-ms-error-code"),
    )
}

#[tokio::test]
async fn a_blob_is_written_once_by_whoever_is_first() {
    let service = service().await;
    let url = service.url("evict-ledger", "hour");
    assert_eq!(error_of(&get(&url, &[]).await), (404, "BlobNotFound"));
    let made = put(&url, &[("if-none-match", "*")], "one").await;
    assert_eq!(made.status(), 201);
    let second = put(&url, &[("if-none-match", "*")], "two").await;
    assert_eq!(error_of(&second), (409, "BlobAlreadyExists"));

    let etag = header(&made, "etag").to_owned();
    let read = get(&url, &[]).await;
    assert_eq!(header(&read, "etag"), etag);
    assert_eq!(read.text().await.unwrap(), "one");
    let written = put(&url, &[("if-match", &etag)], "three").await;
    assert_eq!(written.status(), 201);
    assert_ne!(header(&written, "etag"), etag);
    let late = put(&url, &[("if-match", &etag)], "four").await;
    assert_eq!(error_of(&late), (412, "ConditionNotMet"));
    assert_eq!(service.bytes("evict-ledger", "hour").unwrap(), b"three");
    assert_eq!(
        get(&url, &[("if-none-match", header(&written, "etag"))])
            .await
            .status(),
        304
    );
}

#[tokio::test]
async fn a_range_is_a_part_and_says_how_large_the_whole_is() {
    let service = service().await;
    let url = service.url("evict-ledger", "hour");
    put(&url, &[], "0123456789").await;
    let part = get(&url, &[("range", "bytes=2-4")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), "bytes 2-4/10");
    assert_eq!(part.text().await.unwrap(), "234");
    assert_eq!(error_of(&get(&url, &[("range", "bytes=10-")]).await).0, 416);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let service = service().await;
    let elsewhere = put(&service.url("nowhere", "hour"), &[], "").await;
    assert_eq!(error_of(&elsewhere), (404, "ContainerNotFound"));
    let url = service.url("evict-ledger", "hour");
    let client = reqwest::Client::builder().build().unwrap();
    let plain = client.get(&url).send().await.unwrap();
    assert_eq!(error_of(&plain), (400, "MissingRequiredHeader"));
    let listed = get(&format!("{url}?comp=list"), &[]).await;
    assert_eq!(error_of(&listed).0, 501);
    assert!(service.calls().iter().any(|call| call.surprise.is_some()));
}

#[tokio::test]
async fn a_token_has_to_be_for_storage_and_its_holder_needs_a_role() {
    let clock = SandboxClock::new();
    let tenant = Tenant::start(World::default_contoso().unwrap(), clock)
        .await
        .unwrap();
    let service = service().await;
    let (holder, issuer) = (Uuid::new_v4(), tenant.issuer());
    service.demand_tokens(issuer.clone(), &[holder]);
    let url = service.url("evict-ledger", "hour");
    let token = |audience: &str, holder: Uuid| {
        let claims = issuer.first_version_claims(audience, holder, Uuid::new_v4());
        format!("Bearer {}", issuer.sign(&claims))
    };
    let with = async |authorization: &str| {
        let answer = put(&url, &[("authorization", authorization)], "x").await;
        let code = answer.headers().get("x-ms-error-code");
        code.map_or_else(String::new, |code| code.to_str().unwrap().to_owned())
    };
    assert_eq!(
        error_of(&put(&url, &[], "x").await),
        (401, "NoAuthenticationInformation")
    );
    assert_eq!(with("Bearer nonsense").await, "InvalidAuthenticationInfo");
    let for_graph = token("https://graph.microsoft.com", holder);
    assert_eq!(with(&for_graph).await, "InvalidAuthenticationInfo");
    let stranger = token(AUDIENCE, Uuid::new_v4());
    assert_eq!(with(&stranger).await, "AuthorizationPermissionMismatch");
    assert_eq!(with(&token(AUDIENCE, holder)).await, "");
    assert_eq!(with(&token("https://storage.azure.com/", holder)).await, "");
}

#[tokio::test]
async fn faults_strike_and_the_date_is_the_sandboxs() {
    let clock = SandboxClock::new();
    clock.set_offset(SignedDuration::from_hours(24 * 365));
    let service = BlobService::start(&["evict-ledger"], clock.clone())
        .await
        .unwrap();
    let url = service.url("evict-ledger", "hour");
    service.faults().add(Fault::on("PUT *").once().answer(503));
    assert_eq!(error_of(&put(&url, &[], "x").await), (503, "ServerBusy"));
    let written = put(&url, &[], "x").await;
    let year = clock.now().strftime("%Y").to_string();
    assert!(header(&written, "date").contains(&year), "{written:?}");
    service
        .faults()
        .add(Fault::on("PUT *").after_effect().once().reset());
    let client = reqwest::Client::builder().build().unwrap();
    let lost = client
        .put(&url)
        .header("x-ms-version", "2021-12-02")
        .header("x-ms-blob-type", "BlockBlob")
        .body("y")
        .send()
        .await;
    assert!(lost.is_err());
    assert_eq!(service.bytes("evict-ledger", "hour").unwrap(), b"y");
}
