//! The body of the trigger *Microsoft Sentinel alert*: the alert contract V3, with `Entities` as a list.
//!
//! It has no incident id. Defender for Cloud exports the same contract. Source: published samples of that contract; what
//! of it published playbooks read.

use crate::alert::accounts::read_entities;
use crate::alert::draft::Draft;
use crate::alert::node::{Object, objects};
use crate::alert::problem::Problem;
use crate::alert::state;
use crate::domain::Shape;

use super::{Reading, Row, Sign, has_any, says};

pub(crate) const ROW: Row = Row {
    shape: Shape::SentinelAlertTrigger,
    sender: "alert playbooks, trigger *Microsoft Sentinel alert*",
    signs: &[
        Sign {
            words: "`SystemAlertId`, `WorkspaceSubscriptionId` or `AlertType`, in no row of a table",
            holds: |payload| {
                has_any(
                    payload,
                    &["SystemAlertId", "WorkspaceSubscriptionId", "AlertType"],
                ) && !has_any(
                    payload,
                    &["AlertSeverity", "AzureResourceId", "RecordType", "AlertUri"],
                ) && !says(payload, "Type", "SecurityAlert")
            },
        },
        Sign {
            words: "`Entities` or `AlertDisplayName`",
            holds: |payload| has_any(payload, &["Entities", "AlertDisplayName"]),
        },
    ],
    sample: "inbound/sentinel-alert-trigger.json",
    reading: Reading::Payload(read),
};

/// Reads it.
pub(super) fn read(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let at = alert
        .time("TimeGenerated")
        .or_else(|| alert.time("ProcessingEndTime"));
    draft.alert(alert.text("SystemAlertId"));
    draft.severity(alert.text("Severity"));
    draft.flagged(at);
    draft.said_at(alert.time("ProcessingEndTime").max(at));
    draft.state(state::of_alert(alert, at));
    // One of them may be of type AAD and name the tenant; what cannot be read of it is no reason to refuse the alert.
    if let Ok(resources) = alert.list("ResourceIdentifiers") {
        for (_, resource) in objects(&resources).filter_map(Result::ok) {
            draft.tenant(resource.parse(&["AadTenantId"]));
        }
    }
    read_entities(alert, "Entities", draft).map(|_| ())
}
