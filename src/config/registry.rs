//! The registry: every variable with its type, its default and its purpose. The table of `src/config/README.md` and
//! `local.settings.json.example` are generated from it, and the reader takes bounds and defaults from here alone.

use crate::domain::{Cloud, Mode, Severity};

/// The least importance of a log line that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Failures.
    Error,
    /// Also what may lead to a failure.
    Warn,
    /// Also what was done.
    Info,
    /// Also how it was done.
    Debug,
}

impl LogLevel {
    /// Every level, the most important first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// The word for it in `EVICT_LOG`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A TCP port.
    Port,
    /// A GUID with hyphens that is not all zeros.
    Guid,
    /// `http://` or `https://`, a loopback address and a port.
    Loopback,
    /// The address of a blob, in a storage account of the cloud.
    LedgerUrl,
    /// A word for [`Cloud`].
    Cloud,
    /// A word for [`Mode`].
    Mode,
    /// A word for [`Severity`].
    Severity,
    /// A word for [`LogLevel`].
    LogLevel,
    /// Object ids and user principal names of users.
    Users,
    /// Object ids of groups.
    Groups,
    /// Resource ids of Log Analytics workspaces.
    Workspaces,
    /// An application ID URI or an application id.
    Audience,
    /// Object ids of users and service principals, and application ids.
    Callers,
    /// A whole number between bounds, both included.
    Whole {
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// What is counted: `seconds`, `users` and the like.
        unit: &'static str,
    },
}

impl Kind {
    /// The words it may hold; none for a kind that is no choice of words.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Cloud => Cloud::ALL.iter().map(|(word, _)| *word).collect(),
            Self::Mode => MODES.iter().map(|mode| mode.as_str()).collect(),
            Self::Severity => SEVERITIES.iter().map(|it| it.as_str()).collect(),
            Self::LogLevel => LogLevel::ALL.iter().map(|it| it.as_str()).collect(),
            Self::Port
            | Self::Guid
            | Self::Loopback
            | Self::LedgerUrl
            | Self::Users
            | Self::Groups
            | Self::Workspaces
            | Self::Audience
            | Self::Callers
            | Self::Whole { .. } => Vec::new(),
        }
    }

    /// What it holds, for a person.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Port => "a port from 1 to 65535".to_owned(),
            Self::Guid => "a GUID such as 6cace4d5-19d5-4695-92e7-4f7bfab36728".to_owned(),
            Self::Loopback => {
                "http:// or https:// and a loopback address with a port, such as http://127.0.0.1:4010"
                    .to_owned()
            }
            Self::LedgerUrl => {
                "https://, a blob endpoint of the cloud, a container and a blob, such as \
                 https://evict01.blob.core.windows.net/evict-ledger/hour.json"
                    .to_owned()
            }
            Self::Cloud | Self::Mode | Self::Severity | Self::LogLevel => {
                format!("one of {}", self.words().join(", "))
            }
            Self::Users => "object ids or user principal names, separated by comma, semicolon or \
                            white space"
                .to_owned(),
            Self::Groups => {
                "object ids of groups, separated by comma, semicolon or white space".to_owned()
            }
            Self::Workspaces => "resource ids of workspaces, such as /subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.OperationalInsights/workspaces/{name}, separated by comma, semicolon or white space".to_owned(),
            Self::Audience => "an application ID URI, such as api://6cace4d5-19d5-4695-92e7-4f7bfab36728, or an application id".to_owned(),
            Self::Callers => "object ids or application ids, separated by comma, semicolon or white space".to_owned(),
            Self::Whole { least, most, unit } => {
                format!("a whole number of {unit} from {least} to {most}")
            }
        }
    }
}

/// The modes that `EVICT_MODE` can name.
pub(super) const MODES: [Mode; 2] = [Mode::Enforce, Mode::Observe];

/// The severities that `EVICT_MIN_SEVERITY` can name.
pub(super) const SEVERITIES: [Severity; 4] = [
    Severity::Informational,
    Severity::Low,
    Severity::Medium,
    Severity::High,
];

/// What applies when a variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// A problem: the variable is required.
    Required {
        /// Where a person finds the value.
        hint: &'static str,
    },
    /// No value.
    Absent {
        /// What the absence means.
        means: &'static str,
    },
    /// This text, read as if it stood in the variable.
    Text(&'static str),
}

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, in the case that it is written in.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What applies when it is unset or blank.
    pub fallback: Fallback,
    /// What it is for.
    pub doc: &'static str,
}

impl Setting {
    /// Whether the Functions host sets it, and not the person who deploys the app.
    #[must_use]
    pub fn is_set_by_the_host(&self) -> bool {
        self.name == PORT.name
    }
}

pub(super) const PORT: Setting = Setting {
    name: "FUNCTIONS_CUSTOMHANDLER_PORT",
    kind: Kind::Port,
    fallback: Fallback::Required {
        hint: "the handler is started by the Functions host, or by hand with FUNCTIONS_CUSTOMHANDLER_PORT=7071",
    },
    doc: "Where the handler listens, on 127.0.0.1. The Functions host sets it.",
};

/// The tenant.
pub const TENANT_ID: Setting = Setting {
    name: "EVICT_TENANT_ID",
    kind: Kind::Guid,
    fallback: Fallback::Required {
        hint: "the id of the one tenant in which Evict may act, which `az account show --query tenantId` tells",
    },
    doc: "The one tenant in which Evict may act. A token or an account of another tenant is withheld.",
};

pub(super) const CLIENT_ID: Setting = Setting {
    name: "EVICT_CLIENT_ID",
    kind: Kind::Guid,
    fallback: Fallback::Absent {
        means: "the system-assigned identity",
    },
    doc: "The client id of a user-assigned managed identity.",
};

/// The cloud.
pub const CLOUD: Setting = Setting {
    name: "EVICT_CLOUD",
    kind: Kind::Cloud,
    fallback: Fallback::Text("global"),
    doc: "The Microsoft cloud of the tenant: it decides where Graph, the sign-in service, Azure Resource Manager and storage accounts are.",
};

pub(super) const GRAPH_ENDPOINT: Setting = Setting {
    name: "EVICT_GRAPH_ENDPOINT",
    kind: Kind::Loopback,
    fallback: Fallback::Absent {
        means: "Graph of the cloud",
    },
    doc: "A Graph on this machine, for tests: the root before `/v1.0`. Other machines are refused.",
};

pub(super) const MODE: Setting = Setting {
    name: "EVICT_MODE",
    kind: Kind::Mode,
    fallback: Fallback::Text("enforce"),
    doc: "`observe` says in every receipt what would be done, the cap per hour included, and changes nothing.",
};

pub(super) const PROTECTED_USERS: Setting = Setting {
    name: "EVICT_PROTECTED_USERS",
    kind: Kind::Users,
    fallback: Fallback::Text(""),
    doc: "Users who are never cut, such as break-glass accounts. An empty list protects nobody.",
};

pub(super) const PROTECTED_GROUPS: Setting = Setting {
    name: "EVICT_PROTECTED_GROUPS",
    kind: Kind::Groups,
    fallback: Fallback::Text(""),
    doc: "Groups whose members, also by nesting, are never cut. Where membership cannot be read, nobody is cut.",
};

pub(super) const MAX_USERS_PER_ALERT: Setting = Setting {
    name: "EVICT_MAX_USERS_PER_ALERT",
    kind: Kind::Whole {
        least: 0,
        most: 100_000,
        unit: "users",
    },
    fallback: Fallback::Text("25"),
    doc: "The most users that one alert may cut; the rest are withheld. A manual message with a matching `expect` is exempt. With 0 only such messages cut anybody.",
};

pub(super) const MAX_USERS_PER_HOUR: Setting = Setting {
    name: "EVICT_MAX_USERS_PER_HOUR",
    kind: Kind::Whole {
        least: 0,
        most: 100_000,
        unit: "users",
    },
    fallback: Fallback::Text("250"),
    doc: "The most users that may be cut within a rolling hour; the rest are withheld, whoever asks. With 0 nobody is cut.",
};

pub(super) const LEDGER_URL: Setting = Setting {
    name: "EVICT_LEDGER_URL",
    kind: Kind::LedgerUrl,
    fallback: Fallback::Absent {
        means: "counted in memory, by each instance for itself",
    },
    doc: "The blob in which all instances of the app count how many users were cut this hour, so that `EVICT_MAX_USERS_PER_HOUR` holds for all of them together. The app's identity needs Storage Blob Data Contributor on the container; the blob is made when it is not there. A shared access signature is refused. For tests, loopback with a port.",
};

pub(super) const MIN_SEVERITY: Setting = Setting {
    name: "EVICT_MIN_SEVERITY",
    kind: Kind::Severity,
    fallback: Fallback::Absent {
        means: "all severities",
    },
    doc: "The least severity of an automated alert that is acted on. Manual messages are always acted on.",
};

/// The application that HTTP callers get their tokens for.
pub const HTTP_AUDIENCE: Setting = Setting {
    name: "EVICT_HTTP_AUDIENCE",
    kind: Kind::Audience,
    fallback: Fallback::Absent {
        means: "callers need a function key and no token",
    },
    doc: "The application that HTTP callers get their Entra tokens for. With it every HTTP call needs such a token, and no function key has to exist.",
};

/// Who may call over HTTP.
pub const ALLOWED_CALLERS: Setting = Setting {
    name: "EVICT_ALLOWED_CALLERS",
    kind: Kind::Callers,
    fallback: Fallback::Text(""),
    doc: "Who may call over HTTP: object ids of users, service principals and managed identities, and ids of applications that call as themselves. It goes together with `EVICT_HTTP_AUDIENCE`.",
};

pub(super) const LOGIN_ENDPOINT: Setting = Setting {
    name: "EVICT_LOGIN_ENDPOINT",
    kind: Kind::Loopback,
    fallback: Fallback::Absent {
        means: "the sign-in service of the cloud",
    },
    doc: "A sign-in service on this machine, for tests: the root before the tenant's id, where the keys of callers' tokens are read and the command exchanges federated tokens. Other machines are refused.",
};

pub(super) const ARM_ENDPOINT: Setting = Setting {
    name: "EVICT_ARM_ENDPOINT",
    kind: Kind::Loopback,
    fallback: Fallback::Absent {
        means: "Azure Resource Manager of the cloud",
    },
    doc: "An Azure Resource Manager on this machine, for tests: the root before `/subscriptions`. Other machines are refused.",
};

pub(super) const SENTINEL_WORKSPACES: Setting = Setting {
    name: "EVICT_SENTINEL_WORKSPACES",
    kind: Kind::Workspaces,
    fallback: Fallback::Text(""),
    doc: "The workspaces whose Sentinel incidents Evict asks for entities that arrive late, and into which it writes what it did. The app's identity needs Microsoft Sentinel Responder on each. Without any, no incident is touched.",
};

pub(super) const CONCURRENCY: Setting = Setting {
    name: "EVICT_CONCURRENCY",
    kind: Kind::Whole {
        least: 1,
        most: 64,
        unit: "users",
    },
    fallback: Fallback::Text("16"),
    doc: "How many users of one alert are worked on at the same time; of all alerts of an instance together four times as many.",
};

pub(super) const MAX_DELIVERIES: Setting = Setting {
    name: "EVICT_MAX_DELIVERIES",
    kind: Kind::Whole {
        least: 1,
        most: 2_000,
        unit: "deliveries",
    },
    fallback: Fallback::Text("10"),
    doc: "It must equal the input queue's own maximum delivery count. On that delivery everything is reported, finished or not. If the queue's is smaller, unfinished users end in its dead letters without a receipt.",
};

pub(super) const HTTP_DEADLINE: Setting = Setting {
    name: "EVICT_HTTP_DEADLINE_SECONDS",
    kind: Kind::Whole {
        least: 5,
        most: 220,
        unit: "seconds",
    },
    fallback: Fallback::Text("100"),
    doc: "How long an HTTP caller waits at most; what is not finished by then is handed to the queue. A playbook's HTTP action waits 120 seconds, and the platform cuts every caller off after 230.",
};

pub(super) const QUEUE_DEADLINE: Setting = Setting {
    name: "EVICT_QUEUE_DEADLINE_SECONDS",
    kind: Kind::Whole {
        least: 5,
        most: 240,
        unit: "seconds",
    },
    fallback: Fallback::Text("240"),
    doc: "How long one delivery of a message is worked on. Together with the wait before redelivery, at most 60 seconds, it has to stay below `functionTimeout` and `maxAutoLockRenewalDuration` in host.json.",
};

pub(super) const REDELIVERY_WAIT: Setting = Setting {
    name: "EVICT_REDELIVERY_WAIT_SECONDS",
    kind: Kind::Whole {
        least: 0,
        most: 60,
        unit: "seconds",
    },
    fallback: Fallback::Text("5"),
    doc: "How long the first delivery that could not be finished waits before it is given back. It doubles with each delivery, up to 60 seconds. With 0 messages come again at once.",
};

pub(super) const VERIFY: Setting = Setting {
    name: "EVICT_VERIFY_SECONDS",
    kind: Kind::Whole {
        least: 0,
        most: 60,
        unit: "seconds",
    },
    fallback: Fallback::Text("15"),
    doc: "How long a cut is read back until it shows. A cut that does not show by then is reported as not verified.",
};

pub(super) const LOG: Setting = Setting {
    name: "EVICT_LOG",
    kind: Kind::LogLevel,
    fallback: Fallback::Text("info"),
    doc: "The least important log lines that are written. Leave it at `info`: with less the alert rules and the workbook see nothing.",
};

/// Every variable, in the order that people see.
pub static REGISTRY: &[Setting] = &[
    TENANT_ID,
    CLIENT_ID,
    CLOUD,
    GRAPH_ENDPOINT,
    MODE,
    PROTECTED_USERS,
    PROTECTED_GROUPS,
    MAX_USERS_PER_ALERT,
    MAX_USERS_PER_HOUR,
    LEDGER_URL,
    MIN_SEVERITY,
    HTTP_AUDIENCE,
    ALLOWED_CALLERS,
    LOGIN_ENDPOINT,
    ARM_ENDPOINT,
    SENTINEL_WORKSPACES,
    CONCURRENCY,
    MAX_DELIVERIES,
    HTTP_DEADLINE,
    QUEUE_DEADLINE,
    REDELIVERY_WAIT,
    VERIFY,
    LOG,
    PORT,
];
