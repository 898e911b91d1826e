//! What a revocation leaves alive, and until when. The bounds come from Microsoft's documentation; without one there,
//! none is claimed.

use jiff::{SignedDuration, Timestamp};

use super::{Outcome, Receipt, StillAlive};

/// "Access token lifetime" (Microsoft identity platform): the default is a random value from 60 to 90 minutes.
const ACCESS_TOKEN: SignedDuration = SignedDuration::from_mins(90);
/// "Continuous access evaluation": a critical event reaches the resources within at most 15 minutes.
const EVALUATION: SignedDuration = SignedDuration::from_mins(15);
/// The same page: a token that is evaluated continuously is issued for up to 28 hours.
const EVALUATED_TOKEN: SignedDuration = SignedDuration::from_hours(28);

/// When the sessions of a receipt's user were cut; `None` if they were not, or if the time is unknown.
///
/// For a revocation it is the time of Graph's answer, which is not earlier than the property that was set, so no bound
/// derived from it is too early.
#[must_use]
pub fn cut_at(receipt: &Receipt) -> Option<Timestamp> {
    match receipt.outcome {
        Outcome::Revoked { .. } => receipt
            .calls
            .iter()
            .rev()
            .find(|call| {
                call.status
                    .is_some_and(|status| (200..300).contains(&status))
            })
            .map(|call| call.at)
            .max(receipt.sessions_valid_from.after),
        Outcome::AlreadyCut => receipt.sessions_valid_from.before,
        Outcome::Withheld { .. }
        | Outcome::NotEffective { .. }
        | Outcome::NotFound
        | Outcome::Ambiguous { .. }
        | Outcome::NotAUser { .. }
        | Outcome::Failed { .. }
        | Outcome::Deferred
        | Outcome::HandedOver => None,
    }
}

/// What stays alive after this outcome. `cut_at` is the time from [`cut_at`]; without it no bound is given. Empty for a
/// subject that has no sessions.
#[must_use]
pub fn still_alive(outcome: &Outcome, cut_at: Option<Timestamp>) -> Vec<StillAlive> {
    match outcome {
        Outcome::Revoked { .. } | Outcome::AlreadyCut => after_a_cut(cut_at),
        Outcome::NotEffective { home_domain } => {
            let home = home_domain
                .as_deref()
                .map_or_else(String::new, |domain| format!(" (probably {domain})"));
            vec![without_bound(format!(
                "Every session and token: the user signs in at the home tenant{home}, and only that tenant can end them."
            ))]
        }
        Outcome::Withheld { .. } | Outcome::Ambiguous { .. } => {
            vec![without_bound("Every session and token: nothing was cut.")]
        }
        Outcome::Failed { .. } | Outcome::Deferred => vec![without_bound(
            "Possibly every session and token: no cut is proved.",
        )],
        Outcome::HandedOver => vec![without_bound(
            "Every session and token, until the queue has finished this.",
        )],
        Outcome::NotFound | Outcome::NotAUser { .. } => Vec::new(),
    }
}

/// The first entry is from "user: revokeSignInSessions", the others from "Revoke user access in Microsoft Entra ID" and
/// the pages named above.
fn after_a_cut(cut_at: Option<Timestamp>) -> Vec<StillAlive> {
    let bounded = |what: &str, time: SignedDuration| StillAlive {
        what: what.to_owned(),
        until: cut_at.and_then(|cut| cut.checked_add(time).ok()),
    };
    vec![
        without_bound("Everything, for the few minutes that a cut may take to hold everywhere."),
        bounded(
            "Access tokens issued before the cut, where an application does not use continuous access evaluation: 60 to 90 minutes, unless a token lifetime policy of the tenant says otherwise.",
            ACCESS_TOKEN,
        ),
        bounded(
            "Access tokens issued before the cut, where an application uses continuous access evaluation: refused in near real time, within 15 minutes.",
            EVALUATION,
        ),
        bounded(
            "The same tokens, if the evaluation does not reach the application: they are issued for up to 28 hours.",
            EVALUATED_TOKEN,
        ),
        without_bound(
            "Sessions that an application keeps by a cookie of its own: Entra ID cannot end them.",
        ),
        without_bound(
            "New sign-ins: a cut does not disable the account, and whoever knows the credentials can sign in again.",
        ),
        without_bound(
            "What was set up before: consents to applications, app passwords, inbox rules, registered devices and sign-in methods.",
        ),
    ]
}

impl Receipt {
    /// Fills in what stays alive, which follows from the outcome and changes with it.
    pub fn say_what_stays_alive(&mut self) {
        self.still_alive = still_alive(&self.outcome, cut_at(self));
    }
}

/// How long something may live after a cut.
pub(crate) struct Bounds {
    /// Access tokens that are not evaluated continuously.
    pub(crate) token: Timestamp,
    /// Access tokens that are evaluated continuously.
    pub(crate) evaluation: Timestamp,
    /// The same, if the evaluation does not reach the application.
    pub(crate) evaluated_token: Timestamp,
}

impl Bounds {
    pub(crate) fn after(cut: Timestamp) -> Option<Self> {
        Some(Self {
            token: cut.checked_add(ACCESS_TOKEN).ok()?,
            evaluation: cut.checked_add(EVALUATION).ok()?,
            evaluated_token: cut.checked_add(EVALUATED_TOKEN).ok()?,
        })
    }
}

fn without_bound(what: impl Into<String>) -> StillAlive {
    StillAlive {
        what: what.into(),
        until: None,
    }
}
