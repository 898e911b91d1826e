//! The sign-in log: one entry for each sign-in of a person and each redemption of a refresh token, written by the
//! tenant itself. Readers see an entry late, as the real log shows it ("Log latency in Microsoft Entra ID").

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{floor_to_second, plus};

/// The most entries; the oldest are dropped, because client apps may redeem again and again.
const MOST_ENTRIES: usize = 10_000;

/// "Microsoft Entra authentication and authorization error codes": the grant was revoked.
const REVOKED: u32 = 50173;
/// The same page: the account is disabled.
const DISABLED: u32 = 50057;
/// The same page: the account does not exist.
const DELETED: u32 = 50034;

/// The network location of a client app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub ip_address: String,
    /// The two letters of its country or region.
    pub country: String,
    /// Its city.
    pub city: String,
}

impl Default for Place {
    /// An address that is reserved for documentation.
    fn default() -> Self {
        Self {
            ip_address: "203.0.113.10".to_owned(),
            country: "DK".to_owned(),
            city: "Aarhus".to_owned(),
        }
    }
}

impl Place {
    /// A place of which only this is known; the default one if that is nothing.
    pub(crate) fn known_as(ip_address: Option<String>, country: Option<String>) -> Self {
        let usual = Self::default();
        if ip_address.is_none() && country.is_none() {
            return usual;
        }
        Self {
            ip_address: ip_address.unwrap_or(usual.ip_address),
            country: country.unwrap_or_default(),
            city: String::new(),
        }
    }
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct SignInLog {
    entries: VecDeque<SignInEntry>,
    lag: Duration,
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct SignInEntry {
    pub(crate) at: Timestamp,
    pub(crate) user: Uuid,
    pub(crate) is_interactive: bool,
    pub(crate) error_code: u32,
    id: Uuid,
    user_principal_name: String,
    app: String,
    place: Place,
}

/// A sign-in attempt: the user, the client app, and the place.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) user: Uuid,
    pub(crate) user_principal_name: &'a str,
    pub(crate) app: &'a str,
    pub(crate) place: &'a Place,
    pub(crate) is_interactive: bool,
}

/// The error code for a session's refusal; 0 if it was not refused.
pub(crate) fn error_code(refusal: Option<&str>) -> u32 {
    match refusal {
        None => 0,
        Some("account_disabled") => DISABLED,
        Some("user_deleted") => DELETED,
        Some(_) => REVOKED,
    }
}

impl SignInLog {
    pub(crate) fn write(&mut self, attempt: &Attempt<'_>, error_code: u32, at: Timestamp) {
        if self.entries.len() == MOST_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(SignInEntry {
            at,
            user: attempt.user,
            is_interactive: attempt.is_interactive,
            error_code,
            id: Uuid::new_v4(),
            user_principal_name: attempt.user_principal_name.to_lowercase(),
            app: attempt.app.to_owned(),
            place: attempt.place.clone(),
        });
    }

    pub(crate) fn set_lag(&mut self, lag: Duration) {
        self.lag = lag;
    }

    /// The entries that a reader can see now, the most recent first.
    pub(crate) fn seen(&self, now: Timestamp) -> Vec<&SignInEntry> {
        let mut seen: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| plus(entry.at, self.lag) <= now)
            .collect();
        seen.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        seen
    }

    /// A user's `signInActivity` ("signInActivity resource type"); null for a user who never signed in.
    pub(crate) fn activity(&self, user: Uuid, now: Timestamp) -> Value {
        let last = |fits: &dyn Fn(&SignInEntry) -> bool| {
            self.seen(now)
                .into_iter()
                .find(|entry| entry.user == user && fits(entry))
        };
        let of = |entry: Option<&SignInEntry>| {
            (
                entry.map(|entry| floor_to_second(entry.at)),
                entry.map(|entry| entry.id),
            )
        };
        let any = last(&|_| true);
        if any.is_none() {
            return Value::Null;
        }
        let (interactive, interactive_id) = of(last(&|entry| entry.is_interactive));
        let (other, other_id) = of(last(&|entry| !entry.is_interactive));
        let (success, success_id) = of(last(&|entry| entry.error_code == 0));
        json!({
            "lastSignInDateTime": interactive,
            "lastSignInRequestId": interactive_id,
            "lastNonInteractiveSignInDateTime": other,
            "lastNonInteractiveSignInRequestId": other_id,
            "lastSuccessfulSignInDateTime": success,
            "lastSuccessfulSignInRequestId": success_id,
        })
    }
}

impl SignInEntry {
    /// The entry as the resource type signIn; beta has more properties than v1.0 ("List signIns", both versions).
    pub(crate) fn json(&self, is_beta: bool) -> Value {
        let failure = match self.error_code {
            0 => None,
            DISABLED => Some("The user account is disabled."),
            DELETED => Some("The user account does not exist in the directory."),
            _ => Some(
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            ),
        };
        let mut entry = json!({
            "id": self.id,
            "createdDateTime": floor_to_second(self.at),
            "userDisplayName": self.user_principal_name,
            "userPrincipalName": self.user_principal_name,
            "userId": self.user,
            "appId": "1950a258-227b-4e31-a9cf-717495945fc2",
            "appDisplayName": self.app,
            "ipAddress": self.place.ip_address,
            "clientAppUsed": "Mobile Apps and Desktop clients",
            "correlationId": self.id,
            "conditionalAccessStatus": "notApplied",
            "isInteractive": self.is_interactive,
            "riskDetail": "none",
            "riskLevelAggregated": "none",
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
            "riskEventTypes_v2": [],
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": "00000003-0000-0000-c000-000000000000",
            "status": {
                "errorCode": self.error_code,
                "failureReason": failure.unwrap_or("Other."),
                "additionalDetails": null,
            },
            "deviceDetail": {
                "deviceId": "",
                "displayName": "",
                "operatingSystem": "",
                "browser": "",
                "isCompliant": false,
                "isManaged": false,
                "trustType": "",
            },
            "location": {
                "city": self.place.city,
                "state": "",
                "countryOrRegion": self.place.country,
                "geoCoordinates": {"altitude": null, "latitude": null, "longitude": null},
            },
            "appliedConditionalAccessPolicies": [],
        });
        if is_beta {
            let kind = if self.is_interactive {
                "interactiveUser"
            } else {
                "nonInteractiveUser"
            };
            entry["signInEventTypes"] = json!([kind]);
            entry["incomingTokenType"] = json!(if self.is_interactive {
                "none"
            } else {
                "refreshToken"
            });
        }
        entry
    }
}
