//! Graph's limits, by application and by tenant ("Microsoft Graph service-specific throttling limits", identity and
//! access; read 2026-11-23). Each limit is a bucket that fills evenly and holds as much as its window grants.
//!
//! Where the documentation is unclear, the stricter reading applies: a refused call counts too, as the guidance says
//! ("requests continue to accrue against usage limits"), down to 1.8 times the limit, the most that
//! `x-ms-throttle-limit-percentage` is documented to show. A caller that goes on calling waits longer.
//!
//! A test need not take hours: after a move of the sandbox's clock, buckets are full at once. For programs that run in
//! real time, [`Limits::shortened`] shortens every window and its grant in the same ratio. The rate, such as 20 writes
//! a second, stays Graph's own, and so do the seconds of `Retry-After`; only the burst shrinks. A storm that is smaller
//! in the same ratio is then the same storm, except for two things: the rounding of `Retry-After` to whole seconds, and
//! a caller's own waits.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::Answer;
use super::cost::Cost;
use crate::sync::lock;

/// The share of a limit from which answers report its use.
const TELLING: f64 = 0.8;
/// The largest use of a limit, refused calls included.
const DEEPEST: f64 = 1.8;

/// A grant per window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// The grant.
    pub most: f64,
    /// The window in seconds.
    pub seconds: f64,
}

/// Graph's limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Resource units of one app in this tenant.
    pub resource_units: Limit,
    /// Writes of one app in this tenant.
    pub writes: Limit,
    /// Writes of all apps in this tenant.
    pub tenant_writes: Limit,
    /// Requests of one app, to any service.
    pub requests: Limit,
    /// Whether a refusal for too many writes includes reads in its scope, as the one published sample does ("Microsoft
    /// Graph throttling guidance"). Otherwise it names writes alone, as the format's description allows.
    #[serde(default)]
    pub refused_writes_hold_reads: bool,
}

impl Limits {
    /// Graph's limits in a tenant with this many users.
    #[must_use]
    pub fn of_graph(users: usize) -> Self {
        let units = match users {
            0..50 => 3_500.0,
            50..=500 => 5_000.0,
            _ => 8_000.0,
        };
        let limit = |most, seconds| Limit { most, seconds };
        Self {
            resource_units: limit(units, 10.0),
            writes: limit(3_000.0, 150.0),
            tenant_writes: limit(18_000.0, 300.0),
            requests: limit(2_000.0, 1.0),
            refused_writes_hold_reads: false,
        }
    }

    /// The same rates, with windows shorter by this factor.
    #[must_use]
    pub fn shortened(self, times: f64) -> Self {
        let shorter = |limit: Limit| Limit {
            most: limit.most / times,
            seconds: limit.seconds / times,
        };
        Self {
            resource_units: shorter(self.resource_units),
            writes: shorter(self.writes),
            tenant_writes: shorter(self.tenant_writes),
            requests: shorter(self.requests),
            ..self
        }
    }

    /// The least time for this many writes of one app, by the limits alone.
    #[must_use]
    pub fn time_for_writes(&self, writes: f64) -> Duration {
        let of = |limit: Limit| (writes - limit.most).max(0.0) * limit.seconds / limit.most;
        Duration::from_secs_f64(of(self.writes).max(of(self.tenant_writes)))
    }
}

/// A limit, and the caller that it counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    ResourceUnits(Uuid),
    Writes(Uuid),
    TenantWrites,
    Requests(Uuid),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// The limits in force, and their current use.
#[derive(Debug)]
pub(super) struct Throttling(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Option<Limits>,
    buckets: HashMap<Counted, Bucket>,
}

/// The result of counting a call.
#[derive(Debug)]
pub(super) enum Counting {
    /// It passes; the use of the nearest limit.
    Passed(f64),
    /// It is refused with this answer.
    Refused(Answer),
}

impl Throttling {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Mutex::new(Inner {
            limits: Some(limits),
            buckets: HashMap::new(),
        }))
    }

    pub(super) fn limits(&self) -> Option<Limits> {
        lock(&self.0).limits
    }

    /// Replaces or removes the limits. All buckets are full afterwards.
    pub(super) fn set(&self, limits: Option<Limits>) {
        let mut inner = lock(&self.0);
        inner.limits = limits;
        inner.buckets.clear();
    }

    /// Counts a call of this app.
    pub(super) fn count(&self, cost: Cost, app: Uuid, tenant: Uuid, now: Timestamp) -> Counting {
        let mut inner = lock(&self.0);
        let Some(limits) = inner.limits else {
            return Counting::Passed(0.0);
        };
        let writes = f64::from(cost.writes);
        let mut used: f64 = 0.0;
        let mut refused: Option<(f64, Counted)> = None;
        for (counted, limit, amount) in [
            (Counted::Writes(app), limits.writes, writes),
            (Counted::TenantWrites, limits.tenant_writes, writes),
            (
                Counted::ResourceUnits(app),
                limits.resource_units,
                f64::from(cost.resource_units),
            ),
            (Counted::Requests(app), limits.requests, 1.0),
        ] {
            if amount == 0.0 {
                continue;
            }
            let full = Bucket {
                left: limit.most,
                at: now,
            };
            let bucket = inner.buckets.entry(counted).or_insert(full);
            bucket.take(amount, limit, now);
            used = used.max(1.0 - bucket.left / limit.most);
            let wait = (amount - bucket.left) * limit.seconds / limit.most;
            if bucket.left < 0.0 && refused.is_none_or(|(longest, _)| wait > longest) {
                refused = Some((wait, counted));
            }
        }
        match refused {
            None => Counting::Passed(used),
            Some((wait, counted)) => {
                let narrow = !limits.refused_writes_hold_reads;
                Counting::Refused(refusal(counted, narrow, wait, app, tenant))
            }
        }
    }
}

impl Bucket {
    fn take(&mut self, amount: f64, limit: Limit, now: Timestamp) {
        // The sandbox's clock can be set back; that fills no bucket.
        let passed = now.duration_since(self.at).as_secs_f64().max(0.0);
        let filled = (self.left + passed * limit.most / limit.seconds).min(limit.most);
        self.left = (filled - amount).max(limit.most * (1.0 - DEEPEST));
        self.at = now;
    }
}

/// The refusal, with the wait rounded up to whole seconds.
fn refusal(counted: Counted, narrow: bool, wait: f64, app: Uuid, tenant: Uuid) -> Answer {
    let of_writes = if narrow { "Write" } else { "ReadWrite" };
    let (whose, which, information) = match counted {
        Counted::Writes(_) => ("Tenant_Application", of_writes, "WriteLimitExceeded"),
        Counted::TenantWrites => ("Tenant", of_writes, "WriteLimitExceeded"),
        Counted::ResourceUnits(_) => (
            "Tenant_Application",
            "ReadWrite",
            "ResourceUnitLimitExceeded",
        ),
        Counted::Requests(_) => ("Application", "ReadWrite", "RequestLimitExceeded"),
    };
    Answer::usual(429)
        .with(
            "x-ms-throttle-scope",
            &format!("{whose}/{which}/{app}/{tenant}"),
        )
        .with("x-ms-throttle-information", information)
        .with("Retry-After", &format!("{:.0}", wait.ceil().max(1.0)))
}

/// Reports the call's cost and the use of the limits in an answer. Refusals of callers and of the sandbox's own report
/// neither.
pub(super) fn report(answer: &mut Answer, cost: Cost, used: f64) {
    if matches!(answer.status, 401 | 429 | 501) {
        return;
    }
    answer.set("x-ms-resource-unit", &cost.resource_units.to_string());
    if used > TELLING {
        answer.set("x-ms-throttle-limit-percentage", &format!("{used:.2}"));
    }
}
