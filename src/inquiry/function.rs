//! Asks a deployed function for its self-check, as an operator would with curl. Entra ID is not asked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use crate::domain::{
    GroupId, Mode, TenantId, UserId, UserPrincipalName, protection_hash_of_id,
    protection_hash_of_name,
};
use crate::http::header::{self, HeaderValue};
use crate::http::{Answer, Bounds, HttpClient, HttpFailure, HttpRequest, Method, Url};
use crate::identity::operator::AccessToken;

/// The function's check asks Graph for up to 30 seconds, after a cold start.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_mins(1),
    bytes: 1024 * 1024,
};

const MOST_PROBLEMS: usize = 50;

/// The address of a function's self-check: https, or plain http on this machine, without user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUrl(Url);

impl FromStr for CheckUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected https:// and the address of the self-check, such as \
                                https://contoso-evict.azurewebsites.net/api/check, or http:// and a loopback address with a port; \
                                no key belongs into it";
        let url: Url = text.trim().parse().map_err(|_| EXPECTED)?;
        let is_safe = match url.scheme() {
            "https" => url.host_str().is_some_and(|host| !host.is_empty()),
            "http" => {
                let is_loopback = match url.host() {
                    Some(url::Host::Ipv4(address)) => address.is_loopback(),
                    Some(url::Host::Ipv6(address)) => address.is_loopback(),
                    Some(url::Host::Domain(_)) | None => false,
                };
                is_loopback && url.port().is_some()
            }
            _ => false,
        };
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_safe && is_plain {
            Ok(Self(url))
        } else {
            Err(EXPECTED)
        }
    }
}

impl CheckUrl {
    /// The host that gets the token.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for CheckUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionCheck {
    /// All is well.
    Well {
        /// Its version.
        version: String,
        /// Its policy; an older function sends none.
        policy: Option<FunctionPolicy>,
    },
    /// Something is wrong, in its own words.
    NotWell {
        /// What is wrong and what to do, one sentence or two each.
        problems: Vec<String>,
        /// Its policy; an older function sends none.
        policy: Option<FunctionPolicy>,
    },
    /// The caller was refused, with the reason and the next step if the function gives them.
    NotLetIn {
        /// 401 or 403.
        status: u16,
        /// What was missing, and what to do.
        said: Option<String>,
    },
    /// Another answer.
    Otherwise {
        /// The answer, in words.
        what: String,
    },
    /// No answer.
    Silent {
        /// The reason.
        reason: String,
    },
}

/// The policy of a function, as its self-check shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPolicy {
    /// The one tenant in which it acts.
    pub tenant: TenantId,
    /// Whether it changes anything at all.
    pub mode: Mode,
    /// The most users that one alert may cut.
    pub max_users_per_alert: usize,
    /// The most users that may be cut within a rolling hour.
    pub max_users_per_hour: usize,
    /// How many users were cut within the past hour, if its ledger answers.
    pub used: Option<usize>,
    /// The groups whose members are never cut.
    pub protected_groups: Vec<GroupId>,
    /// How many users are never cut.
    pub protected_users: usize,
    salt: Uuid,
    hashes: BTreeSet<Uuid>,
}

impl FunctionPolicy {
    /// Whether it protects the user of this object id.
    #[must_use]
    pub fn protects_id(&self, id: UserId) -> bool {
        self.hashes.contains(&protection_hash_of_id(self.salt, id))
    }

    /// Whether it protects the user of this name.
    #[must_use]
    pub fn protects_name(&self, name: &UserPrincipalName) -> bool {
        self.hashes
            .contains(&protection_hash_of_name(self.salt, name))
    }
}

#[derive(Deserialize)]
struct WireCheck {
    status: String,
    version: String,
    #[serde(default)]
    problems: Vec<String>,
    policy: Option<WirePolicy>,
    ledger: Option<WireLedger>,
}

#[derive(Deserialize)]
struct WireLedger {
    used: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    tenant: String,
    mode: String,
    max_users_per_alert: usize,
    max_users_per_hour: usize,
    protected_groups: Vec<String>,
    protected_users: WireProtected,
}

#[derive(Deserialize)]
struct WireProtected {
    count: usize,
    salt: Uuid,
    hashes: BTreeSet<Uuid>,
}

impl WireCheck {
    /// The policy; `None` if it is missing or a part cannot be read: half a policy protects half.
    fn policy(&self) -> Option<FunctionPolicy> {
        let wire = self.policy.as_ref()?;
        let groups = wire.protected_groups.iter().map(|group| group.parse().ok());
        Some(FunctionPolicy {
            tenant: wire.tenant.parse().ok()?,
            mode: [Mode::Enforce, Mode::Observe]
                .into_iter()
                .find(|mode| mode.as_str() == wire.mode)?,
            max_users_per_alert: wire.max_users_per_alert,
            max_users_per_hour: wire.max_users_per_hour,
            used: self.ledger.as_ref().and_then(|ledger| ledger.used),
            protected_groups: groups.collect::<Option<_>>()?,
            protected_users: wire.protected_users.count,
            salt: wire.protected_users.salt,
            hashes: wire.protected_users.hashes.clone(),
        })
    }
}

#[derive(Deserialize)]
struct WireRefusal {
    error: WireError,
}

#[derive(Deserialize)]
struct WireError {
    problem: String,
    #[serde(default)]
    next: String,
}

/// Asks the function for its self-check, with or without a token. The token goes to this address alone.
pub async fn ask(http: &HttpClient, url: &CheckUrl, token: Option<&AccessToken>) -> FunctionCheck {
    let mut request = HttpRequest::new(Method::GET, url.0.clone());
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        let Some(bearer) = token.bearer() else {
            return FunctionCheck::Otherwise {
                what: "nothing, for the token holds characters that no header may hold".to_owned(),
            };
        };
        headers.insert(header::AUTHORIZATION, bearer.header());
    }
    match http.exchange(request, BOUNDS).await {
        Ok(answer) => read(&answer),
        Err(failure) => silent(&failure),
    }
}

fn silent(failure: &HttpFailure) -> FunctionCheck {
    FunctionCheck::Silent {
        reason: failure.to_string(),
    }
}

fn read(answer: &Answer) -> FunctionCheck {
    let body = match &answer.body {
        Ok(body) => body.as_slice(),
        Err(failure) => return silent(failure),
    };
    let status = answer.status;
    match status {
        200 | 503 => {
            if let Ok(check) = serde_json::from_slice::<WireCheck>(body) {
                let policy = check.policy();
                return if status == 200 && check.status == "ok" {
                    FunctionCheck::Well {
                        version: check.version,
                        policy,
                    }
                } else {
                    let mut problems = check.problems;
                    problems.truncate(MOST_PROBLEMS);
                    FunctionCheck::NotWell { problems, policy }
                };
            }
            FunctionCheck::Otherwise {
                what: format!("{status}, and no self-check"),
            }
        }
        401 | 403 => {
            let said = serde_json::from_slice::<WireRefusal>(body).ok();
            FunctionCheck::NotLetIn {
                status,
                said: said.map(|said| format!("{} {}", said.error.problem, said.error.next)),
            }
        }
        300..=399 => FunctionCheck::Otherwise {
            what: format!("{status}, a redirect, which is not followed"),
        },
        _ => FunctionCheck::Otherwise {
            what: status.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::http::header::HeaderMap;

    use super::*;

    #[test]
    fn a_token_leaves_over_https_or_stays_on_this_machine() {
        for text in [
            "https://contoso-evict.azurewebsites.net/api/check",
            "https://evict.contoso.com:8443/check",
            "http://127.0.0.1:7071/api/check",
            "http://[::1]:7071/api/check",
        ] {
            assert!(CheckUrl::from_str(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "contoso-evict.azurewebsites.net/api/check",
            "http://contoso-evict.azurewebsites.net/api/check",
            "http://localhost:7071/api/check",
            "http://127.0.0.1/api/check",
            "http://127.0.0.1.example.org:7071/api/check",
            "https://user:word@contoso-evict.azurewebsites.net/api/check",
            "https://user@contoso-evict.azurewebsites.net/api/check",
            "https://:word@contoso-evict.azurewebsites.net/api/check",
            "https://contoso-evict.azurewebsites.net/api/check#key",
            "https://contoso-evict.azurewebsites.net/api/check?code=key",
            "ftp://contoso-evict.azurewebsites.net/api/check",
        ] {
            assert!(CheckUrl::from_str(text).is_err(), "{text}");
        }
    }

    fn answered(status: u16, body: &str) -> FunctionCheck {
        read(&Answer {
            status,
            headers: HeaderMap::new(),
            body: Ok(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn half_a_policy_is_none_and_a_whole_one_knows_whom_it_protects() {
        let salt: Uuid = "0b1f6c2e-58a4-4d0a-9c35-7d7a0f3f1a11".parse().unwrap();
        let id: UserId = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
        let name: UserPrincipalName = "Alice@Contoso.com".parse().unwrap();
        let whole = serde_json::json!({
            "status": "ok", "version": "0.1.0", "ledger": {"kept": "memory", "used": 3},
            "policy": {
                "tenant": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a", "mode": "observe", "maxUsersPerAlert": 25,
                "maxUsersPerHour": 250, "protectedGroups": ["35dd8954-a7f8-422a-8eed-ef2a6f877ca9"],
                "protectedUsers": {"count": 1, "salt": salt, "hashes": [protection_hash_of_id(salt, id)]},
            },
        });
        let policy = |document: &serde_json::Value| match answered(200, &document.to_string()) {
            FunctionCheck::Well { policy, .. } => policy,
            other @ (FunctionCheck::NotWell { .. }
            | FunctionCheck::NotLetIn { .. }
            | FunctionCheck::Otherwise { .. }
            | FunctionCheck::Silent { .. }) => panic!("{other:?}"),
        };
        let read = policy(&whole).unwrap();
        assert!(read.protects_id(id) && !read.protects_name(&name));
        assert_eq!((read.mode, read.used), (Mode::Observe, Some(3)));
        for (pointer, wrong) in [
            ("/policy/mode", "pretend"),
            ("/policy/protectedGroups/0", "admins"),
            ("/policy/tenant", "contoso.com"),
        ] {
            let mut half = whole.clone();
            *half.pointer_mut(pointer).unwrap() = wrong.into();
            assert_eq!(policy(&half), None, "{pointer}");
        }
    }

    #[test]
    fn only_the_function_itself_says_that_all_is_well() {
        let well = r#"{"status":"ok","version":"0.1.0","problems":[]}"#;
        let version = "0.1.0".to_owned();
        let policy = None;
        assert_eq!(answered(200, well), FunctionCheck::Well { version, policy });
        let not = r#"{"status":"not_ok","version":"0.1.0","problems":["It lacks."]}"#;
        let problems = vec!["It lacks.".to_owned()];
        let policy = None;
        assert_eq!(
            answered(503, not),
            FunctionCheck::NotWell { problems, policy }
        );
        for (status, body) in [
            (200, "<html>"),
            (302, ""),
            (404, ""),
            (503, well),
            (500, not),
        ] {
            let read = answered(status, body);
            assert!(!matches!(read, FunctionCheck::Well { .. }), "{read:?}");
        }
        let told = |status| match answered(status, "") {
            FunctionCheck::Otherwise { what } => what,
            other @ (FunctionCheck::Well { .. }
            | FunctionCheck::NotWell { .. }
            | FunctionCheck::NotLetIn { .. }
            | FunctionCheck::Silent { .. }) => panic!("{other:?}"),
        };
        assert_eq!(told(302), "302, a redirect, which is not followed");
        assert_eq!(told(404), "404");
        let refused = r#"{"error":{"problem":"No token.","next":"Send one."}}"#;
        assert_eq!(
            answered(401, refused),
            FunctionCheck::NotLetIn {
                status: 401,
                said: Some("No token. Send one.".to_owned())
            }
        );
    }
}
