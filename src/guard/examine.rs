//! The second step: the decision by the directory's answer. Anything unknown counts against acting.

use crate::domain::{GroupId, HomeTenant, Policy, ProtectedUser, User, UserId, WithholdReason};

use super::Withheld;
use super::clearance::Eligible;

/// What is known about a user's membership of the protected groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Graph was asked about these groups, all of which exist, and named the user's groups among them.
    Known {
        /// The groups in the question.
        asked: Vec<GroupId>,
        /// Those of which the user is a member, directly or by nesting.
        member_of: Vec<GroupId>,
    },
    /// These configured groups do not exist.
    GroupsMissing(Vec<GroupId>),
    /// These configured groups hide their members from this app.
    GroupsHidden(Vec<GroupId>),
    /// It could not be read; the text says why and what to do.
    Unreadable(String),
}

impl Membership {
    /// The membership by an answer about these groups. Groups that do not exist or hide their members were left out.
    /// One protected group in the answer is enough, whatever is wrong with another.
    #[must_use]
    pub fn seen(
        asked: &[GroupId],
        member_of: Vec<GroupId>,
        missing: &[GroupId],
        hidden: &[GroupId],
    ) -> Self {
        if member_of.is_empty() && !missing.is_empty() {
            Self::GroupsMissing(missing.to_vec())
        } else if member_of.is_empty() && !hidden.is_empty() {
            Self::GroupsHidden(hidden.to_vec())
        } else {
            Self::Known {
                asked: asked.to_vec(),
                member_of,
            }
        }
    }
}

/// The guard's decision about a user.
#[derive(Debug)]
pub enum Examined {
    /// No rule protects the user.
    Eligible(Eligible),
    /// The user is withheld.
    Withhold(Withheld),
    /// The user signs in elsewhere: revoking here ends nothing.
    NotEffective(HomeTenant),
}

/// Examines a user. `pinned` holds the object ids that protected names had when they were last looked up: a user who
/// was renamed, or got such a name, stays protected.
#[must_use]
pub fn examine(
    policy: &Policy,
    pinned: &[UserId],
    user: &User,
    membership: &Membership,
) -> Examined {
    if is_protected_by_name(policy, user) || pinned.contains(&user.id) {
        return Examined::Withhold(Withheld {
            reason: WithholdReason::ProtectedUser,
            policy: "EVICT_PROTECTED_USERS",
            detail: "This user is on the list of protected users. If the account itself is compromised, a person has \
                     to act."
                .to_owned(),
        });
    }
    if let Some(home) = &user.home {
        return Examined::NotEffective(home.clone());
    }
    match by_groups(policy, membership) {
        Some(withheld) => Examined::Withhold(withheld),
        None => Examined::Eligible(Eligible::new(user.id, policy.mode)),
    }
}

fn is_protected_by_name(policy: &Policy, user: &User) -> bool {
    policy
        .protected_users
        .iter()
        .any(|protected| match protected {
            ProtectedUser::Id(id) => *id == user.id,
            ProtectedUser::Upn(upn) => *upn == user.upn,
        })
}

fn by_groups(policy: &Policy, membership: &Membership) -> Option<Withheld> {
    if policy.protected_groups.is_empty() {
        return None;
    }
    let withhold = |reason, detail| {
        Some(Withheld {
            reason,
            policy: "EVICT_PROTECTED_GROUPS",
            detail,
        })
    };
    let protected = |group: &GroupId| policy.protected_groups.contains(group);
    match membership {
        Membership::Known { member_of, .. } if member_of.iter().any(protected) => withhold(
            WithholdReason::ProtectedGroup,
            format!(
                "This user is a member, directly or by nesting, of the protected group {}. If the account itself is \
                 compromised, a person has to act.",
                list(member_of.iter().filter(|group| protected(group)))
            ),
        ),
        Membership::Known { asked, .. } if policy.protected_groups.iter().all(|group| asked.contains(group)) => None,
        Membership::Known { .. } => withhold(
            WithholdReason::MembershipUnknown,
            "Not every protected group was asked for, so that nobody can say that this user is in none.".to_owned(),
        ),
        Membership::GroupsMissing(missing) => withhold(
            WithholdReason::ProtectedGroupMissing,
            format!(
                "The protected group {} does not exist, so that nobody could be found in it. Correct \
                 EVICT_PROTECTED_GROUPS; until then nobody is cut.",
                list(missing.iter())
            ),
        ),
        Membership::GroupsHidden(hidden) => withhold(
            WithholdReason::MembershipUnknown,
            format!(
                "The protected group {} hides who is in it, and this app may not see that, so that nobody can say that this \
                 user is not in it. Grant the app the Graph application permission Member.Read.Hidden; until then nobody is \
                 cut.",
                list(hidden.iter())
            ),
        ),
        Membership::Unreadable(why) => withhold(
            WithholdReason::MembershipUnknown,
            format!("Whether this user is in a protected group could not be read, so nothing was done. {why}"),
        ),
    }
}

fn list<'a>(groups: impl Iterator<Item = &'a GroupId>) -> String {
    groups
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
