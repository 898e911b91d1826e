//! Asks Azure what the app's identity may do with the incidents of each workspace, before the first alert shows what it may not.
//!
//! "Permissions - List For Resource" tells a caller its own permissions; a caller that has none at all is refused.

use futures_util::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{Deadline, SentinelWorkspace};
use crate::graph::Management;

use super::{Incidents, ROLE};

/// The version of that API ("Permissions - List For Resource").
const PERMISSIONS_VERSION: &str = "2022-04-01";

static PERMISSIONS: Management = Management {
    template: "GET /workspaces/{id}/permissions",
    doing: "Asking what the app may do in the workspace",
    changes: false,
    changes_a_version: false,
    role: ROLE,
    about: "workspace",
};

/// What is done with incidents ("Azure permissions for Security", Microsoft.SecurityInsights), and what it is for.
const NEEDED: [(&str, &str); 5] = [
    (
        "Microsoft.SecurityInsights/incidents/read",
        "read incidents",
    ),
    (
        "Microsoft.SecurityInsights/incidents/write",
        "label incidents",
    ),
    (
        "Microsoft.SecurityInsights/incidents/comments/write",
        "comment on them",
    ),
    (
        "Microsoft.SecurityInsights/incidents/tasks/read",
        "read their tasks",
    ),
    (
        "Microsoft.SecurityInsights/incidents/tasks/write",
        "add tasks to them",
    ),
];

/// The most pages of permissions that are read. There is one for each role as a rule.
const MOST_PAGES: usize = 5;

impl Incidents {
    /// What is missing for the incidents of each workspace, and what to do, as sentences. `identity` is the object id of the app's
    /// identity, if it is known.
    pub async fn problems(&self, identity: Option<Uuid>, deadline: Deadline) -> Vec<String> {
        let asked = self.workspaces.iter();
        let asked = asked.map(|workspace| self.problem(workspace, identity, deadline));
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn problem(
        &self,
        workspace: &SentinelWorkspace,
        identity: Option<Uuid>,
        deadline: Deadline,
    ) -> Option<String> {
        let path = format!(
            "{workspace}/providers/Microsoft.Authorization/permissions?api-version={PERMISSIONS_VERSION}"
        );
        let deadline = self.within(deadline);
        let may_not = match self
            .arm
            .list(&PERMISSIONS, path, MOST_PAGES, deadline)
            .await
        {
            Ok(permissions) => {
                let missing = NEEDED
                    .iter()
                    .filter(|(action, _)| !allowed(&permissions, action));
                missing.map(|(_, what)| *what).collect()
            }
            Err(error) if error.status() == Some(403) => NEEDED.map(|(_, what)| what).to_vec(),
            Err(error) if error.status() == Some(404) => {
                return Some(format!(
                    "Azure has no workspace {workspace}, or the app's identity has no role there. Next: correct \
                     EVICT_SENTINEL_WORKSPACES, or {}.",
                    next(workspace, identity)
                ));
            }
            Err(error) => return Some(error.to_string()),
        };
        (!may_not.is_empty()).then(|| {
            format!(
                "The app's identity lacks the role Microsoft Sentinel Responder on the workspace {workspace}: it may not {}. \
                 Users are cut as ever, and the incidents there do not tell of it. Next: {}.",
                listed(&may_not),
                next(workspace, identity)
            )
        })
    }
}

/// How the role is given.
fn next(workspace: &SentinelWorkspace, identity: Option<Uuid>) -> String {
    let identity = identity.map_or_else(
        || "<object id of the app's identity>".to_owned(),
        |id| id.to_string(),
    );
    format!(
        "az role assignment create --role \"Microsoft Sentinel Responder\" --assignee-principal-type ServicePrincipal \
         --assignee-object-id {identity} --scope \"{workspace}\" (the template does the same for sentinelWorkspaceIds); it shows \
         within minutes"
    )
}

fn listed(all: &[&str]) -> String {
    match all {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Whether one of the permissions allows an action: it is among its actions and is not taken out of them.
fn allowed(permissions: &[Value], action: &str) -> bool {
    let any = |permission: &Value, list: &str| {
        let patterns = permission.get(list).and_then(Value::as_array);
        let mut patterns = patterns.into_iter().flatten().filter_map(Value::as_str);
        patterns.any(|pattern| fits(pattern, action))
    };
    permissions
        .iter()
        .any(|permission| any(permission, "actions") && !any(permission, "notActions"))
}

/// Whether a pattern, in which a star stands for any text, fits an action, in any casing ("Understand Azure role definitions").
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let Some((first, patterns)) = pattern.split_once('*') else {
        return pattern == action;
    };
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = patterns.rsplit_once('*').unwrap_or(("", patterns));
    for part in middle.split('*') {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let action = "Microsoft.SecurityInsights/incidents/comments/write";
        for (pattern, is_meant) in [
            ("*", true),
            ("*/write", true),
            ("*/read", false),
            ("microsoft.securityinsights/incidents/*", true),
            ("Microsoft.SecurityInsights/*/write", true),
            ("Microsoft.*/incidents/*/write", true),
            ("Microsoft.*/incidents/*/read", false),
            (action, true),
            ("Microsoft.SecurityInsights/incidents", false),
            (
                "Microsoft.SecurityInsights/incidents/comments/write/*",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(fits(pattern, action), is_meant, "{pattern}");
        }
    }

    #[test]
    fn what_one_role_takes_out_another_one_may_give() {
        let action = "Microsoft.SecurityInsights/incidents/write";
        let without = json!({"actions": ["*"], "notActions": ["Microsoft.SecurityInsights/*"]});
        let with = json!({"actions": [action]});
        assert!(!allowed(std::slice::from_ref(&without), action));
        assert!(allowed(&[without, with], action));
        assert!(!allowed(&[json!({}), json!(null)], action));
    }
}
