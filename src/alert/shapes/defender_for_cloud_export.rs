//! An alert of Microsoft Defender for Cloud.
//!
//! Continuous export writes the alert contract V3, which Sentinel's alert trigger has too; workflow automation and REST
//! write the ARM form. The same stream carries assessments and scores, which are no alerts. Source: "security alerts
//! 2022-01-01" in Azure/azure-rest-api-specs; published samples of the export.

use crate::alert::accounts::read_entities;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, has_any, sentinel_alert_trigger};

/// A resource of Azure Resource Manager.
pub(crate) const ARM: Row = Row {
    shape: Shape::DefenderForCloudExport,
    sender: "workflow automation and the REST API of Defender for Cloud",
    signs: &[Sign {
        words: "`type` begins with `Microsoft.Security/`",
        holds: |payload| kind(payload).is_some(),
    }],
    sample: "inbound/variants/defender-for-cloud-arm.json",
    reading: Reading::Payload(read_arm),
};

/// The contract V3.
pub(crate) const EXPORT: Row = Row {
    shape: Shape::DefenderForCloudExport,
    sender: "continuous export of Defender for Cloud",
    signs: &[
        Sign {
            words: "`AzureResourceId` or `AlertUri`",
            holds: |payload| has_any(payload, &["AzureResourceId", "AlertUri"]),
        },
        Sign {
            words: "`SystemAlertId` or `AlertType`, in no record of Office 365",
            holds: |payload| {
                has_any(payload, &["SystemAlertId", "AlertType"])
                    && !has_any(payload, &["RecordType", "AlertSeverity"])
            },
        },
    ],
    sample: "inbound/defender-for-cloud-export.json",
    reading: Reading::Payload(sentinel_alert_trigger::read),
};

/// The type of a resource of Defender for Cloud, in lower case.
fn kind(payload: &Object) -> Option<String> {
    let kind = payload.text("type")?.to_ascii_lowercase();
    kind.starts_with("microsoft.security/").then_some(kind)
}

fn read_arm(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    if !kind(payload).is_some_and(|kind| kind.ends_with("/alerts")) {
        builder.otherwise = NothingToDoReason::NotAnAlert {
            taken_for: "a resource of Defender for Cloud that is no alert",
        };
        return Ok(());
    }
    let properties = payload.required("properties")?;
    let at = properties.time("timeGeneratedUtc");
    builder.alert(
        properties
            .text("systemAlertId")
            .or_else(|| payload.text("name")),
    );
    builder.severity(properties.text("severity"));
    builder.flagged(at);
    builder.said_at(properties.time("processingEndTimeUtc").max(at));
    builder.state(state::of_alert(properties, at));
    read_entities(properties, "entities", builder)
        .within("properties")
        .map(|_| ())
}
