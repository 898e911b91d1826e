//! The scene of every measurement: a simulated tenant of ten thousand users, Sentinel incidents that name some of them,
//! invocations as the host writes them, and the results from the tenant's journal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use sandbox::clock::SandboxClock;
use sandbox::functions::queue_invocation;
use sandbox::tenant::{CallRecord, Fault, Tenant, World};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::child::Running;

/// The number of users.
pub const USERS: usize = 10_000;

/// The invoked function.
const FUNCTION: &str = "RevokeFromQueue";
const BINDING: &str = "message";

const TENANT: Uuid = Uuid::from_u128(0xf6fa_dfa7_e5c1_4b62_9362_da5c_c13d_a58a);
/// A group of protected users, as in every real deployment. No alert names a member.
const PROTECTED_GROUP: Uuid = Uuid::from_u128(0xf448_435d_3ca7_4073_8152_a1fd_73c0_fd09);
const INCIDENT: &str = include_str!("../../fixtures/inbound/sentinel-incident-trigger.json");

/// The tenant, and the sender of alerts.
#[derive(Debug)]
pub struct Scene {
    tenant: Tenant,
    client: reqwest::Client,
    incident: Value,
    next: AtomicUsize,
}

/// An alert, ready to be sent.
#[derive(Debug, Clone)]
pub struct Alert {
    body: Vec<u8>,
    users: usize,
}

/// The duration of one alert.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// From the sending of the alert to the whole answer.
    pub total: Duration,
    /// The part of it in which Graph worked on at least one call.
    pub graph: Duration,
    /// From the sending to the arrival of the first revocation, without the time in which Graph worked.
    pub to_revocation: Duration,
    /// How many of Graph's answers were awaited in sequence before that.
    pub round_trips: usize,
}

impl Scene {
    /// A tenant of [`USERS`] users and a protected group.
    ///
    /// # Errors
    /// No port is available.
    pub async fn new() -> anyhow::Result<Self> {
        let user = |index: usize| json!({"id": user_id(index), "userPrincipalName": format!("user{index:05}@contoso.com")});
        let users: Vec<Value> = (0..=USERS).map(user).collect();
        let world = json!({
            "tenant": {"id": TENANT, "domain": "contoso.com"},
            "users": users,
            // No alert names the last user.
            "groups": [{"id": PROTECTED_GROUP, "displayName": "Protected", "members": [user_id(USERS)]}],
        });
        let world = World::from_json(&world.to_string())?;
        let tenant = Tenant::start(world, SandboxClock::new()).await?;
        // The storm measures the waits for Graph's limits.
        tenant.set_limits(None);
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self {
            tenant,
            client,
            incident: serde_json::from_str(INCIDENT).context("the sample of an incident")?,
            next: AtomicUsize::new(0),
        })
    }

    /// The settings of a program: the tenant, a protected group, and caps that are out of reach.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = self.tenant.environment();
        let own = [
            ("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP.to_string()),
            ("EVICT_MAX_USERS_PER_ALERT", "100000".to_owned()),
            ("EVICT_MAX_USERS_PER_HOUR", "100000".to_owned()),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
        environment
    }

    /// Delays every call to Graph by this time from now on.
    pub fn slow_down(&self, by: Duration) {
        self.tenant.faults().add(Fault::on("/v1.0/*").delayed(by));
    }

    /// Removes the delay of calls to Graph.
    pub fn speed_up(&self) {
        self.tenant.faults().clear();
    }

    /// The time of day of the journal.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.tenant.clock().now()
    }

    /// The text of an incident that names this many users, different ones each time.
    #[must_use]
    pub fn incident(&self, users: usize) -> String {
        let from = self.next.fetch_add(users, Ordering::Relaxed);
        let entities = (from..from + users).map(|index| account(user_id(index % USERS)));
        self.with_entities(entities.collect())
    }

    /// The text of an incident of at least this many bytes, in which accounts and addresses alternate.
    #[must_use]
    pub fn large_incident(&self, bytes: usize) -> String {
        let pair = account(user_id(0)).to_string().len() + address(0).to_string().len();
        let entities = (0..=bytes / pair)
            .flat_map(|index| [account(user_id(index)), address(index)])
            .collect();
        self.with_entities(entities)
    }

    fn with_entities(&self, entities: Vec<Value>) -> String {
        let mut incident = self.incident.clone();
        incident["object"]["properties"]["relatedEntities"] = entities.into();
        incident.to_string()
    }

    /// An alert that names this many users, different ones each time, as the host passes it on.
    #[must_use]
    pub fn alert(&self, users: usize) -> Alert {
        let text = self.incident(users);
        let body = queue_invocation(FUNCTION, BINDING, &text, self.now());
        Alert {
            body: body.to_string().into_bytes(),
            users,
        }
    }

    /// Sends an alert and waits for the whole answer.
    ///
    /// # Errors
    /// There is no answer, or it does not report success.
    pub async fn send(&self, to: &Running, alert: Alert) -> anyhow::Result<Duration> {
        let request = self
            .client
            .post(format!("{}/{FUNCTION}", to.root()))
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Azure-Functions-InvocationId", Uuid::new_v4().to_string())
            .body(alert.body);
        let sent = Instant::now();
        let answer = request.send().await.context("sending an alert")?;
        let status = answer.status();
        let body = answer.bytes().await.context("reading the answer")?;
        let total = sent.elapsed();
        ensure!(
            status == 200,
            "an alert of {} users was answered {status}: {}",
            alert.users,
            String::from_utf8_lossy(&body[..body.len().min(300)])
        );
        Ok(total)
    }

    /// Sends an alert alone and returns its duration. Nothing else may call the tenant meanwhile.
    ///
    /// # Errors
    /// It fails, or not every user is cut.
    pub async fn send_alone(&self, to: &Running, alert: Alert) -> anyhow::Result<Taken> {
        self.tenant.forget_calls();
        let users = alert.users;
        let sent = self.now();
        let total = self.send(to, alert).await?;
        let calls = self.tenant.calls();
        let first = first_revocation(&calls)?;
        let before: Vec<CallRecord> = calls
            .iter()
            .filter(|call| call.answered_at.is_some_and(|answered| answered <= first))
            .cloned()
            .collect();
        self.ensure_cut(users)?;
        Ok(Taken {
            total,
            graph: time_in_graph(&calls),
            to_revocation: between(sent, first).saturating_sub(time_in_graph(&before)),
            round_trips: round_trips(&before),
        })
    }

    /// When the first revocation since [`Scene::forget`] arrived.
    ///
    /// # Errors
    /// There was none.
    pub fn first_revocation(&self) -> anyhow::Result<Timestamp> {
        first_revocation(&self.tenant.calls())
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.tenant.forget_calls();
    }

    /// Checks that this many revocations succeeded since [`Scene::forget`]: a program that does not do its job is not
    /// measured.
    ///
    /// # Errors
    /// There were more or fewer.
    pub fn ensure_cut(&self, users: usize) -> anyhow::Result<()> {
        let calls = self.tenant.calls();
        let cut = calls
            .iter()
            .filter(|call| is_revocation(call) && call.status == Some(200))
            .count();
        ensure!(cut == users, "{cut} revocations succeeded, not {users}");
        Ok(())
    }
}

fn user_id(index: usize) -> Uuid {
    Uuid::from_u128(0x6cac_e4d5_19d5_4695_92e7_0000_0000_0000 + index as u128)
}

fn account(id: Uuid) -> Value {
    entity(
        id,
        "Account",
        &json!({
            "accountName": "someone",
            "upnSuffix": "contoso.com",
            "aadTenantId": TENANT,
            "aadUserId": id,
            "isDomainJoined": true,
            "displayName": "Someone Else",
            "friendlyName": "Someone Else",
        }),
    )
}

fn address(index: usize) -> Value {
    let text = format!("203.0.{}.{}", index / 256 % 256, index % 256);
    let properties = json!({"address": text, "friendlyName": text});
    entity(user_id(index), "Ip", &properties)
}

fn entity(id: Uuid, kind: &str, properties: &Value) -> Value {
    json!({
        "id": format!(
            "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Entities/{id}"
        ),
        "name": id,
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": kind,
        "properties": properties,
    })
}

fn is_revocation(call: &CallRecord) -> bool {
    call.method == "POST" && call.path.ends_with("revokeSignInSessions")
}

fn first_revocation(calls: &[CallRecord]) -> anyhow::Result<Timestamp> {
    calls
        .iter()
        .find(|call| is_revocation(call))
        .map(|call| call.at)
        .context("no revocation arrived")
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// When calls began and ended, in the order in which they ended.
fn spans(calls: &[CallRecord]) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<_> = calls
        .iter()
        .filter_map(|call| Some((call.at, call.answered_at?)))
        .collect();
    spans.sort_by_key(|(_, ended)| *ended);
    spans
}

/// How long Graph worked on at least one call.
fn time_in_graph(calls: &[CallRecord]) -> Duration {
    let mut spans = spans(calls);
    spans.sort();
    let mut sum = Duration::ZERO;
    let mut until = Timestamp::MIN;
    for (began, ended) in spans {
        sum += between(began.max(until), ended);
        until = until.max(ended);
    }
    sum
}

/// The number of sequential calls: the longest chain in which each began after the end of the one before.
fn round_trips(calls: &[CallRecord]) -> usize {
    let mut count = 0;
    let mut until = Timestamp::MIN;
    for (began, ended) in spans(calls) {
        if began >= until {
            count += 1;
            until = ended;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbox::tenant::Service;

    fn call(began: i64, ended: i64) -> CallRecord {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        CallRecord {
            at: at(began),
            answered_at: Some(at(ended)),
            service: Service::Graph,
            method: "GET".to_owned(),
            path: "/v1.0/users/x".to_owned(),
            status: Some(200),
            user: None,
            request_id: Uuid::nil(),
            client_request_id: None,
            content_type: None,
            body: String::new(),
            surprise: None,
            while_throttled: false,
            caller: None,
            answer: None,
            retry_after: None,
            spoiled: false,
            cut_at: None,
        }
    }

    #[test]
    fn time_in_which_two_calls_are_open_counts_once() {
        let calls = [call(0, 20), call(5, 25), call(30, 40), call(32, 34)];
        assert_eq!(time_in_graph(&calls), Duration::from_millis(35));
        assert_eq!(time_in_graph(&[]), Duration::ZERO);
    }

    #[test]
    fn calls_side_by_side_are_one_round_trip() {
        assert_eq!(round_trips(&[call(0, 20), call(5, 25)]), 1);
        assert_eq!(round_trips(&[call(0, 20), call(5, 25), call(25, 40)]), 2);
        assert_eq!(round_trips(&[]), 0);
    }

    #[tokio::test]
    async fn alerts_name_other_users_each_time_and_every_user_exists() {
        let scene = Scene::new().await.unwrap();
        for from in [0, 3] {
            let incident: Value = serde_json::from_str(&scene.incident(3)).unwrap();
            let entities = incident["object"]["properties"]["relatedEntities"].as_array();
            let ids: Vec<&str> = entities
                .into_iter()
                .flatten()
                .filter_map(|entity| entity["properties"]["aadUserId"].as_str())
                .collect();
            let wanted: Vec<String> = (from..from + 3).map(|i| user_id(i).to_string()).collect();
            assert_eq!(ids, wanted);
            assert!(ids.iter().all(|id| scene.tenant.valid_from(id).is_some()));
        }
        assert!(scene.large_incident(100_000).len() >= 100_000);
    }
}
