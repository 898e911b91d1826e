//! The body of the trigger *Microsoft Sentinel alert*: the alert contract V3, with `Entities` as a list.
//!
//! It has no incident id. Defender for Cloud exports the same contract. Source: published samples of that contract; what
//! of it published playbooks read.

use super::draft::Draft;
use super::entities;
use super::node::{Object, objects};
use super::problem::Problem;

/// Whether it is one. `objectSchemaType` would say that it is an incident.
pub(super) fn is(payload: &Object) -> bool {
    let named = payload.has("SystemAlertId") || payload.has("AlertDisplayName");
    let of_workspace = payload.has("WorkspaceSubscriptionId") || payload.has("AlertType");
    named || (payload.has("Entities") && of_workspace)
}

/// Reads it.
pub(super) fn read(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.alert(alert.text("SystemAlertId"));
    draft.severity(alert.text("Severity"));
    draft.flagged(
        alert
            .time("TimeGenerated")
            .or_else(|| alert.time("ProcessingEndTime")),
    );
    // One of them may be of type AAD and name the tenant; what cannot be read of it is no reason to refuse the alert.
    if let Ok(resources) = alert.list("ResourceIdentifiers") {
        for (_, resource) in objects(&resources).filter_map(Result::ok) {
            draft.tenant(resource.parse(&["AadTenantId"]));
        }
    }
    entities::read(alert, "Entities", &mut draft.subjects).map(|_| ())
}
