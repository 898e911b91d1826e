//! Changes of a running tenant by a test or a person: holds calls, grants and removes permissions, edits users and
//! groups. None of them uses the wire of the program under test.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::Tenant;
use super::azure::{self, AzureLimits};
use super::faults::Stage;
use super::licence::Licence;
use super::limits::Limits;
use super::log::Place;
use super::pattern::Pattern;
use super::world::WorldGroup;
use crate::sync::lock;

impl Tenant {
    /// Freezes every call that matches, before it has any effect, until it is released.
    pub fn hold(&self, pattern: impl Into<Pattern>) {
        self.shared.faults.hold(pattern.into(), Stage::Arrival);
    }

    /// Freezes every call that matches, after its effect and before its answer, until it is released.
    pub fn hold_answer(&self, pattern: impl Into<Pattern>) {
        self.shared.faults.hold(pattern.into(), Stage::Answer);
    }

    /// Releases the calls that this very pattern holds.
    pub fn release(&self, pattern: impl Into<Pattern>) {
        self.shared.faults.release(Some(&pattern.into()));
    }

    /// Releases every held call.
    pub fn release_all(&self) {
        self.shared.faults.release(None);
    }

    /// Graph's limits; `None` if it refuses no call because of their number.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.shared.throttling.limits()
    }

    /// Sets Graph's limits, or removes them. At the start they are the real ones.
    pub fn set_limits(&self, limits: Option<Limits>) {
        self.shared.throttling.set(limits);
    }

    /// Sets the limits of Azure Resource Manager.
    pub fn set_azure_limits(&self, limits: AzureLimits) {
        lock(&self.shared.azure_throttling).limits = limits;
    }

    /// How long after a refusal a call may still arrive that was sent before its caller could read it: 50 ms at the
    /// start, and more if many calls are on their way at once and the machine is busy.
    pub fn allow_on_its_way(&self, time: Duration) {
        self.shared.journal.set_on_its_way(time);
    }

    /// The permissions of the app's identity; a token has those from the time of its issue.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        self.shared.identity.permissions()
    }

    /// Grants an application permission, from the next token on.
    pub fn grant(&self, permission: &str) {
        self.shared.identity.grant(permission);
    }

    /// Removes an application permission, from the next token on.
    pub fn remove_permission(&self, permission: &str) {
        self.shared.identity.remove(permission);
    }

    /// A token on behalf of a signed-in person with these delegated permissions, as the Azure CLI returns it.
    #[must_use]
    pub fn persons_token(&self, person: Uuid, scopes: &[&str]) -> String {
        self.shared
            .identity
            .delegated(person, scopes, self.shared.clock.now())
    }

    /// A token for Azure Resource Manager on behalf of a signed-in person, as the Azure CLI returns it.
    #[must_use]
    pub fn persons_token_for_azure(&self, person: Uuid) -> String {
        self.shared.identity.delegated_for(
            azure::AUDIENCES[0],
            person,
            &["user_impersonation"],
            self.shared.clock.now(),
        )
    }

    /// Makes the platform cache a token until it expires, as the real one does, so that a new grant does not show.
    pub fn keep_tokens(&self, keep: bool) {
        self.shared
            .identity
            .change_settings(|settings| settings.cache = keep);
    }

    /// The lifetime of the next tokens; 24 hours at the start.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.shared
            .identity
            .change_settings(|settings| settings.lifetime = lifetime);
    }

    /// Issues the next tokens for another tenant; `None` for this one.
    pub fn issue_tokens_of(&self, tenant: Option<Uuid>) {
        self.shared
            .identity
            .change_settings(|settings| settings.tenant = tenant);
    }

    /// Makes Graph refuse every token issued so far with 401; the next one is new.
    pub fn revoke_app_tokens(&self) {
        self.shared.identity.revoke_tokens();
    }

    /// Whether Graph refuses a caller that may read only the basic profile and requests more, or leaves the rest out.
    pub fn refuse_beyond_basic(&self, refuse: bool) {
        self.shared
            .refuse_beyond_basic
            .store(refuse, Ordering::Relaxed);
    }

    /// Sets the lag of reads behind writes.
    pub fn set_replication_lag(&self, lag: Duration) {
        self.set_lag(lag, 0);
    }

    /// Sets the number of reads after a write that still see the old value.
    pub fn set_replication_lag_reads(&self, reads: u32) {
        self.set_lag(Duration::ZERO, reads);
    }

    pub(super) fn set_lag(&self, time: Duration, reads: u32) {
        lock(&self.shared.directory).set_lag(time, reads);
    }

    /// Sets the moment from which a user's sessions are valid. Returns false if there is no such user.
    #[must_use]
    pub fn set_valid_from(&self, user: &str, at: Timestamp) -> bool {
        lock(&self.shared.directory).set_valid_from(user, at)
    }

    /// Signs a user in again. Returns false if there is no such user.
    #[must_use]
    pub fn sign_in(&self, user: &str, app: &str) -> bool {
        self.sign_in_from(user, app, &Place::default())
    }

    /// Signs a user in again, from this place. Returns false if there is no such user.
    #[must_use]
    pub fn sign_in_from(&self, user: &str, app: &str, place: &Place) -> bool {
        let now = self.shared.clock.now();
        lock(&self.shared.directory).sign_in(user, app, place, false, now)
    }

    /// Sets the delay of entries in the sign-in log.
    pub fn set_log_lag(&self, lag: Duration) {
        lock(&self.shared.directory).log.set_lag(lag);
    }

    /// Sets the tenant's licence; it has the highest one at the start.
    pub fn set_licence(&self, licence: Licence) {
        lock(&self.shared.directory).licence = licence;
    }

    /// Enables or disables a user. False if there is no such user.
    #[must_use]
    pub fn set_account_enabled(&self, user: &str, enabled: bool) -> bool {
        lock(&self.shared.directory)
            .find_mut(user)
            .is_some_and(|user| {
                user.entry.account_enabled = Some(enabled);
                true
            })
    }

    /// Gives a user another user principal name. False if there is no such user.
    #[must_use]
    pub fn rename(&self, user: &str, name: &str) -> bool {
        lock(&self.shared.directory).rename(user, name)
    }

    /// Deletes a user, also from groups, and ends the sessions. Returns false if there was no such user.
    #[must_use]
    pub fn delete_user(&self, user: &str) -> bool {
        lock(&self.shared.directory).delete(user)
    }

    /// Puts a user, by object id or user principal name, or a group, by object id, into a group. False if there is no
    /// such member or group.
    #[must_use]
    pub fn add_to_group(&self, member: &str, group: Uuid) -> bool {
        let mut directory = lock(&self.shared.directory);
        let user = directory.find(member).map(|user| user.entry.id);
        let nested = Uuid::try_parse(member)
            .ok()
            .filter(|id| directory.group(*id).is_some());
        let Some(member) = user.or(nested) else {
            return false;
        };
        let group = directory.groups.iter_mut().find(|other| other.id == group);
        group.is_some_and(|group| {
            if !group.members.contains(&member) {
                group.members.push(member);
            }
            true
        })
    }

    /// Creates an empty group, unless it exists.
    pub fn add_group(&self, id: Uuid, display_name: &str) {
        let mut directory = lock(&self.shared.directory);
        if directory.group(id).is_none() {
            directory.groups.push(WorldGroup {
                id,
                display_name: Some(display_name.to_owned()),
                is_assignable_to_role: false,
                visibility: None,
                members: Vec::new(),
            });
        }
    }

    /// Sets who sees the members of a group. False if there is no such group.
    #[must_use]
    pub fn set_group_visibility(&self, id: Uuid, visibility: Option<&str>) -> bool {
        let mut directory = lock(&self.shared.directory);
        let group = directory.groups.iter_mut().find(|group| group.id == id);
        group
            .map(|group| group.visibility = visibility.map(str::to_owned))
            .is_some()
    }

    /// Deletes a group. False if there was no such group.
    #[must_use]
    pub fn delete_group(&self, id: Uuid) -> bool {
        let mut directory = lock(&self.shared.directory);
        let before = directory.groups.len();
        directory.groups.retain(|group| group.id != id);
        for group in &mut directory.groups {
            group.members.retain(|member| *member != id);
        }
        directory.groups.len() < before
    }
}
