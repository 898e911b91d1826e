//! Brings the forms of one account together: each subject once, in the payload's order, with all that is known of it.
//!
//! Two forms are one account when they share an object id, a UPN, a SID, a mail address or a `DOMAIN\name`, in any case;
//! a cloud SID `S-1-12-1-…` *is* an object id. Where nothing in the payload connects two forms, they stay two subjects:
//! only the directory can say more.
//!
//! Never are two forms with different object ids made one, whatever else they share, because one of the two would be
//! lost. For the same reason a mail address and a `DOMAIN\name`, which are weaker, do not connect forms that differ in
//! UPN or SID.
//!
//! It takes time linear in the number of forms, so that a payload of a hundred thousand accounts is no attack.

use std::collections::HashMap;

use crate::domain::{
    AccountName, MailAddress, SecurityIdentifier, SubjectKind, SubjectRef, TenantId, UserId,
    UserPrincipalName,
};

/// What connects two forms.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Id(UserId),
    GroupId(UserId),
    Upn(UserPrincipalName),
    Sid(SecurityIdentifier),
    Mail(MailAddress),
    Account(AccountName),
    /// Of what is no user, and so has a name where a user has identifiers.
    Name(SubjectKind, String),
}

/// Subjects, brought together as they are added.
#[derive(Default)]
pub(super) struct Subjects {
    /// The subjects by their number; one that was found to be an earlier one has moved there.
    places: Vec<Place>,
    known: HashMap<Key, usize>,
}

enum Place {
    Subject(Box<SubjectRef>),
    Moved(usize),
}

impl Subjects {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many of them are users.
    pub(super) fn users(&self) -> usize {
        let is_user =
            |place: &&Place| matches!(place, Place::Subject(s) if s.kind == SubjectKind::User);
        self.places.iter().filter(is_user).count()
    }

    /// Adds a form of an account.
    pub(super) fn add(&mut self, mut subject: SubjectRef) {
        complete(&mut subject);
        let keys = keys(&subject);
        let mut home = None;
        for key in &keys {
            let Some(found) = self.known.get(key).copied() else {
                continue;
            };
            let found = self.resolve(found);
            match home {
                None => {
                    if self.takes(found, &subject, key) {
                        home = Some(found);
                    }
                }
                Some(earlier) => home = Some(self.unite(earlier, found, key)),
            }
        }
        let home = match home {
            Some(home) => {
                self.absorb(home, subject);
                home
            }
            None => {
                self.places.push(Place::Subject(Box::new(subject)));
                self.places.len() - 1
            }
        };
        for key in keys {
            self.known.entry(key).or_insert(home);
        }
    }

    /// Adds several forms.
    pub(super) fn extend(&mut self, subjects: impl IntoIterator<Item = SubjectRef>) {
        subjects.into_iter().for_each(|subject| self.add(subject));
    }

    /// Says of every subject whose tenant is unknown that it is this one.
    pub(super) fn belong_to(&mut self, tenant: Option<TenantId>) {
        for place in &mut self.places {
            if let Place::Subject(subject) = place {
                subject.tenant = subject.tenant.or(tenant);
            }
        }
    }

    /// The subjects, each once, in the order in which each was first added.
    pub(super) fn into_list(self) -> Vec<SubjectRef> {
        self.places
            .into_iter()
            .filter_map(|place| match place {
                Place::Subject(subject) => Some(*subject),
                Place::Moved(_) => None,
            })
            .collect()
    }

    /// Where a subject stands now; the way there is shortened for the next time.
    fn resolve(&mut self, mut at: usize) -> usize {
        while let Place::Moved(to) = self.places[at] {
            if let Place::Moved(further) = self.places[to] {
                self.places[at] = Place::Moved(further);
            }
            at = to;
        }
        at
    }

    fn takes(&self, at: usize, subject: &SubjectRef, key: &Key) -> bool {
        match &self.places[at] {
            Place::Subject(here) => may_be_one(here, subject, key),
            Place::Moved(_) => false,
        }
    }

    /// Makes two subjects one, if they may be, and says where the first of them stands then.
    fn unite(&mut self, one: usize, other: usize, key: &Key) -> usize {
        let (first, second) = (one.min(other), one.max(other));
        let united = first != second
            && match &self.places[second] {
                Place::Subject(subject) => self.takes(first, subject, key),
                Place::Moved(_) => false,
            };
        if !united {
            return one;
        }
        let moved = std::mem::replace(&mut self.places[second], Place::Moved(first));
        if let Place::Subject(subject) = moved {
            self.absorb(first, *subject);
        }
        first
    }

    fn absorb(&mut self, at: usize, subject: SubjectRef) {
        if let Place::Subject(here) = &mut self.places[at] {
            absorb(here, subject);
        }
    }
}

/// Takes into one form what another form of the same account says besides.
pub(super) fn absorb(here: &mut SubjectRef, other: SubjectRef) {
    here.kind = kind_of_both(here, &other);
    here.id = here.id.or(other.id);
    here.tenant = here.tenant.or(other.tenant);
    here.upn = here.upn.take().or(other.upn);
    here.sid = here.sid.take().or(other.sid);
    here.mail = here.mail.take().or(other.mail);
    here.account = here.account.take().or(other.account);
    here.name = here.name.take().or(other.name);
    if here.kind == SubjectKind::User {
        here.name = None;
    }
}

/// `User` is what an account is as long as nothing says otherwise. What a sender calls a service principal is one; any
/// other doubt is the directory's to settle as soon as one form has an object id or a UPN.
fn kind_of_both(one: &SubjectRef, other: &SubjectRef) -> SubjectKind {
    if one.kind == other.kind {
        return one.kind;
    }
    let kinds = [one.kind, other.kind];
    let stated = [SubjectKind::ManagedIdentity, SubjectKind::ServicePrincipal];
    if let Some(kind) = stated.into_iter().find(|kind| kinds.contains(kind)) {
        return kind;
    }
    let is_entra = |subject: &SubjectRef| {
        subject.kind == SubjectKind::User && (subject.id.is_some() || subject.upn.is_some())
    };
    if is_entra(one) || is_entra(other) {
        SubjectKind::User
    } else if one.kind == SubjectKind::User {
        other.kind
    } else {
        one.kind
    }
}

/// Fills in the object id that a cloud SID is.
fn complete(subject: &mut SubjectRef) {
    if subject.id.is_none() && subject.kind != SubjectKind::Group {
        subject.id = subject.sid.as_ref().and_then(SecurityIdentifier::object_id);
    }
}

/// What a form can be known by, the strongest first.
fn keys(subject: &SubjectRef) -> Vec<Key> {
    let id = if subject.kind == SubjectKind::Group {
        Key::GroupId
    } else {
        Key::Id
    };
    let name = match subject.kind {
        SubjectKind::User => None,
        SubjectKind::Machine
        | SubjectKind::Group
        | SubjectKind::System
        | SubjectKind::ServicePrincipal
        | SubjectKind::ManagedIdentity
        | SubjectKind::Other => subject.name.as_ref(),
    };
    [
        subject.id.map(id),
        subject.upn.clone().map(Key::Upn),
        subject.sid.clone().map(Key::Sid),
        subject.mail.clone().map(Key::Mail),
        subject.account.clone().map(Key::Account),
        name.map(|name| Key::Name(subject.kind, name.to_lowercase())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn may_be_one(one: &SubjectRef, other: &SubjectRef, key: &Key) -> bool {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    let groups = [one.kind, other.kind].map(|kind| kind == SubjectKind::Group);
    if groups[0] != groups[1] || differ(one.id.as_ref(), other.id.as_ref()) {
        return false;
    }
    match key {
        Key::Id(_) | Key::GroupId(_) | Key::Upn(_) | Key::Sid(_) => true,
        Key::Mail(_) | Key::Account(_) | Key::Name(..) => {
            !differ(one.upn.as_ref(), other.upn.as_ref())
                && !differ(one.sid.as_ref(), other.sid.as_ref())
        }
    }
}
