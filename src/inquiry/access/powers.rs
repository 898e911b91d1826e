//! Judges what an Azure role allows, by its definition and not by its name: custom roles have any name.
//!
//! Source: "Understand Azure role definitions" (`actions` less `notActions`, `*` for any text, without regard to case).

use serde::Deserialize;

/// Writing role assignments grants every role to anybody.
const GIVE_ROLES: &str = "Microsoft.Authorization/roleAssignments/write";

/// What a role allows, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Reads.
    Reads,
    /// Changes or does something.
    Changes,
    /// Changes everything, but grants no roles.
    ChangesAll,
    /// Grants roles, and so does everything.
    GivesRoles,
}

#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
struct Permissions {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
}

/// The power of a role definition. An unreadable one counts as a power to change.
pub(super) fn of_permissions(permissions: serde_json::Value) -> Power {
    let Ok(blocks) = serde_json::from_value::<Vec<Permissions>>(permissions) else {
        return Power::Changes;
    };
    blocks.iter().map(power).max().unwrap_or(Power::Reads)
}

fn power(block: &Permissions) -> Power {
    let has = |list: &[String], action: &str| list.iter().any(|pattern| covers(pattern, action));
    if has(&block.actions, GIVE_ROLES) && !has(&block.not_actions, GIVE_ROLES) {
        Power::GivesRoles
    } else if block.actions.iter().any(|action| action == "*") {
        Power::ChangesAll
    } else if block
        .actions
        .iter()
        .chain(&block.data_actions)
        .all(|action| reads(action))
    {
        Power::Reads
    } else {
        Power::Changes
    }
}

fn reads(action: &str) -> bool {
    action.to_ascii_lowercase().ends_with("/read")
}

fn covers(pattern: &str, action: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let action = action.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_known_by_what_it_allows() {
        // Owner, User Access Administrator, a custom role, Contributor, Virtual Machine Contributor, Reader, a blob reader.
        for (permissions, power) in [
            (json!([{"actions": ["*"]}]), Power::GivesRoles),
            (
                json!([{"actions": ["*/read", "Microsoft.Authorization/*"]}]),
                Power::GivesRoles,
            ),
            (
                json!([{"actions": ["*/read"]}, {"actions": ["microsoft.authorization/*/WRITE"]}]),
                Power::GivesRoles,
            ),
            (
                json!([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}]),
                Power::ChangesAll,
            ),
            (
                json!([{"actions": ["Microsoft.Compute/virtualMachines/*"]}]),
                Power::Changes,
            ),
            (json!([{"actions": ["*/read"]}]), Power::Reads),
            (
                json!([{"dataActions": ["Microsoft.Storage/x/blobs/read", "Microsoft.Storage/x/blobs/write"]}]),
                Power::Changes,
            ),
            (json!("?"), Power::Changes),
        ] {
            assert_eq!(of_permissions(permissions.clone()), power, "{permissions}");
        }
    }

    #[test]
    fn a_star_covers_any_text_and_nothing_else_does() {
        for (pattern, action, answer) in [
            ("*", "a/b/c", true),
            ("a/*", "a/b/c", true),
            ("a/*/c", "A/b/C", true),
            ("a/*/c", "a/b/d", false),
            ("*/c", "a/b/c", true),
            ("a/b", "a/b/c", false),
            ("a/b/c", "a/b/c", true),
            ("*b*c", "a/b/c", true),
        ] {
            assert_eq!(covers(pattern, action), answer, "{pattern} {action}");
        }
    }
}
