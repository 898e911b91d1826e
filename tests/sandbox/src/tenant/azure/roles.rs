//! Azure roles: some built-in ones with their real ids and permissions ("Azure built-in roles"), and those of the
//! world.

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::tenant::world_access::{WorldAzure, WorldAzureRole};

type BuiltIn = (
    Uuid,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const BUILT_IN: [BuiltIn; 8] = [
    (
        uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        "Owner",
        &["*"],
        &[],
        &[],
    ),
    (
        uuid!("b24988ac-6180-42a0-ab88-20f7382dd24c"),
        "Contributor",
        &["*"],
        &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
        ],
        &[],
    ),
    (
        uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        "Reader",
        &["*/read"],
        &[],
        &[],
    ),
    (
        uuid!("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
        "User Access Administrator",
        &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        &[],
        &[],
    ),
    (
        uuid!("9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
        "Virtual Machine Contributor",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Resources/deployments/*",
        ],
        &[],
        &[],
    ),
    (
        uuid!("4633458b-17de-408a-b874-0445c86b69e6"),
        "Key Vault Secrets User",
        &[],
        &[],
        &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    (
        uuid!("8d289c81-5878-46d4-8554-54e1e3d8b5cb"),
        "Microsoft Sentinel Reader",
        &[
            "Microsoft.SecurityInsights/*/read",
            "Microsoft.OperationalInsights/workspaces/*/read",
            "Microsoft.Authorization/*/read",
        ],
        &[],
        &[],
    ),
    (
        uuid!("3e150937-b8fe-4cfb-8069-0eaf05ecd056"),
        "Microsoft Sentinel Responder",
        &[
            "Microsoft.SecurityInsights/*/read",
            "Microsoft.SecurityInsights/automationRules/*",
            "Microsoft.SecurityInsights/cases/*",
            "Microsoft.SecurityInsights/incidents/*",
            "Microsoft.OperationalInsights/workspaces/*/read",
            "Microsoft.Authorization/*/read",
        ],
        &[
            "Microsoft.SecurityInsights/cases/*/Delete",
            "Microsoft.SecurityInsights/incidents/*/Delete",
        ],
        &[],
    ),
];

/// A role by its id.
pub(crate) fn role(azure: &WorldAzure, id: Uuid) -> Option<WorldAzureRole> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let built_in = BUILT_IN.iter().find(|(own, ..)| *own == id);
    built_in
        .map(
            |(id, name, actions, not_actions, data_actions)| WorldAzureRole {
                id: *id,
                role_name: (*name).to_owned(),
                actions: texts(actions),
                not_actions: texts(not_actions),
                data_actions: texts(data_actions),
            },
        )
        .or_else(|| azure.custom_roles.iter().find(|own| own.id == id).cloned())
}

/// Every role.
pub(super) fn all(azure: &WorldAzure) -> Vec<WorldAzureRole> {
    let built_in = BUILT_IN.iter().map(|(id, ..)| *id);
    let own = azure.custom_roles.iter().map(|role| role.id);
    built_in
        .chain(own)
        .filter_map(|id| role(azure, id))
        .collect()
}

pub(super) fn is_built_in(id: Uuid) -> bool {
    BUILT_IN.iter().any(|(own, ..)| *own == id)
}

/// Whether a role lets its holder read role assignments. Exclusions of reading are not simulated.
pub(super) fn reads_assignments(role: &WorldAzureRole) -> bool {
    const READING: [&str; 4] = [
        "*",
        "*/read",
        "Microsoft.Authorization/*",
        "Microsoft.Authorization/*/read",
    ];
    role.actions
        .iter()
        .any(|action| READING.iter().any(|it| it.eq_ignore_ascii_case(action)))
}

/// Whether a role permits an action: one of its actions matches, and none of its exclusions does.
pub(super) fn allows(role: &WorldAzureRole, action: &str) -> bool {
    let any = |list: &[String]| list.iter().any(|pattern| fits(pattern, action));
    any(&role.actions) && !any(&role.not_actions)
}

/// Whether a pattern with stars matches an action, in any casing.
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The permissions as the wire has them.
pub(super) fn permissions(role: &WorldAzureRole) -> Value {
    json!([{
        "actions": role.actions,
        "notActions": role.not_actions,
        "dataActions": role.data_actions,
        "notDataActions": [],
    }])
}
