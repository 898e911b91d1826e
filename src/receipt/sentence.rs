//! The sentences that a person reads: what an outcome means and what to do next. Plain text, not yet escaped.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fix, NothingToDoReason, Outcome, Receipt, SubjectKind, WithholdReason};

use crate::domain::cut_at;

/// A time as people in security operations write it, in UTC and to the second.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A text as a sentence: with a full stop, if it does not end in a mark of its own.
pub(super) fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// What happened to the subject of a receipt, and what to do next.
pub(super) fn outcome(receipt: &Receipt) -> String {
    let after = receipt.sessions_valid_from.after;
    let cut = Cut {
        at: cut_at(receipt),
        alert_at: receipt.times.alert_at,
        valid_from: after,
    };
    of_outcome(&receipt.outcome, receipt.policy, cut)
}

/// When sessions were cut, when the alert was made, and from when on sessions are valid.
#[derive(Clone, Copy, Default)]
pub(super) struct Cut {
    pub(super) at: Option<Timestamp>,
    pub(super) alert_at: Option<Timestamp>,
    pub(super) valid_from: Option<Timestamp>,
}

/// The same, of an outcome by itself, and the setting that decided.
pub(super) fn of_outcome(outcome: &Outcome, policy: Option<&str>, cut: Cut) -> String {
    match outcome {
        Outcome::Revoked { verified: true } => format!(
            "Sessions cut{}, and verified{}.",
            at(cut),
            cut.valid_from.map_or_else(String::new, |after| format!(
                    ": only sessions begun after {} are valid",
                    time(after)
                )),
        ),
        Outcome::Revoked { verified: false } => format!(
            "Graph accepted the cut{}, but it did not show when it was read back. Next: look for sign-ins and activity after that time, or send the alert again in a few minutes, which cuts once more.",
            at(cut),
        ),
        Outcome::AlreadyCut => format!(
            "The sessions had already been cut{}, after this alert was put on the queue; they were not cut again.",
            at(Cut {
                alert_at: None,
                ..cut
            }),
        ),
        Outcome::Withheld { reason } => withheld(*reason, policy),
        Outcome::NotEffective { home_domain } => format!(
            "Not cut, and not from here: an external user, who signs in at the home tenant{}. Next: ask that tenant to cut the sessions, and block or remove the guest account here.",
            home_domain
                .as_deref()
                .map_or_else(String::new, |domain| format!(" (probably {domain})")),
        ),
        Outcome::NotFound => "Nobody was cut: the tenant has no user with these identifiers. Next: see whether the account was deleted, is an application, or goes by another name.".to_owned(),
        Outcome::Ambiguous { candidates } => format!(
            "Nobody was cut: the identifiers fit {candidates} users, or users who differ. Next: send a manual message with the object id of the one who is meant."
        ),
        Outcome::NotAUser { kind } => not_a_user(*kind).to_owned(),
        Outcome::Failed { fix: Fix::Permission } => "Failed: no cut is proved, since the app lacks a permission. Next: grant it, then send the alert again; a message from the queue waits in evict-rejected, ready to be put back.".to_owned(),
        Outcome::Failed { fix: Fix::Alert } => "Failed: no cut is proved, and the directory did not accept what the alert names. Next: send a manual message with the object id of the user who is meant.".to_owned(),
        Outcome::Failed { fix: Fix::Report } => "Failed: no cut is proved, and trying again would not change that. Next: revoke the sessions by hand and report the error.".to_owned(),
        Outcome::Deferred => "Not finished: no cut is proved yet. It is tried again if this came through the queue.".to_owned(),
        Outcome::HandedOver => "Not finished yet: it is on the queue and finished there. Another receipt follows.".to_owned(),
    }
}

fn at(cut: Cut) -> String {
    let Some(moment) = cut.at else {
        return String::new();
    };
    let since = cut.alert_at.and_then(|alert| passed(alert, moment));
    let since = since.map_or_else(String::new, |passed| {
        format!(", {} after the alert", length(passed))
    });
    format!(" at {}{since}", time(moment))
}

/// The time from an alert to a cut; `None` if the alert's own time is later, so that one of the two clocks is wrong.
pub(super) fn passed(alert: Timestamp, cut: Timestamp) -> Option<SignedDuration> {
    // The property has no fractions of a second.
    let passed = cut.duration_since(alert);
    (passed > SignedDuration::from_secs(-1)).then(|| passed.max(SignedDuration::ZERO))
}

/// A length of time in the unit that fits it.
pub(super) fn length(of: SignedDuration) -> String {
    let minutes = of.as_secs() / 60;
    match (of.as_secs(), minutes / 60) {
        (seconds @ ..=119, _) => format!("{seconds} s"),
        (_, ..=1) => format!("{minutes} min"),
        (_, hours @ ..=47) => format!("{hours} h"),
        (_, hours) => format!("{} days", hours / 24),
    }
}

/// The setting under which an alert may only cut so many users.
pub(super) const CAP_PER_ALERT: &str = "EVICT_MAX_USERS_PER_ALERT";

fn withheld(reason: WithholdReason, policy: Option<&str>) -> String {
    let setting = policy.unwrap_or_else(|| setting_of(reason));
    match reason {
        WithholdReason::TokenTenant => format!(
            "Not cut: the app's own token is of another tenant than {setting} allows. Next: correct the setting or the deployment, then send the alert again."
        ),
        WithholdReason::OtherTenant => format!(
            "Not cut: the account belongs to another tenant than the one in {setting}. Next: tell the administrators of that tenant."
        ),
        WithholdReason::ProtectedUser => format!(
            "Not cut: the user is protected by {setting}. Next: a person decides, and cuts the sessions in the Entra admin center if need be."
        ),
        WithholdReason::ProtectedGroup => format!(
            "Not cut: the user is in a group that is protected by {setting}. Next: a person decides, and cuts the sessions in the Entra admin center if need be."
        ),
        WithholdReason::MembershipUnknown => format!(
            "Not cut: whether the user is in a group of {setting} could not be read. Next: run the self-check, which tells what is missing, then send the alert again."
        ),
        WithholdReason::ProtectedGroupMissing => format!(
            "Not cut: a group of {setting} does not exist, so that nobody can be found in it. Next: correct the setting, then send the alert again."
        ),
        WithholdReason::BelowMinimumSeverity => format!(
            "Not cut: the alert is less grave than {setting} asks for. Next: if the user is to be cut all the same, send a manual message."
        ),
        WithholdReason::BlastRadius if setting == CAP_PER_ALERT => format!(
            "Not cut: the alert names more users than {setting} allows. Next: if all of them are meant, send the manual message that comes with this report."
        ),
        WithholdReason::BlastRadius => format!(
            "Not cut: no more users may be cut now under {setting}. Next: if the users are meant, send the alert again when the hour has moved on, or raise the setting."
        ),
        WithholdReason::ClearedBySource => "Not cut: the sender itself says that what flagged the user is over. Next: if the user is to be cut all the same, send a manual message.".to_owned(),
        WithholdReason::Observe => {
            format!("Would have been cut, but {setting} is observe: nothing was changed.")
        }
    }
}

fn setting_of(reason: WithholdReason) -> &'static str {
    match reason {
        WithholdReason::TokenTenant | WithholdReason::OtherTenant => "EVICT_TENANT_ID",
        WithholdReason::ProtectedUser => "EVICT_PROTECTED_USERS",
        WithholdReason::ProtectedGroup
        | WithholdReason::MembershipUnknown
        | WithholdReason::ProtectedGroupMissing => "EVICT_PROTECTED_GROUPS",
        WithholdReason::BelowMinimumSeverity => "EVICT_MIN_SEVERITY",
        WithholdReason::BlastRadius => "the caps of users",
        WithholdReason::Observe => "EVICT_MODE",
        WithholdReason::ClearedBySource => "no setting",
    }
}

fn not_a_user(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Machine => "Nothing to cut: a computer account has no user sessions.",
        SubjectKind::Group => {
            "Nothing to cut: a group has no sessions, and its members are not touched."
        }
        SubjectKind::System => {
            "Nothing to cut: a built-in account of an operating system is not in Entra ID."
        }
        SubjectKind::ServicePrincipal => {
            "Nothing to cut: an application has no user sessions. Next: disable its service principal and replace its credentials."
        }
        SubjectKind::ManagedIdentity => {
            "Nothing to cut: a managed identity has no user sessions. Next: look after the resource that uses it."
        }
        // A user is looked up and ends otherwise; the sentence is here so that no kind is without one.
        SubjectKind::User | SubjectKind::Other => {
            "Nothing to cut: it cannot be looked up in Entra ID by what the alert says of it."
        }
    }
}

/// Why nothing was done for the whole alert.
pub(super) fn nothing_to_do(reason: &NothingToDoReason) -> String {
    match reason {
        NothingToDoReason::NoAccount => "Nothing to do: the alert names no account.".to_owned(),
        NothingToDoReason::EntitiesPending => "Nothing was done yet: the entities had not arrived when this was sent. Next: send it again in a few minutes.".to_owned(),
        NothingToDoReason::NoUser => {
            "Nothing to do: the alert names accounts, but flags no user among them.".to_owned()
        }
        NothingToDoReason::NotificationOnly => "Nothing to do: this only announces something and does not say whom it is about. Next: fetch the alert or the results that it links to, and send those.".to_owned(),
        NothingToDoReason::Resolved => "Nothing to do: the alert or incident is over, by its sender's own word (closed, resolved, dismissed, or found to be none). Next: if somebody of it is to be cut all the same, send a manual message.".to_owned(),
        NothingToDoReason::Redirected { into } => {
            let other = into
                .as_ref()
                .map_or_else(|| "another".to_owned(), |id| format!("the incident {id}"));
            format!("Nothing to do: the incident was merged into {other}, which holds its alerts now. Next: send that one.")
        }
        NothingToDoReason::NotAnAlert { taken_for } => {
            format!("Nothing to do: this is no alert, but {taken_for}.")
        }
        NothingToDoReason::SubscriptionValidation { .. } => {
            "Nothing to do: Event Grid asked whether this endpoint is ours.".to_owned()
        }
    }
}
