//! The incident that an alert belongs to: the workspace in which it may be written, who writes its comment, and what became
//! of that.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::accounts::identifiers::UserId;
use super::outcome::Outcome;

/// The segments of a workspace's resource id that are not names, in their order.
const SUBSCRIPTIONS: &str = "subscriptions";
const RESOURCE_GROUPS: &str = "resourceGroups";
const PROVIDER: &str = "Microsoft.OperationalInsights";
const WORKSPACES: &str = "workspaces";

/// A Log Analytics workspace with Microsoft Sentinel, by its resource id.
///
/// Names are kept as they are written and compared without regard to case, as Azure Resource Manager does. Every character
/// of them stands for itself in a URL: letters beyond ASCII, which a resource group may have, are refused.
#[derive(Debug, Clone)]
pub struct SentinelWorkspace {
    subscription: Uuid,
    group: String,
    name: String,
}

impl SentinelWorkspace {
    /// Reads the segments of a resource id that ends in a workspace, or goes on after it; gives what follows.
    ///
    /// # Errors
    /// If they do not begin with a workspace's.
    pub fn of_segments<'s, 't>(
        segments: &'s [&'t str],
    ) -> Result<(Self, &'s [&'t str]), &'static str> {
        const EXPECTED: &str = "expected the resource id of a workspace, /subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.OperationalInsights/workspaces/{name}";
        let [
            "",
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            workspaces,
            name,
            rest @ ..,
        ] = segments
        else {
            return Err(EXPECTED);
        };
        let is_fixed = [
            (subscriptions, SUBSCRIPTIONS),
            (groups, RESOURCE_GROUPS),
            (providers, "providers"),
            (provider, PROVIDER),
            (workspaces, WORKSPACES),
        ]
        .iter()
        .all(|(written, fixed)| written.eq_ignore_ascii_case(fixed));
        let subscription = Uuid::try_parse(subscription).ok();
        match subscription.filter(|id| !id.is_nil()) {
            Some(subscription) if is_fixed && is_group(group) && is_name(name) => Ok((
                Self {
                    subscription,
                    group: (*group).to_owned(),
                    name: (*name).to_owned(),
                },
                rest,
            )),
            Some(_) | None => Err(EXPECTED),
        }
    }
}

/// The names of resource groups ("Naming rules and restrictions for Azure resources"), without those beyond ASCII.
fn is_group(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '(' | ')');
    (1..=90).contains(&name.len()) && name.chars().all(allowed) && !name.ends_with('.')
}

/// The names of workspaces (the same page).
fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

impl PartialEq for SentinelWorkspace {
    fn eq(&self, other: &Self) -> bool {
        self.subscription == other.subscription
            && self.group.eq_ignore_ascii_case(&other.group)
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for SentinelWorkspace {}

impl FromStr for SentinelWorkspace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let segments: Vec<&str> = text.trim().trim_end_matches('/').split('/').collect();
        match Self::of_segments(&segments)? {
            (workspace, []) => Ok(workspace),
            (_, _) => Err("expected the resource id of a workspace and nothing after it"),
        }
    }
}

impl fmt::Display for SentinelWorkspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subscription,
            group,
            name,
        } = self;
        write!(
            f,
            "/{SUBSCRIPTIONS}/{subscription}/{RESOURCE_GROUPS}/{group}/providers/{PROVIDER}/{WORKSPACES}/{name}"
        )
    }
}

/// Who writes the comment on an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentBy {
    /// This program.
    Evict,
    /// Whoever sent the alert, with the comment of the reply.
    Caller,
}

impl CommentBy {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Evict, Self::Caller];

    /// The word for it in a message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evict => "evict",
            Self::Caller => "caller",
        }
    }
}

/// What became of the comment on an alert's incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommentState {
    /// It stands in the incident.
    Written,
    /// It could not be written.
    Failed,
    /// It was not tried: the incident lies in no workspace that may be written.
    OtherWorkspace,
}

impl CommentState {
    /// The word for it in JSON and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Failed => "failed",
            Self::OtherWorkspace => "other_workspace",
        }
    }
}

/// The label that an incident gets for an alert, by how that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub enum IncidentLabel {
    /// Every user whom the alert flags was cut.
    #[serde(rename = "evict-done")]
    Done,
    /// Some were.
    #[serde(rename = "evict-partly")]
    Partly,
    /// None was.
    #[serde(rename = "evict-nobody-cut")]
    NobodyCut,
    /// The entities did not arrive, so that nobody was named.
    #[serde(rename = "evict-no-entities")]
    NoEntities,
}

impl IncidentLabel {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Done, Self::Partly, Self::NobodyCut, Self::NoEntities];

    /// The label's name in the incident.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "evict-done",
            Self::Partly => "evict-partly",
            Self::NobodyCut => "evict-nobody-cut",
            Self::NoEntities => "evict-no-entities",
        }
    }
}

/// Something that only a person can do, for the list of tasks of an incident. Its texts are ready to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct IncidentTask {
    /// What is to be done and about whom, the same for every alert: one incident has one such task.
    pub key: String,
    /// What it is called.
    pub title: String,
    /// How it is done.
    pub description: String,
}

impl fmt::Debug for IncidentTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncidentTask").finish_non_exhaustive()
    }
}

/// Whether an alert's incident still stood when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// It did.
    Open,
    /// It was closed.
    Closed,
    /// It could not be asked, or had not answered when all was done: what the alert says was acted on.
    Unknown,
}

/// What a receipt says of the alert's incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IncidentNote {
    /// Whether it still stood, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<IncidentStatus>,
    /// What became of the comment on it, if one was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentState>,
    /// The label that it has for the alert, if it was added or was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<IncidentLabel>,
    /// How many tasks it has for people because of the alert, those included that were there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<usize>,
    /// What could not be asked or written, as sentences for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl IncidentNote {
    /// Of a status alone.
    #[must_use]
    pub fn of(status: IncidentStatus) -> Self {
        Self {
            status: Some(status),
            comment: None,
            label: None,
            tasks: None,
            problem: None,
        }
    }
}

/// What an earlier part of an alert came to for one account, as far as the incident's comment tells it. A claim of whoever
/// wrote the message, and of nothing but the comment.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The user principal name, or the account as it was written.
    pub account: String,
    /// The object id, if the directory named a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// How it ended; final.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When the sessions were cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub cut_at: Option<Timestamp>,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told")
            .field("account", &"***")
            .field("id", &self.id)
            .field("outcome", &self.outcome)
            .field("cut_at", &self.cut_at)
            .finish()
    }
}

/// What a message that goes on says for the comment on its alert's incident, by its own claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// By what the alert's comment is found again: made from the alert's first message.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub first: Uuid,
    /// What the comment tells already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// How many accounts more had ended before, for which there was no room here.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// How many of those were cut.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out_cut: usize,
}

impl Story {
    /// That of an alert of which nothing was told yet.
    #[must_use]
    pub fn of(first: Uuid) -> Self {
        Self {
            first,
            told: Vec::new(),
            left_out: 0,
            left_out_cut: 0,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "/subscriptions/6f6ab8fc-8c52-4a9c-8a70-d9b7a6c32f0a/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/law-soc";

    #[test]
    fn a_workspace_is_known_by_its_resource_id_in_any_case() {
        let ours: SentinelWorkspace = OURS.parse().unwrap();
        assert_eq!(ours.to_string(), OURS);
        for same in [
            OURS.to_lowercase(),
            OURS.to_uppercase(),
            format!("{OURS}/"),
            format!(" {OURS} "),
        ] {
            assert_eq!(same.parse::<SentinelWorkspace>().unwrap(), ours, "{same}");
        }
        for other in [
            OURS.replace("law-soc", "law-so"),
            OURS.replace("rg-soc", "rg-socs"),
            OURS.replace("6f6ab8fc", "6f6ab8fd"),
        ] {
            assert_ne!(other.parse::<SentinelWorkspace>().unwrap(), ours, "{other}");
        }
    }

    #[test]
    fn what_is_no_resource_id_of_a_workspace_is_none() {
        for text in [
            String::new(),
            "law-soc".to_owned(),
            OURS.trim_start_matches('/').to_owned(),
            format!("https://management.azure.com{OURS}"),
            format!("{OURS}/providers/Microsoft.SecurityInsights/incidents/x"),
            OURS.replace("workspaces", "clusters"),
            OURS.replace("rg-soc", ".."),
            OURS.replace("rg-soc", "rg%2fsoc"),
            OURS.replace("law-soc", "law?x=1"),
            OURS.replace("law-soc", "law#x"),
            OURS.replace("rg-soc", ""),
            OURS.replace("rg-soc", &"r".repeat(91)),
            OURS.replace(
                "6f6ab8fc-8c52-4a9c-8a70-d9b7a6c32f0a",
                "00000000-0000-0000-0000-000000000000",
            ),
        ] {
            assert!(text.parse::<SentinelWorkspace>().is_err(), "{text}");
        }
    }
}
