//! The App Service identity endpoint, version 2019-08-01, and the tokens it hands out ("How to use managed identities
//! for App Service and Azure Functions"). Issued tokens are recorded, so that Graph can check them. No published sample
//! of its error bodies is known, so they are approximations.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::call::Call;
use super::world::WorldApp;
use crate::clock::plus;
use crate::sync::lock;

/// "Managed identity best practice recommendations": the platform keeps a token for around 24 hours.
const LIFETIME: Duration = Duration::from_hours(24);
/// "Access tokens in the Microsoft identity platform": 60 to 90 minutes.
const PERSONS_LIFETIME: Duration = Duration::from_mins(75);
/// The Azure CLI ("Application IDs of commonly used Microsoft applications").
const AZURE_CLI: Uuid = Uuid::from_u128(0x04b0_7795_8ddb_461a_bbee_02f9_e1bf_7b46);
/// The accepted audiences of a Graph token: the root URLs of the clouds, and Graph's application id.
const GRAPH_AUDIENCES: [&str; 5] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    "00000003-0000-0000-c000-000000000000",
];

/// The app's identity, its permissions, and the issued tokens.
#[derive(Debug)]
pub(crate) struct Identity {
    tenant_id: Uuid,
    app: WorldApp,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The values of `IDENTITY_HEADER`, by which the endpoint recognises the app: one for each of its instances.
    headers: Vec<String>,
    permissions: Vec<String>,
    settings: TokenSettings,
    issued: HashMap<String, Token>,
    /// The platform's cache: one token per identity, instance and resource.
    cached: HashMap<(Uuid, Uuid, String), String>,
}

/// The settings of new tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenSettings {
    pub(crate) lifetime: Duration,
    /// The tenant of the token, if not this one.
    pub(crate) tenant: Option<Uuid>,
    /// Whether the platform returns the same token until it expires, so that a new grant does not show.
    pub(crate) cache: bool,
}

/// A token as Graph sees it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) tenant: Uuid,
    /// The application that Graph counts calls for.
    pub(crate) app: Uuid,
    /// The holder: an instance of the app, a pipeline, or a person.
    pub(crate) holder: Uuid,
    pub(crate) roles: Vec<String>,
    /// The object id of the holder.
    pub(crate) principal: Uuid,
    audience: String,
    expires_at: Timestamp,
    revoked: bool,
}

impl Identity {
    pub(crate) fn new(tenant_id: Uuid, app: WorldApp) -> Self {
        Self {
            tenant_id,
            inner: Mutex::new(Inner {
                headers: vec![new_header()],
                permissions: app.permissions.clone(),
                settings: TokenSettings {
                    lifetime: LIFETIME,
                    tenant: None,
                    cache: false,
                },
                issued: HashMap::new(),
                cached: HashMap::new(),
            }),
            app,
        }
    }

    /// Answers one call to the endpoint.
    pub(crate) fn answer(&self, call: &Call, now: Timestamp) -> Answer {
        if call.method != "GET" {
            return refusal(405, "The requested method is not supported.");
        }
        let header = call.header("x-identity-header").unwrap_or_default();
        if !lock(&self.inner).headers.iter().any(|own| own == header) {
            return refusal(401, "The X-IDENTITY-HEADER header is missing or invalid.");
        }
        let holder = Uuid::try_parse(header).unwrap_or_default();
        if call.query("api-version").as_deref() != Some("2019-08-01") {
            return refusal(400, "The api-version is not supported; use 2019-08-01.");
        }
        let Some(resource) = call.query("resource").filter(|text| !text.is_empty()) else {
            return refusal(400, "The resource parameter is missing.");
        };
        let Some((client_id, principal_id)) = self.which(call) else {
            return refusal(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            );
        };
        let (text, token) = self.token(client_id, principal_id, holder, &resource, now);
        Answer::json(
            200,
            json!({
                "access_token": text,
                "expires_on": token.expires_at.as_second().to_string(),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": client_id.to_string().to_uppercase(),
            }),
        )
    }

    /// The requested identity, by its client id and object id: the system-assigned one by default.
    fn which(&self, call: &Call) -> Option<(Uuid, Uuid)> {
        let own = (self.app.client_id, self.app.principal_id);
        let named = ["client_id", "principal_id", "object_id", "mi_res_id"]
            .iter()
            .find_map(|name| call.query(name));
        let Some(named) = named else {
            return Some(own);
        };
        let named = Uuid::try_parse(&named).ok()?;
        if named == own.0 || named == own.1 {
            return Some(own);
        }
        self.app
            .user_assigned_client_ids
            .contains(&named)
            .then_some((named, self.app.principal_id))
    }

    fn token(
        &self,
        client: Uuid,
        principal: Uuid,
        holder: Uuid,
        resource: &str,
        now: Timestamp,
    ) -> (String, Token) {
        let mut inner = lock(&self.inner);
        let key = (client, holder, resource.to_owned());
        if inner.settings.cache
            && let Some(text) = inner.cached.get(&key)
            && let Some(token) = inner.issued.get(text)
            && now < token.expires_at
        {
            return (text.clone(), token.clone());
        }
        let token = Token {
            tenant: inner.settings.tenant.unwrap_or(self.tenant_id),
            app: client,
            holder,
            roles: inner.permissions.clone(),
            principal,
            audience: resource.trim_end_matches('/').to_owned(),
            expires_at: plus(now, inner.settings.lifetime),
            revoked: false,
        };
        let text = token.write(client, principal, now);
        inner.issued.insert(text.clone(), token.clone());
        inner.cached.insert(key, text.clone());
        (text, token)
    }

    /// A token on behalf of a signed-in person with these delegated permissions, as the Azure CLI holds one ("Access
    /// token claims reference").
    pub(crate) fn delegated(&self, person: Uuid, scopes: &[&str], now: Timestamp) -> String {
        self.delegated_for(GRAPH_AUDIENCES[0], person, scopes, now)
    }

    /// The same for another service.
    pub(crate) fn delegated_for(
        &self,
        audience: &str,
        person: Uuid,
        scopes: &[&str],
        now: Timestamp,
    ) -> String {
        let mut inner = lock(&self.inner);
        let token = Token {
            tenant: inner.settings.tenant.unwrap_or(self.tenant_id),
            app: AZURE_CLI,
            holder: person,
            // Graph's checks are the same for both kinds; a test scripts the limits of a person's own directory role as
            // a fault.
            roles: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            principal: person,
            audience: audience.to_owned(),
            expires_at: plus(now, PERSONS_LIFETIME),
            revoked: false,
        };
        let claims = json!({
            "aud": token.audience,
            "iss": format!("https://sts.windows.net/{}/", token.tenant),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": token.expires_at.as_second(),
            "appid": AZURE_CLI,
            "appidacr": "0",
            "idtyp": "user",
            "oid": person,
            "scp": scopes.join(" "),
            "sub": Uuid::new_v4().simple().to_string(),
            "tid": token.tenant,
            "uti": Uuid::new_v4().simple().to_string(),
            "ver": "1.0",
        });
        let text = unsigned(&claims);
        inner.issued.insert(text.clone(), token);
        text
    }

    /// Exchanges a federated token for one of the app ("Microsoft identity platform and the OAuth 2.0 client
    /// credentials flow", third case). The assertion has to be [`FEDERATED_TOKEN`](super::FEDERATED_TOKEN): its issuer
    /// is not simulated. The error's form is that of the same page.
    pub(crate) fn exchange(&self, call: &Call, now: Timestamp) -> Answer {
        let path = format!("/login/{}/oauth2/v2.0/token", self.tenant_id);
        if call.raw != path {
            return Answer::unknown(&format!("{} {}", call.method, call.raw));
        }
        let form: HashMap<String, String> = url::form_urlencoded::parse(&call.body)
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let resource = field("scope").strip_suffix("/.default");
        let named = Uuid::try_parse(field("client_id")).ok();
        let (Some(resource), "client_credentials", true) = (
            resource,
            field("grant_type"),
            named == Some(self.app.client_id),
        ) else {
            return Answer::unknown("a token request that is none of a federated credential");
        };
        if field("client_assertion") != super::FEDERATED_TOKEN {
            return Answer::json(
                401,
                json!({
                    "error": "invalid_client",
                    "error_description": "AADSTS700213: No matching federated identity record found for presented assertion subject.",
                    "error_codes": [700_213],
                }),
            );
        }
        let app = &self.app;
        let (text, token) = self.token(
            app.client_id,
            app.principal_id,
            app.client_id,
            resource,
            now,
        );
        let lifetime = token.expires_at.as_second() - now.as_second();
        Answer::json(
            200,
            json!({"token_type": "Bearer", "expires_in": lifetime, "access_token": text}),
        )
    }

    /// The value of `IDENTITY_HEADER` of the app's first instance.
    pub(crate) fn header(&self) -> String {
        lock(&self.inner)
            .headers
            .first()
            .cloned()
            .unwrap_or_default()
    }

    /// Starts another instance of the app and returns its `IDENTITY_HEADER`.
    pub(crate) fn add_instance(&self) -> String {
        let header = new_header();
        lock(&self.inner).headers.push(header.clone());
        header
    }

    /// Replaces all values of `IDENTITY_HEADER` with this one.
    pub(crate) fn be_known_by(&self, header: String) {
        lock(&self.inner).headers = vec![header];
    }

    /// The token of an `Authorization` header, if it was issued here, whether it is still valid or not.
    pub(crate) fn bearer(&self, header: Option<&str>) -> Option<Token> {
        let text = header?.strip_prefix("Bearer ")?;
        lock(&self.inner).issued.get(text).cloned()
    }

    /// Graph's check of an `Authorization` header.
    pub(crate) fn authorize(&self, header: Option<&str>, now: Timestamp) -> Result<Token, Answer> {
        self.accepted(header, &GRAPH_AUDIENCES, now)
            .map_err(Answer::unauthorized)
    }

    /// The token of an `Authorization` header, if it is valid for any of the audiences; otherwise the error.
    pub(crate) fn accepted(
        &self,
        header: Option<&str>,
        audiences: &[&str],
        now: Timestamp,
    ) -> Result<Token, &'static str> {
        let Some(text) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err("Access token is empty.");
        };
        if text.split('.').count() != 3 {
            return Err("CompactToken parsing failed with error code: 80049217");
        }
        let Some(token) = lock(&self.inner).issued.get(text).cloned() else {
            return Err("Access token validation failure. Invalid signature.");
        };
        if !audiences.contains(&token.audience.as_str()) {
            return Err("Access token validation failure. Invalid audience.");
        }
        if token.revoked || now >= token.expires_at {
            return Err("Lifetime validation failed, the token is expired.");
        }
        Ok(token)
    }

    pub(crate) fn permissions(&self) -> Vec<String> {
        lock(&self.inner).permissions.clone()
    }

    pub(crate) fn grant(&self, permission: &str) {
        let mut inner = lock(&self.inner);
        if !inner.permissions.iter().any(|other| other == permission) {
            inner.permissions.push(permission.to_owned());
        }
    }

    pub(crate) fn remove(&self, permission: &str) {
        lock(&self.inner)
            .permissions
            .retain(|other| other != permission);
    }

    /// Makes Graph refuse every token that was issued so far; the platform drops them from its cache.
    pub(crate) fn revoke_tokens(&self) {
        let mut inner = lock(&self.inner);
        inner
            .issued
            .values_mut()
            .for_each(|token| token.revoked = true);
        inner.cached.clear();
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut TokenSettings)) {
        change(&mut lock(&self.inner).settings);
    }
}

impl Token {
    /// The token's text: the three parts of a JWT. Nothing checks the signature, which is a placeholder.
    fn write(&self, client: Uuid, principal: Uuid, now: Timestamp) -> String {
        let claims = json!({
            "aud": self.audience,
            "iss": format!("https://sts.windows.net/{}/", self.tenant),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": self.expires_at.as_second(),
            "appid": client,
            "appidacr": "2",
            "idp": format!("https://sts.windows.net/{}/", self.tenant),
            "idtyp": "app",
            "oid": principal,
            "sub": principal,
            "roles": self.roles,
            "tid": self.tenant,
            "uti": Uuid::new_v4().simple().to_string(),
            "ver": "1.0",
        });
        unsigned(&claims)
    }
}

fn new_header() -> String {
    Uuid::new_v4().simple().to_string().to_uppercase()
}

fn unsigned(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "sandbox"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
    format!("{}.{}.{signature}", part(&header), part(claims))
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        json!({
            "statusCode": status,
            "message": message,
            "correlationId": Uuid::new_v4(),
        }),
    )
}
