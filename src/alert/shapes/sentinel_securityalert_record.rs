//! A row of the `SecurityAlert` table: the workspace's data export, or the answer to a query.
//!
//! `Entities` is a JSON string there. `TenantId` is the workspace's id and no Entra tenant, so it is not read. A
//! changed alert is written again as another row. Source: "`SecurityAlert`" in the Azure Monitor Logs reference; a
//! published sample record.

use crate::alert::accounts::read_entities;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::alert::state;
use crate::domain::Shape;

use super::{Reading, Row, Sign, says};

pub(crate) const ROW: Row = Row {
    shape: Shape::SentinelSecurityAlertRecord,
    sender: "rows and exports of the table `SecurityAlert`",
    signs: &[Sign {
        words: "`Type` is `SecurityAlert`, or `AlertSeverity` and `AlertName`",
        holds: |payload| {
            says(payload, "Type", "SecurityAlert")
                || (payload.has("AlertSeverity") && payload.has("AlertName"))
        },
    }],
    sample: "inbound/sentinel-securityalert-record.json",
    reading: Reading::Payload(read),
};

fn read(record: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let at = record.time("TimeGenerated");
    builder.alert(record.text("SystemAlertId"));
    builder.severity(record.text("AlertSeverity"));
    builder.flagged(at);
    builder.said_at(at);
    builder.state(state::of_alert(record, at));
    read_entities(record, "Entities", builder).map(|_| ())
}
