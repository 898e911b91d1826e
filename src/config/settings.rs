//! The settings in force: the registry's variables as types.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::{
    ArmEndpoint, Audience, CallerPolicy, Cloud, GraphEndpoint, LedgerEndpoint, LoginEndpoint, Mode,
    Policy, ProtectedUser, SentinelWorkspace, Severity, TenantId,
};

use super::environment::Environment;
use super::problem::Problems;
use super::reader::{Noted, Reader};
use super::registry::{self, LogLevel, MODES, SEVERITIES};

/// Every setting, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the handler listens.
    pub port: u16,
    /// The guard's policy.
    pub policy: Policy,
    /// The client id of a user-assigned managed identity; `None` for the system-assigned one.
    pub client_id: Option<Uuid>,
    /// The cloud, which decides the audience of a token.
    pub cloud: Cloud,
    /// Graph's endpoint: the cloud's, or one on this machine.
    pub graph_endpoint: GraphEndpoint,
    /// What HTTP callers must prove by a token; `None` if no token is asked for.
    pub callers: Option<CallerPolicy>,
    /// The sign-in endpoint with the keys of callers' tokens: the cloud's, or one on this machine.
    pub login_endpoint: LoginEndpoint,
    /// Azure Resource Manager's endpoint: the cloud's, or one on this machine.
    pub arm_endpoint: ArmEndpoint,
    /// The workspaces whose incidents are written; if there are none, no incident is touched.
    pub sentinel_workspaces: Vec<SentinelWorkspace>,
    /// The blob in which all instances count the cuts of the hour; `None` if each counts for itself.
    pub ledger: Option<LedgerEndpoint>,
    /// How many users of one alert are worked on in parallel.
    pub concurrency: usize,
    /// The queue's maximum delivery count.
    pub max_deliveries: u32,
    /// The longest time for an HTTP caller.
    pub http_deadline: Duration,
    /// The longest time for one delivery of a message.
    pub queue_deadline: Duration,
    /// The wait before an unfinished first delivery is abandoned; it doubles with each delivery.
    pub redelivery_wait: Duration,
    /// How long a cut is read back until it shows.
    pub verify: Duration,
    /// The least important log lines that are written.
    pub log_level: LogLevel,
}

impl Settings {
    /// Reads every setting of the registry.
    ///
    /// # Errors
    /// All that is wrong, at once: values that cannot be read, required ones that are missing, and variables that begin
    /// with `EVICT_` but are not in the registry.
    pub fn read(environment: &Environment) -> Result<Self, Problems> {
        let mut reader = Reader::new(environment);
        let tenant = reader.value(&registry::TENANT_ID, tenant);
        let client_id = reader.optional(&registry::CLIENT_ID, client_id);
        let cloud = cloud(&mut reader);
        let graph_endpoint = reader.optional(&registry::GRAPH_ENDPOINT, |text| {
            GraphEndpoint::loopback(text)
                .map_err(|_| "it is not an address of this machine".to_owned())
        });
        let audience = reader.optional(&registry::HTTP_AUDIENCE, |text| {
            text.parse::<Audience>().map_err(str::to_owned)
        });
        let allowed = reader.list(&registry::ALLOWED_CALLERS, id);
        let callers = callers(&mut reader, audience, allowed);
        let login_endpoint = reader.optional(&registry::LOGIN_ENDPOINT, login_endpoint);
        let arm_endpoint = reader.optional(&registry::ARM_ENDPOINT, arm_endpoint);
        let workspaces = reader.list(&registry::SENTINEL_WORKSPACES, |text| text.parse().ok());
        let mode = reader.word(&registry::MODE, &MODES, Mode::as_str);
        let protected_users = reader.list(&registry::PROTECTED_USERS, protected_user);
        let protected_groups = reader.list(&registry::PROTECTED_GROUPS, |text| text.parse().ok());
        let max_users_per_alert = reader.whole(&registry::MAX_USERS_PER_ALERT);
        let max_users_per_hour = reader.whole(&registry::MAX_USERS_PER_HOUR);
        // An unreadable cloud is a problem of its own, which comes first.
        let ledger_cloud = *cloud.as_ref().unwrap_or(&Cloud::Global);
        let ledger = reader.optional(&registry::LEDGER_URL, |text| {
            LedgerEndpoint::parse(text, ledger_cloud).map_err(str::to_owned)
        });
        let min_severity =
            reader.optional_word(&registry::MIN_SEVERITY, &SEVERITIES, Severity::as_str);
        let concurrency = reader.whole(&registry::CONCURRENCY);
        let max_deliveries = reader.whole(&registry::MAX_DELIVERIES);
        let http_deadline = reader.seconds(&registry::HTTP_DEADLINE);
        let queue_deadline = reader.seconds(&registry::QUEUE_DEADLINE);
        let redelivery_wait = reader.seconds(&registry::REDELIVERY_WAIT);
        let verify = reader.seconds(&registry::VERIFY);
        let log_level = reader.word(&registry::LOG, &LogLevel::ALL, LogLevel::as_str);
        let port = reader.value(&registry::PORT, port);
        reader.unknown_names();

        // Each failure above has its problem in the reader, so leaving at the first one loses nothing.
        let settings = || {
            let cloud = cloud?;
            let tenant = tenant?;
            Ok::<Self, Noted>(Self {
                port: port?,
                policy: Policy {
                    tenant,
                    protected_users: protected_users?,
                    protected_groups: protected_groups?,
                    mode: mode?,
                    max_users_per_alert: count(max_users_per_alert?),
                    max_users_per_hour: count(max_users_per_hour?),
                    min_severity: min_severity?,
                },
                client_id: client_id?,
                cloud,
                graph_endpoint: graph_endpoint?.unwrap_or_else(|| GraphEndpoint::of_cloud(cloud)),
                callers: callers?.map(|(audience, allowed)| CallerPolicy {
                    tenant,
                    cloud,
                    audience,
                    allowed,
                }),
                login_endpoint: login_endpoint?.unwrap_or_else(|| LoginEndpoint::of_cloud(cloud)),
                arm_endpoint: arm_endpoint?.unwrap_or_else(|| ArmEndpoint::of_cloud(cloud)),
                sentinel_workspaces: workspaces?,
                ledger: ledger?,
                concurrency: count(concurrency?),
                max_deliveries: max_deliveries?,
                http_deadline: http_deadline?,
                queue_deadline: queue_deadline?,
                redelivery_wait: redelivery_wait?,
                verify: verify?,
                log_level: log_level?,
            })
        };
        match (settings(), reader.into_problems()) {
            (Ok(settings), problems) if problems.is_empty() => Ok(settings),
            (_, problems) => Err(Problems(problems)),
        }
    }

    /// Reads every setting for the operator's command, which listens nowhere and needs no port. A tenant of the command line
    /// wins over the variable.
    ///
    /// # Errors
    /// As for [`Settings::read`].
    pub fn read_for_operator(
        environment: &Environment,
        tenant: Option<TenantId>,
    ) -> Result<Self, Problems> {
        let mut environment = environment
            .clone()
            .with(registry::PORT.name, "1".to_owned());
        if let Some(tenant) = tenant {
            environment = environment.with(registry::TENANT_ID.name, tenant.to_string());
        }
        Self::read(&environment)
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| "it is not a port".to_owned())
}

pub(super) fn tenant(text: &str) -> Result<TenantId, String> {
    text.parse()
        .map_err(|_| "it is not the id of a tenant".to_owned())
}

pub(super) fn cloud(reader: &mut Reader) -> Result<Cloud, Noted> {
    let clouds = Cloud::ALL.map(|(_, it)| it);
    reader.word(&registry::CLOUD, &clouds, Cloud::as_str)
}

pub(super) fn login_endpoint(text: &str) -> Result<LoginEndpoint, String> {
    LoginEndpoint::loopback(text).map_err(|_| "it is not an address of this machine".to_owned())
}

pub(super) fn arm_endpoint(text: &str) -> Result<ArmEndpoint, String> {
    ArmEndpoint::loopback(text).map_err(|_| "it is not an address of this machine".to_owned())
}

pub(super) fn client_id(text: &str) -> Result<Uuid, String> {
    id(text).ok_or_else(|| "it is not a client id".to_owned())
}

/// Every id of Entra is hyphenated, and is not the all-zero GUID for "unknown".
fn id(text: &str) -> Option<Uuid> {
    text.parse::<TenantId>().map(TenantId::uuid).ok()
}

/// Both or neither: an audience without callers refuses everybody, callers without an audience admit nobody.
fn callers(
    reader: &mut Reader,
    audience: Result<Option<Audience>, Noted>,
    allowed: Result<Vec<Uuid>, Noted>,
) -> Result<Option<(Audience, Vec<Uuid>)>, Noted> {
    match (audience?, allowed?) {
        (None, allowed) if allowed.is_empty() => Ok(None),
        (Some(audience), allowed) if !allowed.is_empty() => Ok(Some((audience, allowed))),
        (Some(_), _) => Err(reader.refuse(
            &registry::ALLOWED_CALLERS,
            "it names nobody, although EVICT_HTTP_AUDIENCE asks for tokens",
        )),
        (None, _) => Err(reader.refuse(
            &registry::HTTP_AUDIENCE,
            "it is not set, although EVICT_ALLOWED_CALLERS names callers",
        )),
    }
}

fn protected_user(text: &str) -> Option<ProtectedUser> {
    let by_id = text.parse().map(ProtectedUser::Id);
    by_id.or_else(|_| text.parse().map(ProtectedUser::Upn)).ok()
}

/// Lossless on every machine that this runs on; on a smaller one the cap is the most that it can count.
fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
