//! An alert of Microsoft Defender for Cloud.
//!
//! Continuous export writes the alert contract V3, which Sentinel's alert trigger has too; workflow automation and REST
//! write the ARM form. The same stream carries assessments and scores, which are no alerts. Source: "security alerts
//! 2022-01-01" in Azure/azure-rest-api-specs; published samples of the export.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::entities;
use super::node::Object;
use super::problem::{Problem, Within};
use super::sentinel_alert_trigger;

/// Whether it is a record of Defender for Cloud, alert or not.
pub(super) fn is(payload: &Object) -> bool {
    is_arm(payload) || payload.has("AzureResourceId") || payload.has("AlertUri")
}

fn is_arm(payload: &Object) -> bool {
    payload
        .text("type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("microsoft.security/"))
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) -> Result<(), Problem> {
    if !is_arm(payload) {
        return sentinel_alert_trigger::read(payload, draft);
    }
    let is_alert = payload
        .text("type")
        .is_some_and(|kind| kind.to_ascii_lowercase().ends_with("/alerts"));
    if !is_alert {
        draft.otherwise = NothingToDoReason::NotAnAlert;
        return Ok(());
    }
    let properties = payload.required("properties")?;
    draft.alert(
        properties
            .text("systemAlertId")
            .or_else(|| payload.text("name")),
    );
    draft.severity(properties.text("severity"));
    draft.flagged(properties.time("timeGeneratedUtc"));
    entities::read(properties, "entities", &mut draft.subjects)
        .within("properties")
        .map(|_| ())
}
