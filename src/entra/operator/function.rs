//! Asks a deployed function for its own self-check, as an operator would with curl. It is here because this room has the HTTP
//! client that follows no redirect; nothing of Entra ID is asked.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use reqwest::header::{self, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::{Granted, SignedIn};
use crate::entra::transport::{Answer, TransportFailure};

/// How long the function may take: its own check asks Graph for up to 30 seconds, after a cold start.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The most of a function's answer that is repeated.
const MOST_PROBLEMS: usize = 50;

/// Where a function's self-check is: https, or plain http on this machine, without a user, a query or a fragment.
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

impl fmt::Display for CheckUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// What the function said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionCheck {
    /// All is well there.
    Well {
        /// Its version.
        version: String,
    },
    /// Something is not, in its own words.
    NotWell {
        /// What is wrong and what to do, one sentence or two each.
        problems: Vec<String>,
    },
    /// It did not let the caller in, for this reason and with this next step, if it told.
    NotLetIn {
        /// 401 or 403.
        status: u16,
        /// What was missing, and what to do.
        said: Option<String>,
    },
    /// It answered something else.
    Otherwise {
        /// What came.
        what: String,
    },
    /// It did not answer.
    Silent {
        /// What came of it.
        reason: String,
    },
}

#[derive(Deserialize)]
struct WireCheck {
    status: String,
    version: String,
    #[serde(default)]
    problems: Vec<String>,
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

impl SignedIn {
    /// Asks the function for its self-check, with this token or with none. The token goes to that address and no other.
    pub async fn ask_function(&self, url: &CheckUrl, token: Option<&Granted>) -> FunctionCheck {
        let mut request = reqwest::Request::new(Method::GET, url.0.clone());
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.secret())) else {
                return FunctionCheck::Otherwise {
                    what: "nothing, for the token holds characters that no header may hold"
                        .to_owned(),
                };
            };
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        match self.transport.exchange(request, TIMEOUT).await {
            Ok(answer) => read(&answer),
            Err(failure) => silent(&failure),
        }
    }
}

fn silent(failure: &TransportFailure) -> FunctionCheck {
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
                return if status == 200 && check.status == "ok" {
                    FunctionCheck::Well {
                        version: check.version,
                    }
                } else {
                    let mut problems = check.problems;
                    problems.truncate(MOST_PROBLEMS);
                    FunctionCheck::NotWell { problems }
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
    use reqwest::header::HeaderMap;

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
    fn only_the_function_itself_says_that_all_is_well() {
        let well = r#"{"status":"ok","version":"0.1.0","problems":[]}"#;
        let version = "0.1.0".to_owned();
        assert_eq!(answered(200, well), FunctionCheck::Well { version });
        let not = r#"{"status":"not_ok","version":"0.1.0","problems":["It lacks."]}"#;
        let problems = vec!["It lacks.".to_owned()];
        assert_eq!(answered(503, not), FunctionCheck::NotWell { problems });
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
