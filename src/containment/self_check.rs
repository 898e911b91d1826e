//! The self-check: what containment stands on, asked for one by one, each with what to do if it does not hold. It changes
//! nothing and names nobody.

use std::time::Duration;

use futures_util::future::join;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Clock, Deadline, GroupId, LedgerState, TenantId, UserId};
use crate::graph::{Lacking, MEMBER_READ_HIDDEN, REQUIRED_PERMISSIONS, Tally, missing_permissions};

use super::Context;

/// What was found. All is well if there are no problems.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SelfCheck {
    /// What the token says of itself; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The Graph permissions that are needed, and which of them the token lacks.
    pub permissions: Permissions,
    /// Whether Graph answered; absent if it was not asked for want of a token of the pinned tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_reachable: Option<bool>,
    /// The protected groups; absent ones could not be asked for.
    pub protected_groups: Vec<ProtectedGroup>,
    /// Where the ledger of what was cut this hour is kept, and how many users it counts; absent if it did not say in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerState>,
    /// How long Graph still throttles this app, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_to_wait_seconds: Option<u64>,
    /// What is wrong and what to do, one sentence or two each.
    pub problems: Vec<CheckProblem>,
    /// What no question shows, and how to find it out.
    pub not_proved: [&'static str; 1],
}

/// Whether the permission alone is enough for them stands on no page of Microsoft Graph's documentation.
const ADMINISTRATORS: &str = "Whether this app may revoke the sessions of users who hold an administrator's role shows only when it does: \
                              try it on a test account that holds one. If Graph denies it, give the app's identity the Entra role \
                              Privileged Authentication Administrator.";

/// Something that is wrong. Its JSON is its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CheckProblem {
    /// What is wrong and what to do.
    pub text: String,
    /// What it is about.
    #[serde(skip)]
    pub about: Concern,
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// There is no token.
    SignIn,
    /// The token is of another tenant than the one that is pinned.
    Tenant,
    /// The token lacks a permission, by the name of the permission.
    Permission(&'static str),
    /// Graph does not answer as it should.
    Graph,
    /// A protected group is not there, hides who is in it, or cannot be read.
    Group(GroupId),
    /// A protected user is not there, or the name means another than it did, by the place in the setting, counted from one.
    ProtectedUser(usize),
    /// The ledger of what was cut this hour cannot be asked.
    Ledger,
    /// The incidents of a workspace cannot be read and written.
    Incidents,
}

impl SelfCheck {
    /// Adds what is wrong.
    pub fn note(&mut self, about: Concern, text: String) {
        self.problems.push(CheckProblem { text, about });
    }
}

/// What the token says of itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The tenant that issued it.
    pub tenant: TenantId,
    /// When it was issued. A permission granted later is not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub expires_at: Timestamp,
    /// The object id of the identity's service principal, to which permissions are granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub object_id: Option<uuid::Uuid>,
}

/// The permissions, by name.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct Permissions {
    /// The least set.
    pub required: Vec<&'static str>,
    /// The Graph permissions that the token carries.
    pub present: Vec<String>,
    /// Those of the least set that it lacks, counting stronger ones as good.
    pub missing: Vec<&'static str>,
}

/// One protected group.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct ProtectedGroup {
    /// Its object id.
    pub id: GroupId,
    /// Whether the directory has it.
    pub exists: bool,
    /// Whether it hides who is in it from this app.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

pub(super) async fn check(context: &Context, deadline: Deadline) -> SelfCheck {
    let time = deadline.remaining(&*context.clock);
    let ledger = tokio::time::timeout(time, context.ledger.check());
    let (mut found, ledger) = join(ask_entra(context, deadline), ledger).await;
    match ledger {
        Ok(ledger) => {
            if let Some(problem) = &ledger.problem {
                found.note(Concern::Ledger, problem.clone());
            }
            found.ledger = Some(ledger);
        }
        Err(_) => found.note(
            Concern::Ledger,
            "The ledger of what was cut this hour did not answer in time.".to_owned(),
        ),
    }
    found
}

async fn ask_entra(context: &Context, deadline: Deadline) -> SelfCheck {
    let mut found = SelfCheck {
        identity: None,
        permissions: Permissions {
            required: REQUIRED_PERMISSIONS
                .iter()
                .map(|permission| permission.name)
                .collect(),
            present: Vec::new(),
            missing: Vec::new(),
        },
        graph_reachable: None,
        protected_groups: Vec::new(),
        ledger: None,
        told_to_wait_seconds: context.directory.waiting().map(|wait| wait.as_secs()),
        problems: Vec::new(),
        not_proved: [ADMINISTRATORS],
    };
    let facts = match context.directory.identity(deadline).await {
        Ok(facts) => facts,
        Err(error) => {
            found.note(Concern::SignIn, error.to_string());
            return found;
        }
    };
    let is_pinned = facts.tenant == context.policy.tenant;
    if !is_pinned {
        let text = format!(
            "The token is of the tenant {}, but EVICT_TENANT_ID is {}: nobody is cut. Correct the setting, or deploy \
             the app in the tenant that is meant.",
            facts.tenant, context.policy.tenant
        );
        found.note(Concern::Tenant, text);
    }
    for permission in missing_permissions(facts.permissions()) {
        found.permissions.missing.push(permission.name);
        let lacking = Lacking {
            token: &facts,
            missing: &[permission],
        };
        let text = format!(
            "It takes {} to {}. {lacking}",
            permission.name, permission.needed_for
        );
        found.note(Concern::Permission(permission.name), text);
    }
    let own_id = facts.object_id.and_then(|id| UserId::from_uuid(id).ok());
    found.permissions.present = facts.permissions().to_vec();
    found.identity = Some(Identity {
        tenant: facts.tenant,
        issued_at: facts.issued_at,
        expires_at: facts.expires_at,
        object_id: facts.object_id,
    });
    if is_pinned {
        ask_graph(context, own_id, deadline, &mut found).await;
    }
    found
}

/// A self-check is waited for by a person or a probe: a Graph that is down shows soon, not after all retries.
const GRAPH_BUDGET: Duration = Duration::from_secs(20);

async fn ask_graph(
    context: &Context,
    own_id: Option<UserId>,
    deadline: Deadline,
    found: &mut SelfCheck,
) {
    let clock: &dyn Clock = &*context.clock;
    let deadline = deadline.min(Deadline::after(clock, GRAPH_BUDGET));
    let tally = Tally::new();
    // An application is no user, so the honest answer is 404, which shows that users may be read; a person is one.
    if let Some(id) = own_id {
        match context.directory.may_read_users(id, &tally, deadline).await {
            Ok(()) => found.graph_reachable = Some(true),
            Err(error) => {
                found.graph_reachable = Some(error.status().is_some());
                found.note(Concern::Graph, error.to_string());
            }
        }
    }
    for group in &context.policy.protected_groups {
        ask_group(context, *group, deadline, found).await;
    }
    for unsound in context.users.look_up(context, deadline).await {
        found.note(Concern::ProtectedUser(unsound.entry), unsound.text);
    }
}

async fn ask_group(context: &Context, id: GroupId, deadline: Deadline, found: &mut SelfCheck) {
    let tally = Tally::new();
    let blind = match context
        .directory
        .blind_groups(&[id], &tally, deadline)
        .await
    {
        Ok(blind) => blind,
        Err(error) => {
            let text = format!("The protected group {id} could not be read. {error}");
            return found.note(Concern::Group(id), text);
        }
    };
    let (exists, hidden) = (blind.missing.is_empty(), !blind.hidden.is_empty());
    found
        .protected_groups
        .push(ProtectedGroup { id, exists, hidden });
    if !exists {
        let text = format!(
            "The protected group {id} does not exist: nobody is cut until EVICT_PROTECTED_GROUPS is corrected."
        );
        found.note(Concern::Group(id), text);
    }
    if hidden {
        let lacking = match context.directory.identity(deadline).await {
            Ok(token) => Lacking {
                token: &token,
                missing: &[&MEMBER_READ_HIDDEN],
            }
            .to_string(),
            Err(error) => error.to_string(),
        };
        let text = format!(
            "The protected group {id} hides who is in it, and Graph leaves it out of its answers: nobody is cut until this app \
             may {}. {lacking}",
            MEMBER_READ_HIDDEN.needed_for
        );
        found.note(Concern::Group(id), text);
    }
}
