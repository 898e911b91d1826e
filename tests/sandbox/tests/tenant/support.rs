//! An app that calls the tenant by hand: gets a token, sends a request, keeps the whole answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use sandbox::clock::SandboxClock;
use sandbox::tenant::{Tenant, World};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const ALICE: &str = "alice@contoso.com";
pub(crate) const BOB: &str = "bob.stone@contoso.com";
pub(crate) const FRANK: &str = "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com";
pub(crate) const STRANGER: &str = "nobody@contoso.com";

pub(crate) struct App {
    pub(crate) tenant: Tenant,
    client: reqwest::Client,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn time(&self) -> Timestamp {
        let text = self.json["signInSessionsValidFromDateTime"].as_str();
        text.unwrap().parse().unwrap()
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_in(World::default_contoso().unwrap()).await
    }

    pub(crate) async fn start_in(world: World) -> Self {
        let tenant = Tenant::start(world, SandboxClock::new()).await.unwrap();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { tenant, client }
    }

    pub(crate) fn id_of(&self, user: &str) -> Uuid {
        self.tenant.sessions_of(user)[0].user
    }

    pub(crate) async fn identity(&self, url: &str, header: &str) -> Answer {
        let request = self.client.get(url).header("X-IDENTITY-HEADER", header);
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn token(&self) -> String {
        self.token_for("https://graph.microsoft.com").await
    }

    pub(crate) async fn token_for(&self, resource: &str) -> String {
        let url = format!(
            "{}?api-version=2019-08-01&resource={resource}",
            self.tenant.identity_endpoint()
        );
        let answer = self.identity(&url, &self.tenant.identity_header()).await;
        answer.json["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.tenant.graph_endpoint());
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        match body {
            Some(json) => request
                .header("Content-Type", "application/json")
                .body(json.to_string()),
            None => request,
        }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let request = self.request(method, path, token, body);
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Some(&self.token().await), None)
            .await
    }

    pub(crate) async fn get_eventual(&self, path: &str) -> Answer {
        let token = self.token().await;
        let request = self
            .request("GET", path, Some(&token), None)
            .header("ConsistencyLevel", "eventual");
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(&self.token().await), Some(body))
            .await
    }

    pub(crate) async fn revoke(&self, key: &str) -> Answer {
        let path = format!("/v1.0/users/{key}/revokeSignInSessions");
        self.send("POST", &path, Some(&self.token().await), None)
            .await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.tenant.control_endpoint());
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(json) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(json.to_string());
        }
        answer(request.send().await.unwrap()).await
    }
}

async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = response.bytes().await.unwrap();
    Answer {
        status,
        headers,
        json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    }
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
