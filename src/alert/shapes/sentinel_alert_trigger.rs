//! The body of the trigger *Microsoft Sentinel alert*: the alert contract V3, with `Entities` as a list.
//!
//! It has no incident id. Defender for Cloud exports the same contract. Source: published samples of that contract; the
//! properties that published playbooks read.

use crate::alert::accounts::read_entities;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, objects};
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

pub(super) fn read(alert: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let at = alert
        .time("TimeGenerated")
        .or_else(|| alert.time("ProcessingEndTime"));
    builder.alert(alert.text("SystemAlertId"));
    builder.severity(alert.text("Severity"));
    builder.flagged(at);
    builder.said_at(alert.time("ProcessingEndTime").max(at));
    builder.state(state::of_alert(alert, at));
    // A resource of type AAD names the tenant. An unreadable one is not a reason to refuse the alert.
    if let Ok(resources) = alert.list("ResourceIdentifiers") {
        for (_, resource) in objects(&resources).filter_map(Result::ok) {
            builder.tenant(resource.parse(&["AadTenantId"]));
        }
    }
    read_entities(alert, "Entities", builder).map(|_| ())
}
