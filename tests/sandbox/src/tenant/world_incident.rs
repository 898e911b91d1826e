//! Microsoft Sentinel incidents of a world, as they are at its start.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldIncident {
    /// Its resource id, which names its workspace too.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `New`, `Active` or `Closed`; `New` if left out.
    #[serde(default = "new")]
    pub status: String,
    /// `High`, `Medium`, `Low` or `Informational`; `High` if left out.
    #[serde(default = "high")]
    pub severity: String,
    /// Its entities, in the dialect of Azure Resource Manager.
    #[serde(default)]
    pub entities: Vec<Value>,
    /// How long after the start the entities arrive; at once if left out.
    #[serde(default)]
    pub entities_after_seconds: u64,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why it was closed: `TruePositive`, `FalsePositive`, `BenignPositive` or `Undetermined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Whose it is, as Azure tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Value>,
}

fn new() -> String {
    "New".to_owned()
}

fn high() -> String {
    "High".to_owned()
}

impl WorldIncident {
    /// A new incident without entities.
    #[must_use]
    pub fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            status: new(),
            severity: high(),
            entities: Vec::new(),
            entities_after_seconds: 0,
            labels: Vec::new(),
            description: None,
            classification: None,
            owner: None,
        }
    }
}
