//! The part of Microsoft Graph that Evict calls, with Graph's own checks in Graph's order: the token, the permission,
//! the request, the object. An unknown call is refused with 501 and recorded, so that a test can fail on it.

mod access;
mod filter;
mod groups;
mod pages;
mod permissions;
mod properties;
mod reports;
mod roles;
mod users;

use jiff::Timestamp;

use self::permissions::Permitted;
use super::answer::Answer;
use super::call::Call;
use super::directory::Directory;
use super::identity::Identity;

/// The data behind an answer, besides the directory.
#[derive(Debug)]
struct Context<'a> {
    call: &'a Call,
    permitted: Permitted<'a>,
    now: Timestamp,
    refuse_beyond_basic: bool,
}

/// Answers one call, and carries out its effect.
pub(super) fn answer(
    call: &Call,
    identity: &Identity,
    directory: &mut Directory,
    refuse_beyond_basic: bool,
    now: Timestamp,
) -> Answer {
    let token = match identity.authorize(call.header("authorization"), now) {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let context = Context {
        call,
        permitted: Permitted(&token.roles),
        now,
        refuse_beyond_basic,
    };
    if token.tenant == directory.tenant_id {
        route(&context, directory)
    } else {
        // A token of another tenant reads that tenant, which has none of these users.
        route(&context, &mut Directory::empty(token.tenant, now))
    }
}

fn route(context: &Context<'_>, directory: &mut Directory) -> Answer {
    let call = context.call;
    let method = call.method.as_str();
    let unknown = || Answer::unknown(&format!("{method} {}", call.raw));
    if call.segments == ["v1.0", "users"] && method == "GET" {
        return users::list(context, directory);
    }
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (method, segments.as_slice()) {
        ("GET", [version @ ("v1.0" | "beta"), "auditLogs", "signIns"]) => {
            return reports::sign_ins(context, directory, *version == "beta");
        }
        ("GET", ["v1.0", "identityProtection", "riskyUsers", key]) => {
            return reports::risky_user(context, directory, key);
        }
        ("GET", ["beta", "roleManagement", "directory", "roleDefinitions"]) => {
            return roles::definitions(context, directory);
        }
        (
            "GET",
            [
                "beta",
                "roleManagement",
                "directory",
                "transitiveRoleAssignments",
            ],
        ) => {
            return roles::transitive(context, directory);
        }
        (
            "GET",
            [
                "v1.0",
                "roleManagement",
                "directory",
                "roleEligibilityScheduleInstances",
            ],
        ) => {
            return roles::eligible(context, directory);
        }
        _ => {}
    }
    if let Some(path) = call.object_of("servicePrincipals") {
        return match (method, path.rest) {
            ("GET", []) => access::service_principal(context, directory, &path),
            _ => unknown(),
        };
    }
    if let Some(path) = call.object_of("groups") {
        return match (method, path.rest) {
            ("GET", []) => groups::get(context, directory, &path),
            _ => unknown(),
        };
    }
    let Some(path) = call.object_of("users") else {
        return unknown();
    };
    if path.key.starts_with('$') && !path.quoted {
        // "Get a user": write /users('$…') instead.
        return Answer::error(
            400,
            "BadRequest",
            "Resource not found for the segment; a key that begins with a dollar sign stands in parentheses and quotes.",
        );
    }
    let rest: Vec<&str> = path.rest.iter().map(String::as_str).collect();
    match (method, rest.as_slice()) {
        ("GET", []) => users::get(context, directory, &path),
        ("GET", ["transitiveMemberOf", "microsoft.graph.group"]) => {
            access::groups(context, directory, &path)
        }
        (
            "GET",
            [
                "ownedObjects",
                kind @ ("microsoft.graph.application" | "microsoft.graph.servicePrincipal"),
            ],
        ) => access::owned(context, directory, &path, kind),
        ("GET", ["appRoleAssignments"]) => access::app_roles(context, directory, &path),
        ("POST", ["checkMemberGroups" | "microsoft.graph.checkMemberGroups"]) => {
            users::check_member_groups(context, directory, &path)
        }
        ("POST", ["revokeSignInSessions" | "microsoft.graph.revokeSignInSessions"]) => {
            users::revoke(context, directory, &path)
        }
        _ => unknown(),
    }
}

/// The refusal of query options that the sandbox does not know, although Graph might.
fn unknown_options(call: &Call, known: &[&str]) -> Option<Answer> {
    let (name, _) = call
        .query
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))?;
    Some(Answer::unknown(&format!(
        "{} with the query option {name:?}",
        call.method
    )))
}
