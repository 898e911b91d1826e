//! Which tokens are accepted, and which are not. The simulated tenant issues them, each with a single fault.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evict::callers::{Callers, Refusal};
use evict::domain::{CallerPolicy, Cloud, LoginEndpoint, SystemClock};
use evict::http::HttpClient;
use sandbox::clock::SandboxClock;
use sandbox::tenant::{Fault, Issuer, Tenant, World};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

const AUDIENCE: &str = "api://7d4b6f0c-5d52-4b2c-9d5f-0d9a0d1c2b3a";
const BARE_AUDIENCE: &str = "7d4b6f0c-5d52-4b2c-9d5f-0d9a0d1c2b3a";
const PLAYBOOK: Uuid = uuid!("5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21");
const APPLICATION: Uuid = uuid!("c1c9a1de-7e0b-4f5d-9a43-6f2f7f0b8e11");
const STRANGER: Uuid = uuid!("0f9e8d7c-6b5a-4c3d-8e2f-1a0b9c8d7e6f");

struct Scene {
    tenant: Tenant,
    callers: Callers,
}

impl Scene {
    async fn set(allowed: &[Uuid]) -> Self {
        let tenant = Tenant::start(World::default_contoso().unwrap(), SandboxClock::new())
            .await
            .unwrap();
        let policy = CallerPolicy {
            tenant: tenant.tenant_id().to_string().parse().unwrap(),
            cloud: Cloud::Global,
            audience: AUDIENCE.parse().unwrap(),
            allowed: allowed.to_vec(),
        };
        let endpoint = LoginEndpoint::loopback(&tenant.login_endpoint()).unwrap();
        let callers = Callers::connect(
            policy,
            HttpClient::new().unwrap(),
            &endpoint,
            Arc::new(SystemClock::start()),
        );
        Self { tenant, callers }
    }

    fn issuer(&self) -> Issuer {
        self.tenant.issuer()
    }

    fn claims(&self) -> Value {
        self.issuer().claims(BARE_AUDIENCE, PLAYBOOK, APPLICATION)
    }

    /// The claims of a valid token, except for one.
    fn but(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut claims = self.claims();
        claims[name] = value.into();
        claims
    }

    async fn admit(&self, token: &str) -> Result<(), Refusal> {
        let header = format!("Bearer {token}");
        self.callers.admit(&[&header]).await.map(|_| ())
    }

    async fn sentence(&self, token: &str) -> String {
        let refusal = self.admit(token).await.unwrap_err();
        format!("{} {refusal}", refusal.status())
    }
}

fn now() -> i64 {
    SandboxClock::new().now().as_second()
}

#[tokio::test]
async fn a_token_of_either_version_lets_its_holder_in() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = scene.issuer();
    let second = issuer.sign(&scene.claims());
    let caller = scene
        .callers
        .admit(&[&format!("Bearer {second}")])
        .await
        .unwrap();
    assert_eq!(caller.object_id, PLAYBOOK);
    assert_eq!(caller.application_id, Some(APPLICATION));
    let first = issuer.sign(&issuer.first_version_claims(AUDIENCE, PLAYBOOK, APPLICATION));
    let caller = scene
        .callers
        .admit(&[&format!("Bearer {first}")])
        .await
        .unwrap();
    assert_eq!(caller.object_id, PLAYBOOK);
    assert_eq!(caller.application_id, Some(APPLICATION));
    assert_eq!(scene.tenant.login_calls().len(), 1);
    scene.tenant.assert_no_surprises();
}

#[tokio::test]
async fn each_claim_that_is_wrong_is_named_and_nothing_more() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let other = "9c2f4f7e-8a53-4f7b-9d1c-3b2a1f0e9d8c";
    let mut told = Vec::new();
    for (name, value) in [
        ("aud", json!("https://graph.microsoft.com")),
        ("aud", json!(format!("{AUDIENCE}.example"))),
        ("iss", json!(format!("https://sts.windows.net/{other}/"))),
        (
            "iss",
            json!("https://login.microsoftonline.com/common/v2.0"),
        ),
        ("tid", json!(other)),
        ("tid", Value::Null),
        ("exp", json!(now() - 3600)),
        ("nbf", json!(now() + 3600)),
        ("exp", Value::Null),
        ("oid", Value::Null),
        ("oid", json!("alice@contoso.com")),
    ] {
        let token = scene.issuer().sign(&scene.but(name, value));
        told.push(format!("{name}: {}", scene.sentence(&token).await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_token_that_lacks_a_registered_claim_is_refused() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    for name in ["exp", "nbf", "iss", "aud"] {
        let mut claims = scene.claims();
        claims.as_object_mut().unwrap().remove(name);
        let token = scene.issuer().sign(&claims);
        assert_eq!(
            scene.admit(&token).await.unwrap_err().status(),
            401,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_signature_that_is_not_the_tenants_is_refused() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = scene.issuer();
    let kid = issuer.key_id();
    let forger = Issuer::new(scene.tenant.tenant_id(), SandboxClock::new());
    let header = |algorithm: &str| json!({"typ": "JWT", "alg": algorithm, "kid": kid});

    // Another key under the id of the right one, and under its own.
    let borrowed = forger.sign_with(&header("RS256"), &scene.claims());
    assert_eq!(
        scene.sentence(&borrowed).await,
        "401 The token's signature is not that of the tenant."
    );
    let own = forger.sign(&scene.claims());
    assert_eq!(
        scene.sentence(&own).await,
        "401 The token's signature is not that of the tenant."
    );

    // Claims that were changed after signing.
    let sound = issuer.sign(&scene.claims());
    let parts: Vec<&str> = sound.split('.').collect();
    let changed = URL_SAFE_NO_PAD.encode(scene.but("oid", STRANGER.to_string()).to_string());
    let token = format!("{}.{changed}.{}", parts[0], parts[2]);
    assert_eq!(
        scene.sentence(&token).await,
        "401 The token's signature is not that of the tenant."
    );

    // No signature, declared as such, with and without one; and none at all.
    for token in [
        issuer.sign_with(&header("none"), &scene.claims()),
        format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header("none").to_string()),
            parts[1]
        ),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
    ] {
        assert_eq!(
            scene.admit(&token).await.unwrap_err().status(),
            401,
            "{token}"
        );
    }
    // The tenant's public key, used as a shared secret.
    let secret = jsonwebtoken::EncodingKey::from_secret(&issuer.public_key()).unwrap();
    let mut shared = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    shared.kid = Some(kid.clone());
    let token = jsonwebtoken::encode(&shared, &scene.claims(), &secret).unwrap();
    assert_eq!(
        scene.sentence(&token).await,
        "401 The bearer token is not a signed JSON Web Token of Entra ID."
    );
    // Without a key id, or with a list of extensions that have to be understood.
    for wrong in [
        json!({"typ": "JWT", "alg": "RS256"}),
        json!({"typ": "JWT", "alg": "RS256", "kid": kid, "crit": ["b64"], "b64": false}),
    ] {
        let token = issuer.sign_with(&wrong, &scene.claims());
        assert_eq!(
            scene.admit(&token).await.unwrap_err().status(),
            401,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn when_the_tenant_rolls_its_keys_the_new_one_is_taken_and_the_old_one_is_not() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = scene.issuer();
    let old = issuer.sign(&scene.claims());
    assert_eq!(scene.admit(&old).await, Ok(()));
    issuer.roll();
    let new = issuer.sign(&scene.claims());
    assert_eq!(scene.admit(&new).await, Ok(()));
    assert_eq!(scene.admit(&old).await.unwrap_err().status(), 401);
}

#[tokio::test]
async fn while_the_keys_cannot_be_read_known_ones_serve_and_others_have_to_wait() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = scene.issuer();
    let outage = || {
        scene
            .tenant
            .faults()
            .add(Fault::on("GET */discovery/v2.0/keys").answer(503));
    };
    outage();
    let token = issuer.sign(&scene.claims());
    assert_eq!(scene.admit(&token).await, Err(Refusal::NoKeys));
    scene.tenant.faults().clear();
    scene.callers.warm_up().await.unwrap();
    assert_eq!(scene.admit(&token).await, Ok(()));
    outage();
    assert_eq!(scene.admit(&token).await, Ok(()));
    issuer.roll();
    let rolled = issuer.sign(&scene.claims());
    assert_eq!(scene.admit(&rolled).await, Err(Refusal::NoKeys));
    assert_eq!(Refusal::NoKeys.status(), 503);
}

#[tokio::test]
async fn who_is_not_on_the_list_is_refused_whatever_the_application() {
    let scene = Scene::set(&[PLAYBOOK, APPLICATION]).await;
    let issuer = scene.issuer();
    let stranger = issuer.claims(BARE_AUDIENCE, STRANGER, Uuid::nil());
    let refusal = scene.admit(&issuer.sign(&stranger)).await.unwrap_err();
    assert_eq!(refusal.status(), 403);
    // The listed application may call as itself, but not every user who signs in to it.
    let itself = issuer.claims(BARE_AUDIENCE, STRANGER, APPLICATION);
    assert_eq!(scene.admit(&issuer.sign(&itself)).await, Ok(()));
    let user = issuer.first_version_claims(AUDIENCE, STRANGER, APPLICATION);
    assert_eq!(
        scene.admit(&issuer.sign(&user)).await.unwrap_err().status(),
        403
    );
}

#[tokio::test]
async fn two_tokens_and_very_long_ones_are_refused_before_anything_is_asked() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let token = scene.issuer().sign(&scene.claims());
    let header = format!("Bearer {token}");
    for several in [
        &[header.as_str(), header.as_str()][..],
        &[&format!("{header}, {header}")],
        &[&format!("{header},{token}")],
    ] {
        assert_eq!(
            scene.callers.admit(several).await,
            Err(Refusal::SeveralTokens)
        );
    }
    let megabyte = format!("Bearer {}", "A".repeat(1024 * 1024));
    assert_eq!(
        scene.callers.admit(&[&megabyte]).await,
        Err(Refusal::NoEntraToken)
    );
    assert_eq!(scene.callers.admit(&[]).await, Err(Refusal::NoToken));
    assert!(scene.tenant.login_calls().is_empty());
}

#[tokio::test]
async fn an_id_token_lets_nobody_in() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = scene.issuer();
    // As the sign-in service issues them to the application itself: without the requesting application, and without
    // scopes.
    for mut claims in [
        scene.claims(),
        issuer.first_version_claims(BARE_AUDIENCE, PLAYBOOK, APPLICATION),
    ] {
        for name in ["appid", "azp", "azpacr", "scp", "idtyp"] {
            claims.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(
            scene.sentence(&issuer.sign(&claims)).await,
            "401 The token is no access token: it does not say which application got it (appid, azp)."
        );
    }
    let mut two = scene.claims();
    two["appid"] = json!(STRANGER);
    assert!(scene.admit(&issuer.sign(&two)).await.is_err());
}

#[tokio::test]
async fn only_a_token_that_an_application_got_for_itself_acts_for_the_application() {
    let scene = Scene::set(&[APPLICATION]).await;
    let issuer = scene.issuer();
    let own = issuer.claims(BARE_AUDIENCE, PLAYBOOK, APPLICATION);
    assert_eq!(scene.admit(&issuer.sign(&own)).await, Ok(()));
    // Without the optional claim the subject decides.
    let mut silent = own.clone();
    silent.as_object_mut().unwrap().remove("idtyp");
    assert_eq!(scene.admit(&issuer.sign(&silent)).await, Ok(()));
    let with = |claims: &Value, name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        issuer.sign(&claims)
    };
    for (wrong, status) in [
        (with(&own, "idtyp", json!("user")), 401),
        (with(&own, "idtyp", json!("device")), 401),
        (with(&own, "idtyp", Value::Null), 401),
        (with(&own, "scp", json!("user_impersonation")), 401),
        (with(&own, "scp", Value::Null), 401),
        (with(&own, "scp", json!(" ")), 401),
        (with(&silent, "sub", json!("pairwise")), 401),
        (with(&silent, "sub", json!(STRANGER)), 401),
        // A user's token at this application: valid, and not on the list.
        (with(&silent, "scp", json!("user_impersonation")), 403),
    ] {
        assert_eq!(
            scene.admit(&wrong).await.unwrap_err().status(),
            status,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_registered_claim_is_one_value_of_its_type() {
    let scene = Scene::set(&[PLAYBOOK]).await;
    let issuer = format!(
        "https://login.microsoftonline.com/{}/v2.0",
        scene.tenant.tenant_id()
    );
    for (name, value) in [
        ("aud", json!([BARE_AUDIENCE])),
        ("aud", json!([BARE_AUDIENCE, "https://graph.microsoft.com"])),
        ("iss", json!([issuer])),
        ("exp", json!("4102444800")),
        ("nbf", json!(1.5)),
        // Within the leeway of both, and yet never valid.
        ("exp", json!(now() - 30)),
    ] {
        let mut claims = scene.but(name, value);
        if name == "exp" && claims["exp"].is_i64() {
            claims["nbf"] = json!(now() + 30);
        }
        let refusal = scene.admit(&scene.issuer().sign(&claims)).await;
        assert_eq!(refusal.unwrap_err().status(), 401, "{name}: {claims}");
    }
}
