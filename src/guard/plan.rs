//! The first step: the decision by the alert alone, before any look-up in the directory.
//!
//! The cap per alert counts subjects in the alert's order. So a redelivery decides as the first delivery did, and ten
//! thousand flagged accounts cost no look-up beyond the cap.

use crate::domain::{
    AlertHeader, Cleared, Policy, State, Subject, SubjectKind, TenantId, WithholdReason, WrittenBy,
};

use super::Withheld;

/// The decision about one subject by the alert alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screened {
    /// The directory has to be asked.
    LookUp,
    /// The subject is withheld, whichever user it is.
    Withhold(Withheld),
    /// The sender itself states that the flag is over.
    Cleared(Cleared),
    /// The payload itself states that it is not a user.
    NotAUser(SubjectKind),
}

/// One entry per subject, in the alert's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The decision about each subject by the alert alone.
    pub screened: Vec<Screened>,
}

impl Plan {
    /// The most users that may be cut, which is the number of places wanted in the hour.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.screened
            .iter()
            .filter(|screened| **screened == Screened::LookUp)
            .count()
    }
}

/// Plans an alert. It does no I/O, so no transient failure can come before it.
#[must_use]
pub fn plan(policy: &Policy, header: &AlertHeader, subjects: &[Subject]) -> Plan {
    let mut screened: Vec<Screened> = subjects
        .iter()
        .map(|subject| match screen(policy, subject) {
            Ok(()) => Screened::LookUp,
            Err(screened) => screened,
        })
        .collect();
    cap_per_alert(policy, header, &mut screened);
    Plan { screened }
}

impl Plan {
    /// The same plan under a token of the tenant `token_tenant`: with the wrong tenant, no user is looked up.
    #[must_use]
    pub fn under(mut self, policy: &Policy, token_tenant: TenantId) -> Self {
        if token_tenant == policy.tenant {
            return self;
        }
        for entry in self
            .screened
            .iter_mut()
            .filter(|entry| **entry == Screened::LookUp)
        {
            *entry = Screened::Withhold(Withheld {
                reason: WithholdReason::TokenTenant,
                policy: "EVICT_TENANT_ID",
                detail: format!(
                    "The app's token is of the tenant {token_tenant}, but EVICT_TENANT_ID is {}. Nothing is done under \
                     the wrong tenant: correct the setting, or deploy the app in the tenant that is meant.",
                    policy.tenant
                ),
            });
        }
        self
    }
}

fn screen(policy: &Policy, subject: &Subject) -> Result<(), Screened> {
    let account = &subject.account;
    if account.kind != SubjectKind::User {
        return Err(Screened::NotAUser(account.kind));
    }
    if let Some(tenant) = account.tenant.filter(|tenant| *tenant != policy.tenant) {
        return withhold(
            WithholdReason::OtherTenant,
            "EVICT_TENANT_ID",
            format!(
                "The alert says that this account belongs to the tenant {tenant}; this app acts in {} alone. Its \
                 sessions have to be revoked there.",
                policy.tenant
            ),
        );
    }
    if let State::Over(cleared) = &subject.flag.state {
        return Err(Screened::Cleared(cleared.clone()));
    }
    below_minimum(policy, subject)
}

fn below_minimum(policy: &Policy, subject: &Subject) -> Result<(), Screened> {
    // A person's request counts at any severity. An alert without a severity is acted on too, because leaving it out
    // must not spare anybody.
    let (Some(minimum), Some(severity), WrittenBy::Machine) = (
        policy.min_severity,
        subject.flag.severity,
        subject.flag.written_by,
    ) else {
        return Ok(());
    };
    if severity >= minimum {
        return Ok(());
    }
    withhold(
        WithholdReason::BelowMinimumSeverity,
        "EVICT_MIN_SEVERITY",
        format!(
            "The severity of what flags this user is {}; EVICT_MIN_SEVERITY acts on {} and above. Send a manual message if this user \
             is to be cut.",
            severity.as_str(),
            minimum.as_str()
        ),
    )
}

fn cap_per_alert(policy: &Policy, header: &AlertHeader, screened: &mut [Screened]) {
    // Parsing refuses an `expect` that differs from the number of users named, so its presence confirms that the sender
    // wants all of them.
    if header.expect.is_some() {
        return;
    }
    let wanted = screened
        .iter()
        .filter(|entry| **entry == Screened::LookUp)
        .count();
    let cap = policy.max_users_per_alert;
    if wanted <= cap {
        return;
    }
    for entry in screened
        .iter_mut()
        .filter(|entry| **entry == Screened::LookUp)
        .skip(cap)
    {
        *entry = Screened::Withhold(Withheld {
            reason: WithholdReason::BlastRadius,
            policy: "EVICT_MAX_USERS_PER_ALERT",
            detail: format!(
                "The alert names {wanted} users, and one alert may cut {cap}. Check whether the rule misfires. If these \
                 users are meant, send them in a manual message with \"expect\" set to their number."
            ),
        });
    }
}

fn withhold(reason: WithholdReason, policy: &'static str, detail: String) -> Result<(), Screened> {
    Err(Screened::Withhold(Withheld {
        reason,
        policy,
        detail,
    }))
}
