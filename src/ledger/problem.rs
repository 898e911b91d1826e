//! The ledger's problems: what was answered, whether a retry may help, and what a person can do.

use std::fmt;
use std::time::Duration;

/// Why the ledger could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LedgerProblem {
    /// Another instance wrote in between.
    Changed,
    /// The storage service answered with an error.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The service's own error code (`x-ms-error-code`).
        code: Option<String>,
        /// The service's id of the request.
        request_id: Option<String>,
        /// The wait that it asks for.
        retry_after: Option<Duration>,
    },
    /// No answer. A write may have been carried out.
    NoAnswer(String),
    /// No token for the storage service.
    NoToken(String),
    /// The answer lacks a required header.
    Lacks(&'static str),
    /// The content is not a ledger of this version.
    NotOurs(String),
}

impl LedgerProblem {
    /// Whether a retry soon may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Changed | Self::NoAnswer(_) => true,
            // A refused token is dropped, and the retry gets another one.
            Self::Answered { status, .. } => matches!(status, 401 | 408 | 429 | 500..=599),
            Self::NoToken(_) | Self::Lacks(_) | Self::NotOurs(_) => false,
        }
    }

    /// The wait that the service asks for.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Answered { retry_after, .. } => retry_after.unwrap_or_default(),
            Self::Changed
            | Self::NoAnswer(_)
            | Self::NoToken(_)
            | Self::Lacks(_)
            | Self::NotOurs(_) => Duration::ZERO,
        }
    }

    /// What a person can do.
    fn next(&self) -> &'static str {
        match self {
            Self::Changed => {
                "If this stays so, more instances write than one blob bears: lower the number of instances, or send \
                 fewer and larger alerts."
            }
            Self::Answered { status: 403, .. } => {
                "Give the app's identity the role Storage Blob Data Contributor on the container, and see that the \
                 account's firewall lets the app in. A role that was just given takes some minutes."
            }
            Self::Answered { status: 401, .. } => {
                "See that the storage account is in the tenant and the cloud of the app's identity."
            }
            Self::Answered { status: 404, .. } => {
                "Create the container that EVICT_LEDGER_URL names, or correct the setting. Evict makes the blob itself."
            }
            Self::Answered {
                status: 408 | 429 | 500..=599,
                ..
            } => "It mostly passes by itself; Azure's own status page knows of outages.",
            Self::Answered { .. } => {
                "Look the code up under \"Blob service error codes\", and correct the storage account or \
                 EVICT_LEDGER_URL."
            }
            Self::NoAnswer(_) => {
                "See that the storage account of EVICT_LEDGER_URL exists and can be reached from the app's network."
            }
            Self::NoToken(_) => {
                "Turn on the function app's system-assigned identity, or correct EVICT_CLIENT_ID."
            }
            Self::Lacks(_) => {
                "Something between the app and the storage service alters its answers."
            }
            Self::NotOurs(_) => {
                "Nothing was overwritten. Point EVICT_LEDGER_URL at a blob of its own, or delete this one if nothing \
                 else needs it: the hour then begins anew."
            }
        }
    }

    /// The problem in whole sentences, with the next step.
    pub(super) fn sentence(&self, url: &str) -> String {
        format!(
            "The ledger {url} cannot be used: {self}. Next: {}",
            self.next()
        )
    }
}

impl fmt::Display for LedgerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("others wrote it first each time"),
            Self::Answered {
                status,
                code,
                request_id,
                ..
            } => {
                write!(f, "the storage service answered {status}")?;
                if let Some(code) = code {
                    write!(f, " {code}")?;
                }
                if let Some(id) = request_id {
                    write!(f, " (request {id})")?;
                }
                Ok(())
            }
            Self::NoAnswer(reason) => write!(f, "the storage service did not answer ({reason})"),
            Self::NoToken(reason) => {
                write!(
                    f,
                    "there is no token for https://storage.azure.com ({reason})"
                )
            }
            Self::Lacks(header) => {
                write!(f, "the storage service's answer has no readable {header}")
            }
            Self::NotOurs(reason) => write!(f, "the blob is no ledger of Evict, for {reason}"),
        }
    }
}

impl std::error::Error for LedgerProblem {}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_problem_says_what_was_answered_and_what_to_do() {
        let answered = |status, code: &str| LedgerProblem::Answered {
            status,
            code: Some(code.to_owned()),
            request_id: Some("3c5eeae0-0000-4000-8000-000000000000".to_owned()),
            retry_after: None,
        };
        let mut text = String::new();
        for problem in [
            LedgerProblem::Changed,
            answered(403, "AuthorizationPermissionMismatch"),
            answered(401, "InvalidAuthenticationInfo"),
            answered(404, "ContainerNotFound"),
            answered(503, "ServerBusy"),
            answered(400, "InvalidHeaderValue"),
            LedgerProblem::NoAnswer("connection refused".to_owned()),
            LedgerProblem::NoToken("the identity endpoint answered 400".to_owned()),
            LedgerProblem::Lacks("Date"),
            LedgerProblem::NotOurs("it says that it is something else".to_owned()),
        ] {
            let url = "https://evict01.blob.core.windows.net/evict-ledger/hour.json";
            let _ = writeln!(text, "{}\n", problem.sentence(url));
        }
        insta::assert_snapshot!(text);
    }
}
