//! The incident of an alert: the workspace in which it may be written, who writes its comment, and how that ended.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::accounts::identifiers::UserId;
use super::outcome::Outcome;

/// The fixed segments of a workspace's resource id, in their order.
const SUBSCRIPTIONS: &str = "subscriptions";
const RESOURCE_GROUPS: &str = "resourceGroups";
const PROVIDER: &str = "Microsoft.OperationalInsights";
const WORKSPACES: &str = "workspaces";

/// A Log Analytics workspace with Microsoft Sentinel, by its resource id.
///
/// Names keep their case and compare without it, as in Azure Resource Manager. Each of their characters is valid in a
/// URL: letters beyond ASCII, which a resource group may have, are refused.
#[derive(Debug, Clone)]
pub struct SentinelWorkspace {
    subscription: Uuid,
    group: String,
    name: String,
}

impl SentinelWorkspace {
    /// Parses the segments of a resource id that begins with a workspace's, and returns the remaining ones.
    ///
    /// # Errors
    /// The segments do not begin with a workspace's.
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

/// Whether a text is a resource group's name ("Naming rules and restrictions for Azure resources"), without letters
/// beyond ASCII.
fn is_group(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '(' | ')');
    (1..=90).contains(&name.len()) && name.chars().all(allowed) && !name.ends_with('.')
}

/// Whether a text is a workspace's name (the same page).
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
    /// The sender of the alert, with the comment from the reply.
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

/// The result of writing the comment on an alert's incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommentState {
    /// The incident has the comment.
    Written,
    /// It could not be written.
    Failed,
    /// Not tried: the incident is in a workspace that may not be written.
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

/// The label of an incident for an alert, by the alert's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub enum IncidentLabel {
    /// Every flagged user was cut.
    #[serde(rename = "evict-done")]
    Done,
    /// Some flagged users were cut.
    #[serde(rename = "evict-partly")]
    Partly,
    /// No flagged user was cut.
    #[serde(rename = "evict-nobody-cut")]
    NobodyCut,
    /// The entities did not arrive, so nobody was named.
    #[serde(rename = "evict-no-entities")]
    NoEntities,
}

impl IncidentLabel {
    /// Every label.
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

/// An entry for an incident's task list: something that only a person can do. Its texts are ready for display.
#[derive(Clone, PartialEq, Eq)]
pub struct IncidentTask {
    /// The action and its subject, the same for every alert: one incident has one such task.
    pub key: String,
    /// The title.
    pub title: String,
    /// The instructions.
    pub description: String,
}

impl fmt::Debug for IncidentTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncidentTask").finish_non_exhaustive()
    }
}

/// Whether an alert's incident was still open when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// It was open.
    Open,
    /// It was closed.
    Closed,
    /// Unknown, because the request failed or had not been answered when the work was done. The alert was acted on.
    Unknown,
}

/// What a receipt records about the alert's incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IncidentNote {
    /// Whether it was still open, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<IncidentStatus>,
    /// How writing the comment ended, if one was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentState>,
    /// The label for the alert, if it was added or already there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<IncidentLabel>,
    /// The number of tasks for people because of the alert, including those already there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<usize>,
    /// What could not be read or written, as sentences for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl IncidentNote {
    /// A note with the status alone.
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

/// The outcome of an earlier part of an alert for one account, for the incident's comment. It is a claim of the sender,
/// and is used for nothing but the comment.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The user principal name, or the account as it was written.
    pub account: String,
    /// The object id, if the directory named a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// The final outcome.
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

/// What a message that goes on claims for the comment on its alert's incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The id under which the alert's comment is found again, derived from the alert's first message.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub first: Uuid,
    /// The outcomes that the comment already lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// The number of further finished accounts, for which the message had no room.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// How many of those were cut.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out_cut: usize,
}

impl Story {
    /// The story of an alert without any outcome yet.
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
