//! The account, wherever it stands: Sentinel speaks of it in three dialects, and one payload may hold all of them.
//!
//! | meaning | alert dialect | incident dialect | Graph and Defender |
//! | --- | --- | --- | --- |
//! | object id | `AadUserId` | `aadUserId` | `azureAdUserId`, `AccountObjectId` |
//! | name | `Name` | `accountName` | `accountName`, `userName` |
//! | UPN | `Name` + `UPNSuffix`, or whole in `Name` | `accountName` + `upnSuffix`, `friendlyName` | `userPrincipalName`, `AccountUpn` |
//! | SID | `Sid` | `sid` | `userSid`, `AccountSid` |
//! | domain | `NTDomain`, `DnsDomain` | `ntDomain`, `dnsDomain` | `domainName`, `AccountDomain` |
//!
//! Senders put one identifier where another is expected: published rules map a user principal name to `AadUserId`,
//! others an object id to `Name`. So the **form of a value** decides what it is; the property only decides the order of
//! the search. An identifier that is not well formed counts as unknown: it must not be the reason to refuse the
//! accounts beside it.
//!
//! Sources: "Microsoft Sentinel entity types reference"; "`AccountEntity` interface" of @azure/arm-securityinsight;
//! "userAccount resource type" of Microsoft Graph. What an account *is* follows in [`super::kind`].

use std::borrow::Cow;
use std::str::FromStr;

use crate::alert::json::Object;
use crate::alert::json::tidy::tidy;
use crate::domain::{
    AccountName, MailAddress, SecurityIdentifier, SubjectKind, SubjectRef, UserId,
    UserPrincipalName,
};

use super::kind::{self, Account, Machines};

/// The longest name that is kept, in characters. A distinguished name fits.
const LONGEST_NAME: usize = 256;

/// The properties that usually hold an object id.
const IDS: [&str; 4] = [
    "aadUserId",
    "azureAdUserId",
    "accountObjectId",
    "userObjectId",
];
/// The properties that usually hold a user principal name.
const UPNS: [&str; 3] = ["userPrincipalName", "accountUpn", "upn"];
/// The properties that usually hold a SID.
const SIDS: [&str; 4] = [
    "sid",
    "userSid",
    "accountSid",
    "onPremisesSecurityIdentifier",
];

/// Reads an account. `None` if the object has no identifier: senders leave such objects in place with every member null
/// or empty.
pub(crate) fn read(fields: &Object, machines: &Machines) -> Option<SubjectRef> {
    let mut subject =
        Account::of(fields, machines).subject(machines, || unresolvable_name(fields))?;
    subject.tenant = fields.parse(&["aadTenantId"]);
    Some(subject)
}

/// Reads an account whose identifiers stand in members of the sender's own. `None` if it has none of them.
pub(crate) fn identified(
    id: Option<UserId>,
    upn: Option<UserPrincipalName>,
    sid: Option<SecurityIdentifier>,
    name: Option<&str>,
) -> Option<SubjectRef> {
    let account = Account {
        id,
        upn,
        sid: sid.filter(kind::names_somebody),
        qualified: name.and_then(|name| name.parse().ok()),
        domain: None,
        name: name.and_then(|name| tidy(name, LONGEST_NAME)),
        domain_joined: None,
        has_host: false,
    };
    account.subject(&Machines::default(), || None)
}

/// Classifies what a person wrote by hand: `NT AUTHORITY\SYSTEM` is not a user there either.
pub(crate) fn classified(written: SubjectRef) -> SubjectRef {
    let account = Account {
        id: written.id,
        upn: written.upn.clone(),
        sid: written.sid.clone(),
        domain: written
            .account
            .as_ref()
            .map(|account| account.domain().to_owned()),
        name: written
            .account
            .as_ref()
            .map(|account| account.name().to_owned()),
        qualified: written.account.clone(),
        domain_joined: None,
        has_host: false,
    };
    let (mail, tenant) = (written.mail.clone(), written.tenant);
    match account.subject(&Machines::default(), || None) {
        Some(subject) => SubjectRef {
            mail,
            tenant,
            ..subject
        },
        // Only a mail address is known.
        None => written,
    }
}

impl Account {
    /// The subject for an account. `otherwise` names it if nothing else is known.
    fn subject(
        self,
        machines: &Machines,
        otherwise: impl FnOnce() -> Option<String>,
    ) -> Option<SubjectRef> {
        let Some(kind) = kind::of(&self, machines) else {
            let name = otherwise()?;
            return Some(named(SubjectKind::Other, Some(&name)));
        };
        let mut subject = SubjectRef::new(kind);
        match kind {
            SubjectKind::User => {
                let cloud_sid = self.sid.as_ref().and_then(SecurityIdentifier::object_id);
                subject.id = self.id.or(cloud_sid);
                subject.upn = self.upn;
                subject.account = self.qualified;
            }
            SubjectKind::Machine
            | SubjectKind::Group
            | SubjectKind::System
            | SubjectKind::ServicePrincipal
            | SubjectKind::ManagedIdentity
            | SubjectKind::Other => subject.name = self.written(),
        }
        subject.sid = self.sid;
        Some(subject)
    }

    fn of(fields: &Object, machines: &Machines) -> Self {
        let written_name = written_name(fields);
        // Some rules map a full `DOMAIN\name` to one member.
        let (domain_in_name, name) = match written_name.as_deref().and_then(|n| n.split_once('\\'))
        {
            Some((domain, name)) => (Some(domain), Some(name)),
            None => (None, written_name.as_deref()),
        };
        let domain = fields.first_text(&["ntDomain", "domainName", "accountDomain"]);
        let domain = domain
            .as_deref()
            .or(domain_in_name)
            .map(str::to_owned)
            .or_else(|| fields.text("dnsDomain").map(Into::into));
        // A whole user principal name is not a name within a domain.
        let qualified = domain
            .as_ref()
            .zip(name)
            .and_then(|(domain, name)| AccountName::from_parts(domain, name).ok());
        let written = Written::of(fields);
        let mut read = Self {
            id: written.id(),
            upn: written
                .upn()
                .or_else(|| user_principal_name(name?, fields.text("upnSuffix").as_deref())),
            sid: written.sid().filter(kind::names_somebody),
            qualified,
            name: name.and_then(|name| tidy(name, LONGEST_NAME)),
            domain,
            domain_joined: fields.boolean("isDomainJoined"),
            has_host: fields.get("host").is_some() || fields.get("hostEntityId").is_some(),
        };
        if read.is_unknown() {
            read.take_name();
        }
        if read.is_unknown() && read.qualified.is_none() {
            read.take_friendly_name(fields);
        }
        read.forget_what_is_the_machines(machines);
        read
    }

    /// Whether no identifier is known that the directory could be asked for.
    fn is_unknown(&self) -> bool {
        self.id.is_none() && self.upn.is_none() && self.sid.is_none()
    }

    /// Reads an object id or a SID from the name, where a rule's author mapped one to it.
    fn take_name(&mut self) {
        if let Some(name) = self.name.as_deref() {
            // Usually it is neither, and stays a name.
            self.id = name.parse().ok();
            self.sid = name.parse().ok().filter(kind::names_somebody);
        }
    }

    /// Drops the SID and the domain of a machine's own account. Defender writes them beside an account of Entra when a
    /// Mac has a local account for the same person; the directory knows neither.
    fn forget_what_is_the_machines(&mut self, machines: &Machines) {
        let is_entra = self.id.is_some() || self.upn.is_some();
        let of_machine = self
            .domain
            .as_deref()
            .is_some_and(|domain| machines.has(domain));
        if is_entra && of_machine {
            self.sid = self.sid.take().filter(|sid| sid.object_id().is_some());
            self.qualified = None;
        }
    }

    /// Reads a UPN or a SID from `friendlyName`, which sometimes holds one. It is used only if nothing stronger is
    /// known and if it differs from the display name, which people can set themselves.
    fn take_friendly_name(&mut self, fields: &Object) {
        let friendly = fields
            .text("friendlyName")
            .filter(|friendly| fields.text("displayName").as_ref() != Some(friendly));
        if let Some(friendly) = friendly {
            // Usually it is neither, but a display name.
            self.upn = friendly.parse().ok();
            self.sid = friendly.parse().ok().filter(kind::names_somebody);
        }
    }

    /// The name with its domain, if there is one.
    fn written(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        match &self.domain {
            Some(domain) => tidy(&format!("{domain}\\{name}"), LONGEST_NAME),
            None => Some(name.clone()),
        }
    }
}

/// The name within a domain. The `name` that Azure Resource Manager gives to an entity is not one.
fn written_name<'f>(fields: &'f Object) -> Option<Cow<'f, str>> {
    let of_resource = fields.text("type").is_some_and(|kind| kind.contains('/'));
    let names: &[&str] = if of_resource {
        &["accountName", "userName"]
    } else {
        &["accountName", "name", "userName", "fullName"]
    };
    fields.first_text(names)
}

/// The texts found where an object id, a user principal name and a SID belong.
struct Written<'f> {
    ids: [Option<Cow<'f, str>>; 4],
    upns: [Option<Cow<'f, str>>; 3],
    sids: [Option<Cow<'f, str>>; 4],
}

impl<'f> Written<'f> {
    fn of(fields: &'f Object) -> Self {
        Self {
            ids: IDS.map(|name| fields.text(name)),
            upns: UPNS.map(|name| fields.text(name)),
            sids: SIDS.map(|name| fields.text(name)),
        }
    }

    fn id(&self) -> Option<UserId> {
        first(&self.ids, &self.upns, &self.sids)
    }

    fn upn(&self) -> Option<UserPrincipalName> {
        first(&self.upns, &self.ids, &self.sids)
    }

    fn sid(&self) -> Option<SecurityIdentifier> {
        first(&self.sids, &self.ids, &self.upns)
    }
}

/// The first text of this form: from its own properties first, then from the others.
fn first<T: FromStr>(
    own: &[Option<Cow<str>>],
    other: &[Option<Cow<str>>],
    another: &[Option<Cow<str>>],
) -> Option<T> {
    let mut texts = own.iter().chain(other).chain(another).flatten();
    texts.find_map(|text| text.parse().ok())
}

/// Builds a UPN from a name and a suffix. A name with `@` is already whole. A malformed one counts as unknown.
fn user_principal_name(name: &str, suffix: Option<&str>) -> Option<UserPrincipalName> {
    if name.contains('@') {
        // A text that Entra would not allow as a UPN is kept as a display name.
        return name.parse().ok();
    }
    let suffix = suffix?.trim_start_matches(['@', ' ']);
    [name, "@", suffix].concat().parse().ok()
}

/// A display name, for an account without any identifier.
fn unresolvable_name(fields: &Object) -> Option<String> {
    let name = fields.first_text(&["displayName", "friendlyName", "cloudAppAccountId"]);
    if let Some(name) = name {
        return tidy(&name, LONGEST_NAME);
    }
    // Neither can be looked up: `objectGuid` is the on-premises directory's, and PUID another system's.
    let (label, value) = match fields.text("objectGuid") {
        Some(guid) => ("objectGuid", guid),
        None => ("PUID", fields.text("puid")?),
    };
    value
        .chars()
        .any(|c| c != '0' && c != '-')
        .then(|| tidy(&format!("{label} {value}"), LONGEST_NAME))
        .flatten()
}

/// Reads a mailbox: it belongs to a person in most cases, and only the directory knows whether it is a shared one.
pub(crate) fn mailbox(fields: &Object) -> Option<SubjectRef> {
    let mut subject = SubjectRef::new(SubjectKind::User);
    subject.id = fields.parse(&["externalDirectoryObjectId", "aadUserId", "aadId"]);
    subject.upn = fields.parse(&["upn", "userPrincipalName", "accountUpn"]);
    subject.mail =
        fields.parse::<MailAddress>(&["mailboxPrimaryAddress", "primaryAddress", "mailboxAddress"]);
    if !subject.is_resolvable() {
        subject.kind = SubjectKind::Other;
        let name = fields.first_text(&["displayName", "mailboxDisplayName", "friendlyName"])?;
        subject.name = Some(tidy(&name, LONGEST_NAME)?);
    }
    Some(subject)
}

/// Reads a security group: its members are not what the alert flags.
pub(crate) fn group(fields: &Object) -> Option<SubjectRef> {
    let mut subject = SubjectRef::new(SubjectKind::Group);
    subject.id = fields.parse(&["objectGuid", "securityGroupId"]);
    subject.sid = fields.parse(&["sid"]);
    if subject.id.is_none() && subject.sid.is_none() {
        let names = [
            "displayName",
            "securityGroupName",
            "friendlyName",
            "distinguishedName",
            "name",
        ];
        subject.name = Some(tidy(&fields.first_text(&names)?, LONGEST_NAME)?);
    }
    Some(subject)
}

/// A subject with only a name, or with a name and an id that is not a user's.
pub(crate) fn named(kind: SubjectKind, name: Option<&str>) -> SubjectRef {
    let mut subject = SubjectRef::new(kind);
    subject.name = name.and_then(|name| tidy(name, LONGEST_NAME));
    subject
}
