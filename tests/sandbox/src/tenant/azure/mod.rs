//! The part of Azure Resource Manager that Evict calls: subscriptions, role assignments, role definitions, Azure
//! Resource Graph, and incidents of Microsoft Sentinel. The caller's own role assignments determine what is visible, as
//! in Azure. An unknown call is refused with 501 and recorded.

mod incident_tasks;
mod incident_writing;
mod incidents;
mod limits;
mod permissions;
mod query;
mod resource_graph;
mod resources;
mod roles;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::call::Call;
use super::directory::Directory;
use super::identity::Identity;
use super::incidents::Incidents;
use super::world_access::{WorldAzureAssignment, WorldManagementGroup};

pub(super) use self::limits::AzureThrottling;
pub use self::limits::{AzureLimit, AzureLimits};
pub(super) use self::roles::role;

/// The accepted audiences of an Azure token, by cloud (the cloud metadata of the Azure CLI).
pub(super) const AUDIENCES: [&str; 3] = [
    "https://management.azure.com",
    "https://management.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
];

/// The data behind an answer.
struct Context<'a> {
    call: &'a Call,
    directory: &'a Directory,
    /// The caller, and every group that contains the caller.
    callers: Vec<Uuid>,
}

/// Answers one call. The path begins with `arm`, which stands for the host.
pub(super) fn answer(
    call: &Call,
    identity: &Identity,
    directory: &Directory,
    incidents: &mut Incidents,
    throttling: &mut AzureThrottling,
    now: jiff::Timestamp,
) -> Answer {
    let token = match identity.accepted(call.header("authorization"), &AUDIENCES, now) {
        Ok(token) => token,
        // The body of "Troubleshooting common errors: InvalidAuthenticationToken".
        Err(message) => return error(401, "InvalidAuthenticationToken", message),
    };
    let mut callers: Vec<Uuid> = directory.groups_of(token.principal).into_iter().collect();
    callers.push(token.principal);
    let context = Context {
        call,
        directory,
        callers,
    };
    let segments: Vec<&str> = call.segments.iter().skip(1).map(String::as_str).collect();
    let counted = match segments.as_slice() {
        ["subscriptions", id, ..] => throttling.count(token.principal, id, &call.method, now),
        _ => return other(&context, &segments, incidents, now),
    };
    let (kind, left) = match counted {
        Ok(counted) => counted,
        Err(refused) => return refused,
    };
    let header = format!("x-ms-ratelimit-remaining-subscription-{kind}");
    other(&context, &segments, incidents, now).with(&header, &left.to_string())
}

fn other(
    context: &Context<'_>,
    segments: &[&str],
    incidents: &mut Incidents,
    now: jiff::Timestamp,
) -> Answer {
    let call = context.call;
    if let Some(answer) = incidents::answer(context, segments, incidents, now) {
        return answer;
    }
    if let Some(answer) = permissions::answer(context, segments, incidents) {
        return answer;
    }
    match (call.method.as_str(), segments) {
        ("GET", ["subscriptions"]) => resources::subscriptions(context),
        (
            "GET",
            [
                "subscriptions",
                id,
                "providers",
                "Microsoft.Authorization",
                "roleAssignments",
            ],
        ) => resources::role_assignments(context, id),
        (
            "GET",
            [
                "subscriptions",
                id,
                "providers",
                "Microsoft.Authorization",
                "roleDefinitions",
                role,
            ],
        ) => resources::role_definition(context, id, role),
        ("POST", ["providers", "Microsoft.ResourceGraph", "resources"]) => {
            resource_graph::answer(context)
        }
        _ => Answer::unknown(&format!("{} {}", call.method, call.raw)),
    }
}

/// The error of Azure Resource Manager ("Common error response for all Azure Resource Manager APIs").
fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}))
}

/// The refusal of an api-version that the sandbox does not know.
fn wrong_version(call: &Call, known: &str) -> Option<Answer> {
    (call.query("api-version").as_deref() != Some(known)).then(|| {
        Answer::unknown(&format!(
            "{} {} with another api-version than {known}",
            call.method, call.raw
        ))
    })
}

/// The path of a management group.
pub(super) fn scope_of(group: &WorldManagementGroup) -> String {
    format!(
        "/providers/Microsoft.Management/managementGroups/{}",
        group.name
    )
}

/// Whether a path is another one or lies below it; paths are compared in any casing.
pub(super) fn is_at_or_below(scope: &str, above: &str) -> bool {
    let (scope, above) = (scope.to_lowercase(), above.to_lowercase());
    scope
        .strip_prefix(&above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Context<'_> {
    fn page_size(&self, usual: usize) -> usize {
        self.directory.access.page_size.unwrap_or(usual)
    }

    fn assignments(&self) -> &[WorldAzureAssignment] {
        &self.directory.access.azure.role_assignments
    }

    /// The path of a subscription and of everything above it, the nearest first.
    fn at_and_above(&self, subscription: Uuid) -> Vec<String> {
        let azure = &self.directory.access.azure;
        let mut scopes = vec![format!("/subscriptions/{subscription}")];
        let mut next = azure
            .subscriptions
            .iter()
            .find(|other| other.id == subscription)
            .and_then(|subscription| subscription.management_group.clone());
        while let Some(name) = next {
            let group = azure.management_groups.iter().find(|it| it.name == name);
            scopes.extend(group.map(scope_of));
            next = group.and_then(|group| group.parent.clone());
        }
        scopes.push("/".to_owned());
        scopes
    }

    /// Whether the caller may read the role assignments of a subscription: by a role at or above it that permits it.
    fn may_read_roles(&self, subscription: Uuid) -> bool {
        let scopes = self.at_and_above(subscription);
        self.assignments().iter().any(|given| {
            let allows = role(&self.directory.access.azure, given.role)
                .is_some_and(|role| roles::reads_assignments(&role));
            self.callers.contains(&given.principal)
                && allows
                && scopes
                    .iter()
                    .any(|scope| scope.eq_ignore_ascii_case(&given.scope))
        })
    }

    /// Whether the caller can see a subscription: by any role at, above or below it.
    fn sees(&self, subscription: Uuid) -> bool {
        let scopes = self.at_and_above(subscription);
        let own = &scopes[0];
        self.assignments().iter().any(|given| {
            self.callers.contains(&given.principal)
                && (scopes
                    .iter()
                    .any(|scope| scope.eq_ignore_ascii_case(&given.scope))
                    || is_at_or_below(&given.scope, own))
        })
    }

    /// 403 as Azure says it (Azure/azure-powershell issue 6624, and many others).
    fn forbidden(&self, action: &str, scope: &str) -> Answer {
        let caller = self.callers.last().copied().unwrap_or_default();
        error(
            403,
            "AuthorizationFailed",
            &format!(
                "The client '{caller}' with object id '{caller}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
            ),
        )
    }
}

/// One page of a list, with the link to the next one if there is more: `value` and `nextLink`.
fn page(context: &Context<'_>, all: &[Value], usual: usize) -> Answer {
    let size = context.page_size(usual);
    let skip = context
        .call
        .query("$skiptoken")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let rows: Vec<&Value> = all.iter().skip(skip).take(size).collect();
    let mut body = json!({"value": rows});
    if skip + size < all.len() {
        body["nextLink"] = json!(context.call.next_link("$skiptoken", skip + size));
    }
    Answer::json(200, body)
}
