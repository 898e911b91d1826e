//! The current state of the directory: users, groups, and the time since which each user's sessions are valid. It knows
//! neither HTTP nor permissions. Reads may lag behind writes, as a replica's answers do.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::licence::{Licence, Limits};
use super::log::SignInLog;
use super::sessions::Sessions;
use super::world::{World, WorldApp, WorldGroup, WorldTenant, WorldUser};
use super::world_access::WorldAccess;
use crate::clock::{floor_to_second, minus, plus};

/// The default time of a user's last cut before the start.
const VALID_SINCE: Duration = Duration::from_hours(720);

/// The content of the tenant.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) tenant_id: Uuid,
    pub(crate) domain: String,
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<WorldGroup>,
    pub(crate) access: WorldAccess,
    pub(crate) sessions: Sessions,
    pub(crate) log: SignInLog,
    pub(crate) licence: Licence,
    pub(crate) limits: Limits,
    lag: Lag,
    /// The index of each user in `users`, by object id and by user principal name in lower case.
    places: (HashMap<Uuid, usize>, HashMap<String, usize>),
}

/// The lag of reads behind writes.
#[derive(Debug, Clone, Copy, Default)]
struct Lag {
    time: Duration,
    reads: u32,
}

/// A user, with the changes of the user's sessions since the start.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) entry: WorldUser,
    valid_from: Timestamp,
    seen: Timestamp,
    changes: Vec<Change>,
}

/// A change that readers may not see yet.
#[derive(Debug)]
struct Change {
    to: Timestamp,
    visible_at: Timestamp,
    reads_before: u32,
}

impl User {
    fn new(entry: WorldUser, now: Timestamp) -> Self {
        let valid_from = entry
            .sign_in_sessions_valid_from_date_time
            .unwrap_or_else(|| floor_to_second(minus(now, VALID_SINCE)));
        Self {
            entry,
            valid_from,
            seen: valid_from,
            changes: Vec::new(),
        }
    }

    /// The moment before which sessions are refused: the truth, not a replica's view.
    pub(crate) fn valid_from(&self) -> Timestamp {
        self.valid_from
    }

    /// The same as a reader sees it, who may be behind. Each call counts as one read.
    pub(crate) fn read_valid_from(&mut self, now: Timestamp) -> Timestamp {
        let mut waiting = Vec::new();
        for mut change in std::mem::take(&mut self.changes) {
            if change.reads_before == 0 && change.visible_at <= now {
                self.seen = change.to;
            } else {
                change.reads_before = change.reads_before.saturating_sub(1);
                waiting.push(change);
            }
        }
        self.changes = waiting;
        self.seen
    }

    pub(crate) fn enabled(&self) -> bool {
        self.entry.account_enabled.unwrap_or(true)
    }

    pub(crate) fn proxy_addresses(&self) -> Vec<String> {
        match (&self.entry.proxy_addresses, &self.entry.mail) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(mail)) => vec![format!("SMTP:{mail}")],
            (None, None) => Vec::new(),
        }
    }

    /// The cloud SID: the bytes of the object id as four little-endian numbers.
    pub(crate) fn cloud_sid(&self) -> String {
        let [a, b, c, d] = self
            .entry
            .id
            .to_bytes_le()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes))
            .collect::<Vec<_>>()[..]
        else {
            return String::new();
        };
        format!("S-1-12-1-{a}-{b}-{c}-{d}")
    }
}

impl Directory {
    pub(crate) fn new(world: World, now: Timestamp) -> Self {
        let sessions = Sessions::of(&world, now);
        let mut log = SignInLog::default();
        sessions.write_into(&mut log);
        let mut directory = Self {
            tenant_id: world.tenant.id,
            domain: world.tenant.domain,
            users: world
                .users
                .into_iter()
                .map(|user| User::new(user, now))
                .collect(),
            groups: world.groups,
            access: world.access,
            sessions,
            log,
            licence: Licence::default(),
            limits: Limits::default(),
            lag: Lag::default(),
            places: (HashMap::new(), HashMap::new()),
        };
        directory.find_places();
        directory
    }

    fn find_places(&mut self) {
        let users = || self.users.iter().map(|user| &user.entry).enumerate();
        let ids = users().map(|(at, user)| (user.id, at)).collect();
        let names = users()
            .map(|(at, user)| (user.user_principal_name.to_lowercase(), at))
            .collect();
        self.places = (ids, names);
    }

    /// Gives a user another user principal name. False if there is no such user.
    pub(crate) fn rename(&mut self, key: &str, name: &str) -> bool {
        let Some(user) = self.find_mut(key) else {
            return false;
        };
        name.clone_into(&mut user.entry.user_principal_name);
        self.find_places();
        true
    }

    /// Deletes a user, also from groups, and ends the sessions. Returns false if there was no such user.
    pub(crate) fn delete(&mut self, key: &str) -> bool {
        let Some(at) = self.position(key) else {
            return false;
        };
        let id = self.users.remove(at).entry.id;
        for group in &mut self.groups {
            group.members.retain(|member| *member != id);
        }
        self.find_places();
        true
    }

    /// A tenant without users.
    pub(crate) fn empty(id: Uuid, now: Timestamp) -> Self {
        let world = World {
            tenant: WorldTenant {
                id,
                domain: "example.com".to_owned(),
            },
            users: Vec::new(),
            groups: Vec::new(),
            app: WorldApp::default(),
            access: WorldAccess::default(),
        };
        Self::new(world, now)
    }

    /// The user with this object id or user principal name, in any casing.
    pub(crate) fn find(&self, key: &str) -> Option<&User> {
        let at = self.position(key)?;
        self.users.get(at)
    }

    pub(crate) fn find_mut(&mut self, key: &str) -> Option<&mut User> {
        let at = self.position(key)?;
        self.users.get_mut(at)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match Uuid::try_parse(key) {
            Ok(id) => self.places.0.get(&id).copied(),
            Err(_) => self.places.1.get(&key.to_lowercase()).copied(),
        }
    }

    pub(crate) fn group(&self, id: Uuid) -> Option<&WorldGroup> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Every group the member is in, directly or through other groups.
    pub(crate) fn groups_of(&self, member: Uuid) -> HashSet<Uuid> {
        let mut found = HashSet::new();
        let mut open = vec![member];
        while let Some(member) = open.pop() {
            for group in &self.groups {
                if group.members.contains(&member) && found.insert(group.id) {
                    open.push(group.id);
                }
            }
        }
        found
    }

    /// Revokes the sessions that began before the present second. It has no effect on users who sign in at another
    /// tenant ("user: revokeSignInSessions", the note on external users). Returns false if there is no such user.
    pub(crate) fn revoke(&mut self, key: &str, now: Timestamp) -> bool {
        let lag = self.lag;
        let Some(user) = self.find_mut(key) else {
            return false;
        };
        if !user.entry.is_external() {
            let to = floor_to_second(now).max(user.valid_from);
            user.valid_from = to;
            user.changes.push(Change {
                to,
                visible_at: plus(now, lag.time),
                reads_before: lag.reads,
            });
        }
        true
    }

    pub(crate) fn set_valid_from(&mut self, key: &str, at: Timestamp) -> bool {
        self.find_mut(key).is_some_and(|user| {
            user.valid_from = at;
            user.seen = at;
            user.changes.clear();
            true
        })
    }

    pub(crate) fn set_lag(&mut self, time: Duration, reads: u32) {
        self.lag = Lag { time, reads };
    }

    /// Why a refresh token issued at that time would be refused now; `None` if it would be redeemed.
    pub(crate) fn refusal(&self, user: Uuid, issued: Timestamp) -> Option<&'static str> {
        let place = self.places.0.get(&user);
        let Some(user) = place.and_then(|at| self.users.get(*at)) else {
            return Some("user_deleted");
        };
        if user.entry.is_external() {
            return None;
        }
        if !user.enabled() {
            return Some("account_disabled");
        }
        (issued < user.valid_from).then_some("sessions_revoked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "alice@contoso.com";

    fn contoso() -> (Directory, Timestamp) {
        let now: Timestamp = "2026-10-07T05:23:30.5Z".parse().unwrap();
        (Directory::new(World::default_contoso().unwrap(), now), now)
    }

    #[test]
    fn a_reader_stays_behind_until_the_lag_has_passed() {
        let (mut directory, now) = contoso();
        directory.set_lag(Duration::from_secs(5), 0);
        let before = directory.find(ALICE).unwrap().valid_from();
        assert!(directory.revoke(ALICE, now));
        let alice = directory.find_mut(ALICE).unwrap();
        assert_eq!(alice.valid_from(), floor_to_second(now));
        assert_eq!(alice.read_valid_from(now), before);
        let later = plus(now, Duration::from_secs(5));
        assert_eq!(alice.read_valid_from(later), floor_to_second(now));
    }

    #[test]
    fn a_lag_in_reads_passes_by_reading() {
        let (mut directory, now) = contoso();
        directory.set_lag(Duration::ZERO, 2);
        directory.revoke(ALICE, now);
        let alice = directory.find_mut(ALICE).unwrap();
        let seen = [(); 3].map(|()| alice.read_valid_from(now) == floor_to_second(now));
        assert_eq!(seen, [false, false, true]);
    }

    #[test]
    fn revoking_never_moves_the_instant_back() {
        let (mut directory, now) = contoso();
        let later = plus(now, Duration::from_mins(1));
        directory.revoke(ALICE, later);
        directory.revoke(ALICE, now);
        let alice = directory.find(ALICE).unwrap();
        assert_eq!(alice.valid_from(), floor_to_second(later));
    }

    #[test]
    fn a_cloud_sid_is_the_object_id_in_other_words() {
        let (directory, _) = contoso();
        // Both are from the same sample of a Microsoft 365 Defender record.
        let alice = directory
            .find("6CACE4D5-19D5-4695-92E7-4F7BFAB36728")
            .unwrap();
        assert_eq!(
            alice.cloud_sid(),
            "S-1-12-1-1823270101-1184176597-2068834194-677884922"
        );
    }

    #[test]
    fn whoever_comes_after_a_deleted_user_is_found_all_the_same() {
        let (mut directory, _) = contoso();
        let (first, second) = (
            directory.users[0].entry.id,
            directory.users[1].entry.clone(),
        );
        assert!(directory.delete(&first.to_string()));
        let name = second.user_principal_name.to_uppercase();
        let second = second.id;
        for key in [name, second.to_string().to_uppercase()] {
            let key = key.as_str();
            assert_eq!(directory.find(key).map(|user| user.entry.id), Some(second));
        }
        assert!(directory.find(&first.to_string()).is_none());
    }

    #[test]
    fn membership_reaches_through_nested_groups_and_survives_a_circle() {
        let (mut directory, _) = contoso();
        let break_glass = directory
            .find("break.glass@contoso.onmicrosoft.com")
            .unwrap()
            .entry
            .id;
        assert_eq!(directory.groups_of(break_glass).len(), 3);
        let outermost = directory.groups[0].id;
        directory.groups[2].members.push(outermost);
        assert_eq!(directory.groups_of(break_glass).len(), 3);
    }
}
