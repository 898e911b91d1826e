//! Whether a flag is still active, as its sender states: the status and classification of an alert or incident, and the
//! state of a risk.
//!
//! An unknown word leaves the flag open: sparing somebody because of a word that nobody has read would be worse than
//! cutting once too often. Sources: "alert resource type" and "incident resource type" of Microsoft Graph; "Incidents"
//! of the Sentinel REST API (`Closed`, `BenignPositive`); "`SecurityAlert`" in the Azure Monitor Logs reference
//! (`Status`); "alert resource type" of Defender for Endpoint; "riskyUser resource type" and "riskDetection resource
//! type".

use jiff::Timestamp;

use crate::domain::{Cleared, ClearedAs, State};

use super::json::Object;
use super::json::tidy::{folded, tidy};

/// The longest state that is kept, in characters.
const LONGEST_WORD: usize = 64;

/// The state of an alert or incident by its `status` and `classification`. The classification says more than that it is
/// over.
pub(crate) fn of_alert(alert: &Object, at: Option<Timestamp>) -> State {
    let by_classification = alert
        .text("classification")
        .and_then(|word| Some((classification(&word)?, word)));
    let by_status = || {
        alert
            .text("status")
            .and_then(|word| Some((status(&word)?, word)))
    };
    over(by_classification.or_else(by_status), at)
}

/// The state of a condition that has fired, by its `monitorCondition` (common alert schema of Azure Monitor).
pub(crate) fn of_condition(essentials: &Object, at: Option<Timestamp>) -> State {
    let word = essentials
        .text("monitorCondition")
        .and_then(|word| Some((status(&word)?, word)));
    over(word, at)
}

/// How a risk ended, by its `riskState`, or by its `riskLevel` if it has none.
pub(crate) fn of_risk(risk: &Object, at: Option<Timestamp>) -> Option<Cleared> {
    let told = match risk.text("riskState") {
        Some(word) => Some((risk_state(&word)?, word)),
        None => risk
            .text("riskLevel")
            .filter(|level| folded(level) == "none")
            .map(|level| (ClearedAs::NoRisk, level)),
    };
    over(told, at).cleared().cloned()
}

fn over(told: Option<(ClearedAs, impl AsRef<str>)>, at: Option<Timestamp>) -> State {
    match told {
        Some((how, word)) => State::Over(Cleared {
            how,
            word: tidy(word.as_ref(), LONGEST_WORD).unwrap_or_default(),
            at,
        }),
        None => State::Open,
    }
}

fn status(word: &str) -> Option<ClearedAs> {
    match folded(word).as_str() {
        "resolved" => Some(ClearedAs::Resolved),
        "closed" => Some(ClearedAs::Closed),
        "dismissed" => Some(ClearedAs::Dismissed),
        _ => None,
    }
}

/// Reads a classification. A connector appends the reason: `BenignPositive - SuspiciousButExpected`.
fn classification(word: &str) -> Option<ClearedAs> {
    let word = folded(word);
    [
        ("falsepositive", ClearedAs::FalsePositive),
        ("benignpositive", ClearedAs::BenignPositive),
        ("informationalexpectedactivity", ClearedAs::ExpectedActivity),
    ]
    .into_iter()
    .find(|(known, _)| word.starts_with(known))
    .map(|(_, how)| how)
}

fn risk_state(word: &str) -> Option<ClearedAs> {
    match folded(word).as_str() {
        "none" => Some(ClearedAs::NoRisk),
        "remediated" => Some(ClearedAs::Remediated),
        "dismissed" => Some(ClearedAs::Dismissed),
        "confirmedsafe" => Some(ClearedAs::ConfirmedSafe),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::object;

    #[test]
    fn an_alert_is_over_by_its_status_or_its_classification() {
        let how = |text: &str| of_alert(&object(text), None).cleared().map(|c| c.how);
        assert_eq!(how(r#"{"status": "Closed"}"#), Some(ClearedAs::Closed));
        assert_eq!(how(r#"{"status": "resolved"}"#), Some(ClearedAs::Resolved));
        assert_eq!(
            how(r#"{"Status": "Dismissed"}"#),
            Some(ClearedAs::Dismissed)
        );
        assert_eq!(
            how(
                r#"{"status": "Active", "classification": "BenignPositive - SuspiciousButExpected"}"#
            ),
            Some(ClearedAs::BenignPositive)
        );
        assert_eq!(
            how(r#"{"status": "resolved", "classification": "informationalExpectedActivity"}"#),
            Some(ClearedAs::ExpectedActivity)
        );
        for open in [
            "{}",
            r#"{"status": "new"}"#,
            r#"{"status": "InProgress", "classification": "TruePositive"}"#,
            r#"{"status": "ofTomorrow", "classification": "unknown"}"#,
            r#"{"status": {"errorCode": 0}}"#,
        ] {
            assert_eq!(how(open), None, "{open}");
        }
    }

    #[test]
    fn a_risk_is_over_by_its_state_and_a_hidden_or_unknown_one_is_not() {
        let how = |text: &str| of_risk(&object(text), None).map(|c| c.how);
        assert_eq!(
            how(r#"{"riskState": "none", "riskLevel": "high"}"#),
            Some(ClearedAs::NoRisk)
        );
        assert_eq!(
            how(r#"{"RiskState": "Remediated"}"#),
            Some(ClearedAs::Remediated)
        );
        assert_eq!(
            how(r#"{"riskState": "dismissed"}"#),
            Some(ClearedAs::Dismissed)
        );
        assert_eq!(
            how(r#"{"riskState": "confirmedSafe"}"#),
            Some(ClearedAs::ConfirmedSafe)
        );
        assert_eq!(how(r#"{"riskLevel": "none"}"#), Some(ClearedAs::NoRisk));
        for open in [
            r#"{"riskState": "atRisk", "riskLevel": "none"}"#,
            r#"{"riskState": "confirmedCompromised"}"#,
            r#"{"riskState": "unknownFutureValue", "riskLevel": "hidden"}"#,
            r#"{"riskLevel": "hidden"}"#,
            "{}",
        ] {
            assert_eq!(how(open), None, "{open}");
        }
    }
}
