//! Reads where a role applies: an Azure scope is a path, a directory scope a kind and an id.

use std::collections::HashMap;

use uuid::Uuid;

use super::reach::{Scope, ScopeKind};
use super::{RoleScope, Subscription};

pub(super) fn of_directory(scope: &RoleScope) -> Scope {
    let (kind, id) = match scope {
        RoleScope::Tenant => (ScopeKind::Tenant, None),
        RoleScope::AdministrativeUnit(id) => (ScopeKind::AdministrativeUnit, Some(id.clone())),
        RoleScope::Object(id) => (ScopeKind::Object, Some(id.clone())),
        RoleScope::Part(id) => (ScopeKind::ApplicationPart, Some(id.clone())),
    };
    Scope {
        kind,
        id,
        name: None,
    }
}

#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Uuid, String>);

impl Names {
    pub(super) fn of(subscriptions: &[Subscription]) -> Self {
        Self(
            subscriptions
                .iter()
                .filter_map(|subscription| Some((subscription.id, subscription.name.clone()?)))
                .collect(),
        )
    }

    fn of_subscription(&self, id: &str) -> Option<&String> {
        self.0.get(&Uuid::try_parse(id).ok()?)
    }
}

/// The scope of an Azure role, in words if its kind is known ("Understand scope for Azure RBAC").
pub(super) fn of_azure(path: &str, names: &Names) -> Scope {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is = |at: usize, word: &str| {
        parts
            .get(at)
            .is_some_and(|part| part.eq_ignore_ascii_case(word))
    };
    let (kind, name) = match parts.as_slice() {
        [] => (ScopeKind::AzureRoot, None),
        [_, _, _, group]
            if is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups") =>
        {
            (ScopeKind::ManagementGroup, Some((*group).to_owned()))
        }
        [_, id] if is(0, "subscriptions") => {
            (ScopeKind::Subscription, names.of_subscription(id).cloned())
        }
        [_, id, _, group] if is(0, "subscriptions") && is(2, "resourceGroups") => (
            ScopeKind::ResourceGroup,
            Some(within(group, names.of_subscription(id))),
        ),
        [first, .., kind, name] => {
            let known = Some(*first)
                .filter(|first| first.eq_ignore_ascii_case("subscriptions"))
                .and_then(|_| names.of_subscription(parts.get(1)?));
            (
                ScopeKind::Resource,
                Some(within(&format!("{name} ({kind})"), known)),
            )
        }
        [_] | [_, _] => (ScopeKind::Resource, None),
    };
    Scope {
        kind,
        id: Some(path.to_owned()),
        name,
    }
}

fn within(name: &str, subscription: Option<&String>) -> String {
    match subscription {
        Some(subscription) => format!("{name}, in {subscription}"),
        None => name.to_owned(),
    }
}

impl Scope {
    pub(crate) fn describe(&self) -> String {
        let kind = match self.kind {
            ScopeKind::Tenant => return "the whole tenant".to_owned(),
            ScopeKind::AzureRoot => return "all of Azure".to_owned(),
            ScopeKind::AdministrativeUnit => "administrative unit",
            ScopeKind::Object => "object",
            ScopeKind::ApplicationPart => "a part of an application:",
            ScopeKind::ManagementGroup => "management group",
            ScopeKind::Subscription => "subscription",
            ScopeKind::ResourceGroup => "resource group",
            ScopeKind::Resource => "resource",
            ScopeKind::Application => "application",
        };
        let id = self.id.as_deref().map(|id| {
            // The last part of the path identifies a subscription.
            let short = id.rsplit('/').next().unwrap_or(id);
            if self.kind == ScopeKind::Subscription {
                short
            } else {
                id
            }
        });
        match self.name.as_deref().or(id) {
            Some(name) => format!("{kind} {name}"),
            None => kind.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_azure_scope_has_its_words() {
        let id = "8a119b9e-16bc-4732-8f7b-7676d015b0dc";
        let subscriptions = [Subscription {
            id: id.parse().unwrap(),
            name: Some("Production".to_owned()),
        }];
        let names = Names::of(&subscriptions);
        let other = "11111111-1111-4111-8111-111111111111";
        let told: Vec<String> = [
            "/".to_owned(),
            "/providers/Microsoft.Management/managementGroups/platform".to_owned(),
            format!("/subscriptions/{id}"),
            format!("/subscriptions/{other}"),
            format!("/subscriptions/{id}/resourceGroups/web"),
            format!(
                "/subscriptions/{id}/resourcegroups/web/providers/Microsoft.KeyVault/vaults/keys"
            ),
            "/strange".to_owned(),
        ]
        .iter()
        .map(|path| of_azure(path, &names).describe())
        .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        all of Azure
        management group platform
        subscription Production
        subscription 11111111-1111-4111-8111-111111111111
        resource group web, in Production
        resource keys (vaults), in Production
        resource /strange
        ");
    }
}
