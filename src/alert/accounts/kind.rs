//! Decides whether an account can be an Entra user.
//!
//! An account with an object id is left for the directory to judge, unless the sender states that it is a group or a
//! service principal: refusing a flagged user is worse than asking for one who does not exist.
//!
//! Sources: "Microsoft Sentinel entity types reference", Account; "Security identifiers", Windows documentation. A name
//! that ends in `$` belongs to a machine, by a convention of Windows.

use std::collections::HashSet;

use crate::domain::{AccountName, SecurityIdentifier, SubjectKind, UserId, UserPrincipalName};

use super::built_in;

/// Everything that an object states about an account, in any dialect.
pub(crate) struct Account {
    pub(crate) id: Option<UserId>,
    pub(crate) upn: Option<UserPrincipalName>,
    pub(crate) sid: Option<SecurityIdentifier>,
    /// `DOMAIN\name`.
    pub(crate) qualified: Option<AccountName>,
    /// The NetBIOS or DNS domain, or the machine of a local account.
    pub(crate) domain: Option<String>,
    /// The local part or SAM account name, without domain.
    pub(crate) name: Option<String>,
    /// `IsDomainJoined`. Only `false` means anything: a mapped full name gets `true` although nobody set it.
    pub(crate) domain_joined: Option<bool>,
    /// Whether the account names its machine.
    pub(crate) has_host: bool,
}

/// The names of the machines in a payload, which identify their local accounts.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    names: HashSet<String>,
}

impl Machines {
    /// Records a machine by its name and by the first label of its full name.
    pub(crate) fn note(&mut self, name: &str) {
        let first = name.split('.').next().unwrap_or(name);
        self.names.insert(first.to_lowercase());
        self.names.insert(name.to_lowercase());
    }

    /// Whether a machine of this name is in the payload.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase())
    }
}

/// The kind of an account; `None` if only display names are known.
pub(crate) fn of(account: &Account, machines: &Machines) -> Option<SubjectKind> {
    let cloud_sid = account.sid.as_ref().and_then(SecurityIdentifier::object_id);
    if account.id.is_some() || cloud_sid.is_some() {
        Some(SubjectKind::User)
    } else if is_built_in(account) {
        Some(SubjectKind::System)
    } else if is_machine(account) {
        Some(SubjectKind::Machine)
    } else if is_local(account, machines) {
        Some(SubjectKind::Other)
    } else if account.upn.is_some() || account.sid.is_some() || account.qualified.is_some() {
        Some(SubjectKind::User)
    } else {
        account.name.is_some().then_some(SubjectKind::Other)
    }
}

/// Whether a SID identifies anything: "nobody" (`S-1-0-0`) and the cloud SID of the all-zero GUID stand for "unknown".
pub(crate) fn names_somebody(sid: &SecurityIdentifier) -> bool {
    let unknown = sid.as_str() == "S-1-0-0"
        || (sid.as_str().starts_with("S-1-12-") && sid.object_id().is_none());
    !unknown
}

fn is_built_in(account: &Account) -> bool {
    let by_sid = account
        .sid
        .as_ref()
        .is_some_and(SecurityIdentifier::is_built_in);
    let by_domain = account
        .domain
        .as_deref()
        .is_some_and(built_in::is_authority);
    let alone = account.upn.is_none() && account.sid.is_none() && account.domain.is_none();
    let by_name = alone && account.name.as_deref().is_some_and(built_in::is_name);
    by_sid || by_domain || by_name
}

fn is_machine(account: &Account) -> bool {
    let upn = account.upn.as_ref().map(UserPrincipalName::as_str);
    [account.name.as_deref(), upn]
        .into_iter()
        .flatten()
        // Some senders write a whole UPN where the local part is expected.
        .filter_map(|name| name.split('@').next())
        .any(|name| name.len() > 1 && name.ends_with('$'))
}

/// Whether this is a machine's local account. Its domain is a machine of the payload, or the sender states that it is
/// not domain-joined, names a machine, and nothing contradicts that.
fn is_local(account: &Account, machines: &Machines) -> bool {
    if account.upn.is_some() {
        return false;
    }
    let denied = account.domain_joined == Some(false) && account.has_host;
    match account.domain.as_deref() {
        Some(domain) => machines.has(domain) || (denied && machines.names.is_empty()),
        None => denied,
    }
}
