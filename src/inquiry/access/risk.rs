//! Judges how much is at stake with what an account reaches, here alone and by few rules:
//!
//! - `critical`: the tenant, or Azure as a whole, can be taken over;
//! - `high`: much can be taken over from there, such as a subscription, an application's identity, or other accounts;
//! - `medium`: something can be changed that matters;
//! - `low`: the rest.
//!
//! An eligible or conditional role ranks no lower: whoever holds the account is one click away from an activation.

use uuid::{Uuid, uuid};

use super::Power;
use super::reach::{Risk, Scope, ScopeKind};

/// The directory roles that can grant themselves every other ("Privileged roles and permissions in Microsoft Entra ID"), by
/// the ids of their templates ("Microsoft Entra built-in roles").
pub(super) const ABOVE_ALL: [(Uuid, &str); 4] = [
    (
        uuid!("62e90394-69f5-4237-9190-012177145e10"),
        "Global Administrator",
    ),
    (
        uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"),
        "Privileged Role Administrator",
    ),
    (
        uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13"),
        "Privileged Authentication Administrator",
    ),
    (
        uuid!("e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8"),
        "Partner Tier2 Support",
    ),
];

/// The risk of a directory role. It counts as privileged if that is unknown.
pub(super) fn directory_role(template: Uuid, is_privileged: Option<bool>, scope: &Scope) -> Risk {
    let everywhere = if ABOVE_ALL.iter().any(|(above, _)| *above == template) {
        Risk::Critical
    } else if is_privileged.unwrap_or(true) {
        Risk::High
    } else {
        Risk::Medium
    };
    if scope.kind == ScopeKind::Tenant {
        everywhere
    } else {
        everywhere.one_less()
    }
}

/// The risk of an Azure role. It counts as the most powerful if its power is unknown.
pub(super) fn azure_role(power: Option<Power>, scope: &Scope) -> Risk {
    let is_wide = matches!(
        scope.kind,
        ScopeKind::AzureRoot | ScopeKind::ManagementGroup
    );
    let is_subscription = scope.kind == ScopeKind::Subscription;
    match power.unwrap_or(Power::GivesRoles) {
        Power::GivesRoles if is_wide => Risk::Critical,
        Power::GivesRoles | Power::ChangesAll if is_wide || is_subscription => Risk::High,
        Power::GivesRoles | Power::ChangesAll => Risk::Medium,
        Power::Changes if is_wide || is_subscription => Risk::Medium,
        Power::Changes | Power::Reads => Risk::Low,
    }
}

/// An owned application or service principal: its owner can add a credential and act as it.
pub(super) const OWNED: Risk = Risk::High;

/// A group that is protected or to which directory roles can be granted. Its roles are listed by themselves.
pub(super) const GROUP: Risk = Risk::Medium;

/// A role in an application; only the application knows what it allows.
pub(super) fn application_role(is_mere_assignment: bool) -> Risk {
    if is_mere_assignment {
        Risk::Low
    } else {
        Risk::Medium
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(kind: ScopeKind) -> Scope {
        Scope {
            kind,
            id: None,
            name: None,
        }
    }

    #[test]
    fn a_directory_role_is_as_risky_as_it_is_privileged_and_wide() {
        let (global, _) = ABOVE_ALL[0];
        let other = Uuid::from_u128(1);
        let (tenant, unit) = (
            scope(ScopeKind::Tenant),
            scope(ScopeKind::AdministrativeUnit),
        );
        for (role, privileged, scope, risk) in [
            (global, Some(true), &tenant, Risk::Critical),
            (global, None, &tenant, Risk::Critical),
            (global, Some(true), &unit, Risk::High),
            (other, Some(true), &tenant, Risk::High),
            (other, None, &tenant, Risk::High),
            (other, Some(true), &unit, Risk::Medium),
            (other, Some(false), &tenant, Risk::Medium),
            (other, Some(false), &unit, Risk::Low),
        ] {
            assert_eq!(directory_role(role, privileged, scope), risk);
        }
    }

    #[test]
    fn an_azure_role_is_as_risky_as_it_is_mighty_and_wide() {
        let mut table = Vec::new();
        for kind in [
            ScopeKind::AzureRoot,
            ScopeKind::ManagementGroup,
            ScopeKind::Subscription,
            ScopeKind::ResourceGroup,
            ScopeKind::Resource,
        ] {
            let risks = [
                None,
                Some(Power::GivesRoles),
                Some(Power::ChangesAll),
                Some(Power::Changes),
                Some(Power::Reads),
            ]
            .map(|power| azure_role(power, &scope(kind)).as_str());
            table.push(format!("{kind:?}: {}", risks.join(", ")));
        }
        insta::assert_snapshot!(table.join("\n"), @"
        AzureRoot: critical, critical, high, medium, low
        ManagementGroup: critical, critical, high, medium, low
        Subscription: high, high, high, medium, low
        ResourceGroup: medium, medium, medium, low, low
        Resource: medium, medium, medium, low, low
        ");
    }
}
