//! The severity of an alert.

use serde::Serialize;

/// The severity of an alert, on Sentinel's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Stated as none: below every minimum severity, and different from a severity that is not stated.
    None,
    /// Informational.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Severity {
    /// Parses a severity in the words of any sender: Sentinel's, Graph's, Identity Protection's risk levels, Azure
    /// Monitor's `Sev0` to `Sev4`. Case does not matter. `None` for words without meaning, such as `unknown`.
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
