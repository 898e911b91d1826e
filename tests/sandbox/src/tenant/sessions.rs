//! The signed-in client apps, each with a refresh token that it redeems and an access token that it uses meanwhile. It
//! shows what a revocation ends and what it does not.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::directory::Directory;
use super::log::{Attempt, Place, SignInLog, error_code};
use super::world::World;
use crate::clock::{minus, plus};

/// The default time of a user's sign-in before the start.
const SIGNED_IN_MINUTES_AGO: u32 = 60;
/// The age of the current access token at the start.
const ACCESS_TOKEN_AGE: Duration = Duration::from_mins(20);
/// "Access token lifetime": 60 to 90 minutes; the shorter one.
const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_hours(1);
/// "Continuous access evaluation": such a token lives up to 28 hours, unless an event ends it.
const CAE_TOKEN_LIFETIME: Duration = Duration::from_hours(28);

/// Every session of the tenant's users.
#[derive(Debug, Default)]
pub(crate) struct Sessions(pub(crate) Vec<Session>);

/// One client app in which a user is signed in.
#[derive(Debug)]
pub(crate) struct Session {
    user: Uuid,
    user_principal_name: String,
    external: bool,
    app: String,
    place: Place,
    cae: bool,
    /// When the user signed in. Redeeming returns a new refresh token, but the sign-in keeps its time.
    issued_at: Timestamp,
    access_token_issued_at: Timestamp,
    redemptions: u32,
    refused: Option<(Timestamp, &'static str)>,
}

/// A session as an observer sees it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent answer that an observer reads by name"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// The object id of the user.
    pub user: Uuid,
    /// The user's principal name.
    pub user_principal_name: String,
    /// The client app.
    pub app: String,
    /// Whether its refresh token would be redeemed now and was never refused.
    pub alive: bool,
    /// The number of redemptions since the start.
    pub redemptions: u32,
    /// When the client app was first refused.
    pub refused_at: Option<Timestamp>,
    /// Why it ended: `sessions_revoked`, `account_disabled` or `user_deleted`.
    pub refused_because: Option<&'static str>,
    /// When the user signed in.
    pub signed_in_at: Timestamp,
    /// Whether the current access token is still accepted, which a revocation alone does not end.
    pub access_token_alive: bool,
    /// When the current access token expires by itself.
    pub access_token_expires_at: Timestamp,
    /// Whether client and resource take part in continuous access evaluation.
    pub cae: bool,
    /// Whether the user signs in at another tenant, to which the session belongs.
    pub external: bool,
}

impl Sessions {
    pub(crate) fn of(world: &World, now: Timestamp) -> Self {
        let mut sessions = Vec::new();
        for user in &world.users {
            for session in &user.sessions {
                let minutes = session
                    .signed_in_minutes_ago
                    .unwrap_or(SIGNED_IN_MINUTES_AGO);
                let issued_at = minus(now, Duration::from_secs(60 * u64::from(minutes)));
                sessions.push(Session {
                    user: user.id,
                    user_principal_name: user.user_principal_name.clone(),
                    external: user.is_external(),
                    app: session.app.clone(),
                    place: Place::known_as(session.ip_address.clone(), session.country.clone()),
                    cae: session.cae,
                    issued_at,
                    access_token_issued_at: minus(now, ACCESS_TOKEN_AGE).max(issued_at),
                    redemptions: 0,
                    refused: None,
                });
            }
        }
        Self(sessions)
    }

    /// Writes the initial sign-ins of these sessions.
    pub(crate) fn write_into(&self, log: &mut SignInLog) {
        for session in &self.0 {
            log.write(&session.attempt(true), 0, session.issued_at);
        }
    }
}

impl Session {
    fn attempt(&self, is_interactive: bool) -> Attempt<'_> {
        Attempt {
            user: self.user,
            user_principal_name: &self.user_principal_name,
            app: &self.app,
            place: &self.place,
            is_interactive,
        }
    }

    fn access_token_expires_at(&self) -> Timestamp {
        let lifetime = if self.cae {
            CAE_TOKEN_LIFETIME
        } else {
            ACCESS_TOKEN_LIFETIME
        };
        plus(self.access_token_issued_at, lifetime)
    }

    fn state(&self, directory: &Directory, now: Timestamp) -> SessionState {
        let refusal = directory.refusal(self.user, self.issued_at);
        let cut_by_event = self.cae
            && directory
                .refusal(self.user, self.access_token_issued_at)
                .is_some();
        SessionState {
            user: self.user,
            user_principal_name: self.user_principal_name.clone(),
            app: self.app.clone(),
            alive: self.refused.is_none() && refusal.is_none(),
            redemptions: self.redemptions,
            refused_at: self.refused.map(|(at, _)| at),
            refused_because: self.refused.map(|(_, why)| why).or(refusal),
            signed_in_at: self.issued_at,
            access_token_alive: now < self.access_token_expires_at() && !cut_by_event,
            access_token_expires_at: self.access_token_expires_at(),
            cae: self.cae,
            external: self.external,
        }
    }
}

impl Directory {
    /// Every session as it stands.
    pub(crate) fn session_states(&self, now: Timestamp) -> Vec<SessionState> {
        self.sessions
            .0
            .iter()
            .map(|session| session.state(self, now))
            .collect()
    }

    /// Makes every client app redeem its refresh token. A refused app drops the token, so the session stays ended.
    pub(crate) fn redeem_all(&mut self, now: Timestamp) {
        let mut sessions = std::mem::take(&mut self.sessions);
        for session in &mut sessions.0 {
            if session.refused.is_some() {
                continue;
            }
            let refusal = self.refusal(session.user, session.issued_at);
            self.log
                .write(&session.attempt(false), error_code(refusal), now);
            if let Some(why) = refusal {
                session.refused = Some((now, why));
            } else {
                session.redemptions += 1;
                session.access_token_issued_at = now;
            }
        }
        self.sessions = sessions;
    }

    /// Signs a user in again with a client app.
    pub(crate) fn sign_in(
        &mut self,
        key: &str,
        app: &str,
        place: &Place,
        cae: bool,
        now: Timestamp,
    ) -> bool {
        let Some(entry) = self.find(key).map(|user| user.entry.clone()) else {
            return false;
        };
        let session = Session {
            user: entry.id,
            external: entry.is_external(),
            user_principal_name: entry.user_principal_name,
            app: app.to_owned(),
            place: place.clone(),
            cae,
            issued_at: now,
            access_token_issued_at: now,
            redemptions: 0,
            refused: None,
        };
        self.log.write(&session.attempt(true), 0, now);
        self.sessions.0.push(session);
        true
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

    fn of<'a>(states: &'a [SessionState], name: &str) -> Vec<&'a SessionState> {
        states
            .iter()
            .filter(|state| state.user_principal_name == name)
            .collect()
    }

    #[test]
    fn a_revocation_ends_sessions_and_leaves_plain_access_tokens_alive() {
        let (mut directory, now) = contoso();
        directory.revoke(ALICE, now);
        directory.redeem_all(now);
        let states = directory.session_states(now);
        for session in of(&states, ALICE) {
            assert!(!session.alive);
            assert_eq!(session.refused_because, Some("sessions_revoked"));
            assert_eq!(session.access_token_alive, !session.cae, "{}", session.app);
        }
        assert!(of(&states, "bob.stone@contoso.com").iter().all(|s| s.alive));
        let after = plus(now, ACCESS_TOKEN_LIFETIME);
        assert!(
            of(&directory.session_states(after), ALICE)
                .iter()
                .all(|s| !s.access_token_alive)
        );
    }

    #[test]
    fn the_session_of_an_external_user_survives() {
        let (mut directory, now) = contoso();
        let frank = "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com";
        assert!(directory.revoke(frank, now));
        assert!(directory.set_valid_from(frank, plus(now, ACCESS_TOKEN_LIFETIME)));
        directory.redeem_all(now);
        let states = directory.session_states(now);
        assert!(of(&states, frank).iter().all(|s| s.alive && s.external));
        assert_eq!(of(&states, frank).len(), 2);
    }

    #[test]
    fn who_signs_in_again_after_the_cut_has_a_living_session() {
        let (mut directory, now) = contoso();
        directory.revoke(ALICE, now);
        directory.redeem_all(now);
        let later = plus(now, Duration::from_secs(5));
        assert!(directory.sign_in(ALICE, "Browser", &Place::default(), false, later));
        directory.redeem_all(later);
        let states = directory.session_states(later);
        let alive: Vec<_> = of(&states, ALICE).into_iter().filter(|s| s.alive).collect();
        assert_eq!(alive.len(), 1);
        assert_eq!(alive[0].redemptions, 1);
    }
}
