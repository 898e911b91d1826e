//! The settings in force, as text: for the log, and for the self-check's answer.

use std::time::Duration;

use super::registry::{self, Setting};
use super::settings::Settings;
use crate::domain::{ProtectedUser, Severity};

type Show = fn(&Settings) -> String;

/// Every setting of the registry, in its order.
const SHOWN: &[(Setting, Show)] = &[
    (registry::TENANT_ID, |it| it.policy.tenant.to_string()),
    (registry::CLIENT_ID, |it| text(it.client_id)),
    (registry::CLOUD, |it| it.cloud.as_str().to_owned()),
    (registry::GRAPH_ENDPOINT, |it| {
        it.graph_endpoint.root().to_owned()
    }),
    (registry::MODE, |it| it.policy.mode.as_str().to_owned()),
    (registry::PROTECTED_USERS, |it| {
        counted(&it.policy.protected_users)
    }),
    (registry::PROTECTED_GROUPS, |it| {
        joined(&it.policy.protected_groups)
    }),
    (registry::MAX_USERS_PER_ALERT, |it| {
        it.policy.max_users_per_alert.to_string()
    }),
    (registry::MAX_USERS_PER_HOUR, |it| {
        it.policy.max_users_per_hour.to_string()
    }),
    (registry::LEDGER_URL, |it| text(it.ledger.as_ref())),
    (registry::MIN_SEVERITY, |it| {
        text(it.policy.min_severity.map(Severity::as_str))
    }),
    (registry::HTTP_AUDIENCE, |it| {
        text(it.callers.as_ref().map(|it| &it.audience))
    }),
    (registry::ALLOWED_CALLERS, |it| {
        text(it.callers.as_ref().map(|it| joined(&it.allowed)))
    }),
    (registry::LOGIN_ENDPOINT, |it| {
        it.login_endpoint.root().to_owned()
    }),
    (registry::ARM_ENDPOINT, |it| {
        it.arm_endpoint.root().to_owned()
    }),
    (registry::SENTINEL_WORKSPACES, |it| {
        joined(&it.sentinel_workspaces)
    }),
    (registry::CONCURRENCY, |it| it.concurrency.to_string()),
    (registry::MAX_DELIVERIES, |it| it.max_deliveries.to_string()),
    (registry::HTTP_DEADLINE, |it| seconds(it.http_deadline)),
    (registry::QUEUE_DEADLINE, |it| seconds(it.queue_deadline)),
    (registry::REDELIVERY_WAIT, |it| seconds(it.redelivery_wait)),
    (registry::VERIFY, |it| seconds(it.verify)),
    (registry::LOG, |it| it.log_level.as_str().to_owned()),
    (registry::PORT, |it| it.port.to_string()),
];

impl Settings {
    /// Every setting with its value in force, in the registry's order. Protected users are counted and not named: the list
    /// stands in logs and in the self-check's answer, so it holds no secret and no person's name.
    #[must_use]
    pub fn in_force(&self) -> Vec<(&'static str, String)> {
        let shown = SHOWN.iter();
        shown
            .map(|(setting, show)| (setting.name, show(self)))
            .collect()
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn seconds(time: Duration) -> String {
    time.as_secs().to_string()
}

fn counted(users: &[ProtectedUser]) -> String {
    let ids = users
        .iter()
        .filter(|user| matches!(user, ProtectedUser::Id(_)))
        .count();
    match (ids, users.len() - ids) {
        (0, 0) => String::new(),
        (ids, names) => format!("{ids} by object id, {names} by user principal name"),
    }
}

fn joined(ids: &[impl ToString]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
