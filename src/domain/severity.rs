//! How grave an alert is.

use serde::Serialize;

/// How grave an alert is, in Sentinel's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// None at all, as the sender says: below every least severity, and not the same as a severity that is not stated.
    None,
    /// For information.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Severity {
    /// Reads a severity in the words of any sender: Sentinel's, Graph's, Identity Protection's risk levels, Azure
    /// Monitor's `Sev0` to `Sev4`. Case does not matter. `None` for words that say nothing, such as `unknown`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "high" | "critical" | "sev0" | "sev1" => Some(Self::High),
            "medium" | "sev2" => Some(Self::Medium),
            "low" | "sev3" => Some(Self::Low),
            "informational" | "information" | "sev4" => Some(Self::Informational),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The word for it in settings and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
