//! The cost of a call for Graph's limits: resource units, and whether it is a write ("Microsoft Graph service-specific
//! throttling limits", identity and access: the pattern table and the effect of `$select`, `$expand` and `$top`). It
//! must not know the limits.

use super::call::Call;

/// The size below which `$top` makes a list cheaper.
const SMALL_PAGE: u32 = 20;

/// The cost of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) resource_units: u32,
    pub(super) writes: u32,
}

impl Cost {
    pub(super) fn of(call: &Call) -> Self {
        let last = call.segments.last().map_or("", String::as_str);
        let action = last.strip_prefix("microsoft.graph.").unwrap_or(last);
        let (base, writes) = match (call.method.as_str(), action) {
            // Queries that use POST because they are long; they change nothing.
            ("POST", "checkMemberGroups" | "checkMemberObjects") => (4, 0),
            ("POST", "getByIds") => (3, 0),
            ("GET", "memberOf" | "transitiveMemberOf" | "oauth2PermissionGrants") => (2, 0),
            ("GET", _) if is_of_users(call) => (2, 0),
            ("GET", _) => (1, 0),
            _ => (1, 1),
        };
        let small_page = call
            .query("$top")
            .and_then(|top| top.parse::<u32>().ok())
            .is_some_and(|top| top < SMALL_PAGE);
        let cheaper = u32::from(call.query("$select").is_some()) + u32::from(small_page);
        let dearer = u32::from(call.query("$expand").is_some());
        Self {
            resource_units: (base + dearer).saturating_sub(cheaper).max(1),
            writes,
        }
    }
}

/// Whether the call reads users themselves, one or many.
fn is_of_users(call: &Call) -> bool {
    let is_list = call.segments.get(1).is_some_and(|name| name == "users");
    match call.object_of("users") {
        Some(path) => path.rest.is_empty(),
        None => is_list && call.segments.len() == 2,
    }
}
