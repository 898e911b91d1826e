//! A row of the `SecurityAlert` table: the workspace's data export, or the answer to a query.
//!
//! `Entities` is a JSON string there. `TenantId` is the workspace's id and no Entra tenant, so it is not read. Source:
//! "`SecurityAlert`" in the Azure Monitor Logs reference; a published sample record.

use super::draft::Draft;
use super::entities;
use super::node::Object;
use super::problem::Problem;

/// Whether it is one: rows name their table, and the column of the severity has a name of its own.
pub(super) fn is(payload: &Object) -> bool {
    let of_table = payload
        .text("Type")
        .is_some_and(|table| table.eq_ignore_ascii_case("SecurityAlert"));
    of_table || (payload.has("AlertSeverity") && payload.has("AlertName"))
}

/// Reads it.
pub(super) fn read(record: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.alert(record.text("SystemAlertId"));
    draft.severity(record.text("AlertSeverity"));
    draft.flagged(record.time("TimeGenerated"));
    entities::read(record, "Entities", &mut draft.subjects).map(|_| ())
}
