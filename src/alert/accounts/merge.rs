//! Merges the forms of one account: each account once, in the payload's order, with everything known and stated about
//! it.
//!
//! Two forms are one account when they share an object id, a UPN, a SID, a mail address or a `DOMAIN\name`, in any
//! case; a cloud SID `S-1-12-1-…` *is* an object id. Where nothing in the payload connects two forms, they stay two
//! subjects: only the directory can say more.
//!
//! Two forms with different object ids are never merged, whatever else they share, because one of the two would be
//! lost. For the same reason a mail address and a `DOMAIN\name`, which are weaker, do not connect forms that differ in
//! UPN or SID.
//!
//! The time is linear in the number of forms, so a payload of a hundred thousand accounts is not an attack.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, OccupiedEntry};

use crate::domain::{
    AccountName, MailAddress, SecurityIdentifier, SubjectKind, SubjectRef, TenantId, UserId,
    UserPrincipalName,
};

use crate::alert::said::Said;

/// An identifier that connects two forms.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Id(UserId),
    GroupId(UserId),
    Upn(UserPrincipalName),
    Sid(SecurityIdentifier),
    Mail(MailAddress),
    Account(AccountName),
    /// For an account that is not a user, and so has a name instead of identifiers.
    Name(SubjectKind, String),
}

/// The most unmergeable subjects that are remembered under one key. A payload with more contradicts itself; the others
/// stay separate subjects, and the time stays linear.
const MOST_RIVALS: usize = 16;

/// Accounts, merged as they are added.
#[derive(Default)]
pub(crate) struct Accounts {
    /// The accounts by number. An account that was merged into an earlier one points there.
    places: Vec<Place>,
    known: HashMap<Key, Rivals>,
}

/// The subjects known by one key. Nearly every payload has one, which needs no allocation.
struct Rivals {
    first: usize,
    others: Vec<usize>,
}

impl Rivals {
    fn of(first: usize) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    fn add(&mut self, at: usize) {
        let is_new = at != self.first && !self.others.contains(&at);
        if is_new && self.others.len() + 1 < MOST_RIVALS {
            self.others.push(at);
        }
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

enum Place {
    Account(Box<SubjectRef>, Vec<Said>),
    Moved(usize),
}

impl Accounts {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The number of users among them.
    pub(crate) fn users(&self) -> usize {
        let is_user =
            |place: &&Place| matches!(place, Place::Account(a, _) if a.kind == SubjectKind::User);
        self.places.iter().filter(is_user).count()
    }

    /// Adds a form of an account, with what was stated about it.
    pub(crate) fn add(&mut self, mut account: SubjectRef, said: Vec<Said>) {
        complete(&mut account);
        let known_by = keys(&account);
        let mut at = self.places.len();
        self.places.push(Place::Account(Box::new(account), said));
        for key in known_by.into_iter().flatten() {
            at = self.know(at, key);
        }
        // An account that is not a user is known by its name and its kind, which a merge may have changed.
        if let Some(name) = name(&self.places[at]) {
            self.know(at, name);
        }
    }

    /// Registers a subject under a key and merges it with the subjects already there. Returns its place afterwards.
    fn know(&mut self, mut at: usize, key: Key) -> usize {
        match self.known.entry(key) {
            Entry::Vacant(free) => {
                free.insert(Rivals::of(at));
            }
            Entry::Occupied(mut known) => {
                while let Some(found) = counterpart(&mut self.places, at, &known) {
                    at = unite(&mut self.places, at, found);
                }
                known.get_mut().add(at);
            }
        }
        at
    }

    /// Sets the tenant of every account whose tenant is unknown.
    pub(crate) fn belong_to(&mut self, tenant: Option<TenantId>) {
        for place in &mut self.places {
            if let Place::Account(account, _) = place {
                account.tenant = account.tenant.or(tenant);
            }
        }
    }

    /// The accounts, each once, in the order in which each was first added.
    pub(crate) fn into_list(self) -> Vec<(SubjectRef, Vec<Said>)> {
        self.places
            .into_iter()
            .filter_map(|place| match place {
                Place::Account(account, said) => Some((*account, said)),
                Place::Moved(_) => None,
            })
            .collect()
    }
}

/// Finds a subject under the same key that is the same account. Two subjects that cannot be merged stay apart, however
/// much more is learnt about them, so each key is looked at once.
fn counterpart(
    places: &mut [Place],
    at: usize,
    known: &OccupiedEntry<'_, Key, Rivals>,
) -> Option<usize> {
    known.get().all().find_map(|rival| {
        let found = resolve(places, rival);
        let is_one = found != at
            && match (&places[at], &places[found]) {
                (Place::Account(one, _), Place::Account(other, _)) => {
                    may_be_one(one, other, known.key())
                }
                (Place::Moved(_), _) | (_, Place::Moved(_)) => false,
            };
        is_one.then_some(found)
    })
}

/// The current place of a subject; the path to it is shortened for the next time.
fn resolve(places: &mut [Place], mut at: usize) -> usize {
    while let Place::Moved(to) = places[at] {
        if let Place::Moved(further) = places[to] {
            places[at] = Place::Moved(further);
        }
        at = to;
    }
    at
}

/// Merges two subjects; the result takes the place of the first one.
fn unite(places: &mut [Place], one: usize, other: usize) -> usize {
    let (first, second) = (one.min(other), one.max(other));
    let moved = std::mem::replace(&mut places[second], Place::Moved(first));
    if let (Place::Account(here, said), Place::Account(account, more)) = (&mut places[first], moved)
    {
        absorb(here, *account);
        // A hundred thousand references from one alert to one account count as one statement.
        let is_new = |one: &Said| said.last() != Some(one);
        let more: Vec<Said> = more.into_iter().filter(is_new).collect();
        said.extend(more);
    }
    first
}

/// Takes over what another form of the same account states.
pub(crate) fn absorb(here: &mut SubjectRef, other: SubjectRef) {
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

/// `User` is the default kind, so any other kind wins. An account that the sender calls a service principal is one; any
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

/// Fills in the object id that a cloud SID encodes.
fn complete(subject: &mut SubjectRef) {
    if subject.id.is_none() && subject.kind != SubjectKind::Group {
        subject.id = subject.sid.as_ref().and_then(SecurityIdentifier::object_id);
    }
}

/// The keys of a form, the strongest first.
fn keys(subject: &SubjectRef) -> [Option<Key>; 5] {
    let id = if subject.kind == SubjectKind::Group {
        Key::GroupId
    } else {
        Key::Id
    };
    [
        subject.id.map(id),
        subject.upn.clone().map(Key::Upn),
        subject.sid.clone().map(Key::Sid),
        subject.mail.clone().map(Key::Mail),
        subject.account.clone().map(Key::Account),
    ]
}

/// The name as a key, except for users: people's names are not identifiers.
fn name(place: &Place) -> Option<Key> {
    match place {
        Place::Moved(_) => None,
        Place::Account(subject, _) if subject.kind == SubjectKind::User => None,
        Place::Account(subject, _) => {
            let name = subject.name.as_ref()?.to_lowercase();
            Some(Key::Name(subject.kind, name))
        }
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn merged(forms: impl IntoIterator<Item = SubjectRef>) -> Vec<SubjectRef> {
        let mut accounts = Accounts::default();
        for form in forms {
            accounts.add(form, Vec::new());
        }
        accounts
            .into_list()
            .into_iter()
            .map(|(account, _)| account)
            .collect()
    }

    fn user(id: &str, upn: &str, sid: &str, mail: &str, account: &str) -> SubjectRef {
        SubjectRef {
            id: id.parse().ok(),
            upn: upn.parse().ok(),
            sid: sid.parse().ok(),
            mail: mail.parse().ok(),
            account: account.parse().ok(),
            ..SubjectRef::new(SubjectKind::User)
        }
    }

    const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
    const BOB: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";

    #[test]
    fn forms_that_share_an_identifier_in_any_case_are_one() {
        let subjects = merged([
            user(ALICE, "", "", "", ""),
            user("", "alice@contoso.com", "S-1-5-21-1-2-3-4", "", ""),
            user(
                &ALICE.to_uppercase(),
                "ALICE@contoso.com",
                "",
                "a@contoso.com",
                "",
            ),
            user("", "", "S-1-5-21-1-2-3-4", "", "CONTOSO\\alice"),
        ]);
        assert_eq!(
            subjects,
            [user(
                ALICE,
                "alice@contoso.com",
                "S-1-5-21-1-2-3-4",
                "a@contoso.com",
                "CONTOSO\\alice"
            )]
        );
    }

    #[test]
    fn a_cloud_sid_is_the_object_id() {
        let sid = "S-1-12-1-1823270101-1184176597-2068834194-677884922";
        let subjects = merged([user(ALICE, "", "", "", ""), user("", "", sid, "", "")]);
        assert_eq!(subjects, [user(ALICE, "", sid, "", "")]);
    }

    #[test]
    fn one_object_id_with_two_names_is_one_subject() {
        let forms = [
            user(ALICE, "alice@contoso.com", "", "", ""),
            user(ALICE, "a.reyes@contoso.com", "", "", ""),
        ];
        assert_eq!(merged(forms).len(), 1);
    }

    #[test]
    fn a_name_that_a_union_did_not_keep_still_connects() {
        let forms = [
            user(ALICE, "old.name@contoso.com", "", "", ""),
            user(ALICE, "alice@contoso.com", "", "", ""),
            user("", "alice@contoso.com", "S-1-5-21-1-2-3-4", "", ""),
        ];
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let subjects = merged(order.map(|number| forms[number].clone()));
            assert_eq!(subjects.len(), 1, "{order:?}");
        }
    }

    #[test]
    fn forms_with_different_object_ids_stay_two_whatever_else_they_share() {
        let forms = [
            user(ALICE, "shared@contoso.com", "S-1-5-21-1-2-3-4", "", ""),
            user(BOB, "shared@contoso.com", "S-1-5-21-1-2-3-4", "", ""),
            user("", "shared@contoso.com", "", "", ""),
        ];
        assert_eq!(merged(forms).len(), 2);
    }

    #[test]
    fn a_shared_mail_address_does_not_connect_two_user_principal_names() {
        let forms = [
            user("", "alice@contoso.com", "", "office@contoso.com", ""),
            user("", "bob@contoso.com", "", "office@contoso.com", ""),
        ];
        assert_eq!(merged(forms).len(), 2);
    }

    #[test]
    fn the_form_that_tells_what_an_account_is_decides() {
        let mut machine = user("", "", "S-1-5-21-1-2-3-4", "", "");
        machine.kind = SubjectKind::Machine;
        machine.name = Some("CONTOSO\\WKS$".to_owned());
        let subjects = merged([user("", "", "S-1-5-21-1-2-3-4", "", ""), machine]);
        assert_eq!(subjects[0].kind, SubjectKind::Machine);
        let mut principal = user(ALICE, "", "", "", "");
        principal.kind = SubjectKind::ServicePrincipal;
        assert_eq!(
            merged([user(ALICE, "", "", "", ""), principal])[0].kind,
            SubjectKind::ServicePrincipal
        );
    }

    #[test]
    fn an_entra_account_that_one_form_takes_for_a_machine_is_a_user_in_either_order() {
        let sid = "S-1-5-21-1-2-3-4";
        let mut machine = user("", "", sid, "", "");
        machine.kind = SubjectKind::Machine;
        for known in [
            user(ALICE, "", sid, "", ""),
            user("", "alice@contoso.com", sid, "", ""),
        ] {
            for forms in [[known.clone(), machine.clone()], [machine.clone(), known]] {
                let subjects = merged(forms);
                assert_eq!(subjects.len(), 1);
                assert_eq!(subjects[0].kind, SubjectKind::User);
            }
        }
    }

    /// A payload in which one address has more owners than are remembered contradicts itself: each later owner stays a
    /// subject, and nothing is lost.
    #[test]
    fn a_form_joins_the_last_rival_that_is_remembered_and_none_after_it() {
        let subjects_of = |rivals: usize| {
            let with_sid = |number: usize| {
                let sid = format!("S-1-5-21-1-2-3-{number}");
                user(
                    "",
                    &format!("user{number}@contoso.com"),
                    &sid,
                    "office@contoso.com",
                    "",
                )
            };
            // Only the last one has no SID, so only that one can match the form that is added at the end.
            let last = user("", "last@contoso.com", "", "office@contoso.com", "");
            let added = user("", "", "S-1-5-21-1-2-3-999", "office@contoso.com", "");
            merged((1..rivals).map(with_sid).chain([last, added])).len()
        };
        assert_eq!(subjects_of(MOST_RIVALS), MOST_RIVALS);
        assert_eq!(subjects_of(MOST_RIVALS + 1), MOST_RIVALS + 2);
    }

    /// Forms that collide often: each identifier has three possible values, or is unknown.
    fn forms() -> impl Strategy<Value = Vec<SubjectRef>> {
        let some = || prop::option::of(0_u32..3);
        let kind = prop::sample::select(vec![
            SubjectKind::User,
            SubjectKind::User,
            SubjectKind::Machine,
            SubjectKind::Group,
            SubjectKind::ServicePrincipal,
            SubjectKind::Other,
        ]);
        let form = (kind, some(), some(), some(), some(), some(), any::<bool>()).prop_map(
            |(kind, id, upn, sid, mail, account, cloud)| {
                let mut form = SubjectRef::new(kind);
                form.id = id.and_then(|n| {
                    format!("00000000-0000-0000-0000-00000000000{}", n + 1)
                        .parse()
                        .ok()
                });
                form.upn = upn.and_then(|n| format!("user{n}@contoso.com").parse().ok());
                form.sid = sid.and_then(|n| {
                    let sid = if cloud {
                        format!("S-1-12-1-0-0-0-{}", (n + 1) << 24)
                    } else {
                        format!("S-1-5-21-1-2-3-{n}")
                    };
                    sid.parse().ok()
                });
                form.mail = mail.and_then(|n| format!("mail{n}@contoso.com").parse().ok());
                form.account = account.and_then(|n| format!("CONTOSO\\{n}").parse().ok());
                form.name = (kind != SubjectKind::User).then(|| format!("name{account:?}"));
                form
            },
        );
        prop::collection::vec(form, 0..12)
    }

    proptest! {
        #[test]
        fn merging_what_is_merged_changes_nothing(forms in forms()) {
            let once = merged(forms);
            prop_assert_eq!(merged(once.clone()), once);
        }

        #[test]
        fn no_object_id_is_lost_and_none_stands_twice(forms in forms()) {
            let known = |forms: &[SubjectRef]| -> Vec<(bool, UserId)> {
                forms.iter().filter_map(|f| Some((f.kind == SubjectKind::Group, f.id?))).collect()
            };
            let mut completed = forms.clone();
            completed.iter_mut().for_each(complete);
            let before: HashSet<_> = known(&completed).into_iter().collect();
            let after = known(&merged(forms));
            prop_assert_eq!(after.iter().copied().collect::<HashSet<_>>(), before);
            prop_assert_eq!(after.iter().collect::<HashSet<_>>().len(), after.len());
        }
    }
}
