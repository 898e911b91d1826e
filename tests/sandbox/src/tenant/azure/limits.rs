//! The rate limits of Azure Resource Manager: a bucket for each caller and subscription, one of reads and one of writes
//! ("Request limits and throttling", Azure Resource Manager: 250 reads and 25 more each second, 200 writes and 10
//! more).

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::error;
use crate::tenant::answer::Answer;

/// A bucket's size and refill rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AzureLimit {
    /// The size of the bucket.
    pub most: f64,
    /// The refill per second.
    pub each_second: f64,
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AzureLimits {
    /// Reads.
    pub reads: AzureLimit,
    /// Writes.
    pub writes: AzureLimit,
}

impl Default for AzureLimits {
    fn default() -> Self {
        Self {
            reads: AzureLimit {
                most: 250.0,
                each_second: 25.0,
            },
            writes: AzureLimit {
                most: 200.0,
                each_second: 10.0,
            },
        }
    }
}

/// The remaining tokens of each caller.
#[derive(Debug, Default)]
pub(in crate::tenant) struct AzureThrottling {
    pub(in crate::tenant) limits: AzureLimits,
    left: HashMap<(Uuid, String, &'static str), (f64, Timestamp)>,
}

impl AzureThrottling {
    /// Counts a call. Returns the remaining tokens, or the refusal.
    pub(super) fn count(
        &mut self,
        caller: Uuid,
        subscription: &str,
        method: &str,
        now: Timestamp,
    ) -> Result<(&'static str, u64), Answer> {
        let (kind, limit) = match method {
            "GET" | "POST" => ("reads", self.limits.reads),
            _ => ("writes", self.limits.writes),
        };
        let key = (caller, subscription.to_lowercase(), kind);
        let (left, at) = *self.left.get(&key).unwrap_or(&(limit.most, now));
        let passed = now.duration_since(at).as_secs_f64().max(0.0);
        let left = (left + passed * limit.each_second).min(limit.most);
        if left < 1.0 {
            self.left.insert(key, (left, now));
            let wait = ((1.0 - left) / limit.each_second).ceil().max(1.0);
            let message = format!(
                "Number of '{kind}' requests for subscription '{subscription}' exceeded the limit. Please try again after '{wait}' seconds."
            );
            return Err(error(429, "SubscriptionRequestsThrottled", &message)
                .with("Retry-After", &wait.to_string()));
        }
        self.left.insert(key, (left - 1.0, now));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "It lies between zero and the bucket's size."
        )]
        Ok((kind, (left - 1.0).floor() as u64))
    }
}
