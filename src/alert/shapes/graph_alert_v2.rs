//! A security alert of Microsoft Graph, version 2, polled by a script or a SIEM, or forwarded by a playbook.
//!
//! `accounts::evidence` reads the flagged accounts. `tenantId` is the alert's tenant, not an account's. Sources: "alert
//! resource type", microsoft.graph.security.

use crate::alert::accounts::{odata_type, read_evidence};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::GraphAlertV2,
    sender: "Graph's security API: alerts, from scripts, SIEMs and `PowerShell`",
    signs: &[Sign {
        words: "the type of an alert, `id`, `title`, `serviceSource` and both times of one, or `evidence` with `serviceSource`, `detectionSource`, `detectorId`, `providerAlertId` or \
                `alertWebUrl`, or with pieces of the types of Graph's evidence",
        holds: |payload| match odata_type(payload) {
            Some(name) => name == "security.alert",
            None => (payload.has("evidence") && is_of_graph(payload)) || lacks_evidence(payload),
        },
    }],
    sample: "inbound/graph-alert-v2-user.json",
    reading: Reading::Payload(read),
};

/// Whether an alert lacks only its evidence.
fn lacks_evidence(payload: &Object) -> bool {
    let all = [
        "id",
        "title",
        "serviceSource",
        "createdDateTime",
        "lastUpdateDateTime",
    ];
    all.iter().all(|name| payload.has(name))
}

fn is_of_graph(payload: &Object) -> bool {
    let of_defender = [
        "alertCreationTime",
        "aadTenantId",
        "machineId",
        "investigationId",
    ];
    if has_any(payload, &of_defender) {
        return false;
    }
    let named = [
        "serviceSource",
        "detectionSource",
        "detectorId",
        "providerAlertId",
        "alertWebUrl",
    ];
    let is_typed = |piece: &Node| {
        matches!(piece, Node::Object(piece)
            if odata_type(piece).is_some_and(|name| name.starts_with("security.")))
    };
    has_any(payload, &named)
        || matches!(payload.get("evidence"), Some(Node::List(pieces)) if pieces.iter().any(is_typed))
}

fn read(alert: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    builder.incident(alert.text("incidentId"));
    builder.severity(alert.text("severity"));
    if !read_within_incident(alert, builder)? {
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}

/// Reads an alert within an incident whose id is already known. Returns whether it has evidence.
pub(super) fn read_within_incident(
    alert: &Object,
    builder: &mut AlertBuilder,
) -> Result<bool, JsonProblem> {
    let at = alert.time("lastUpdateDateTime");
    builder.alert(alert.text("id"));
    builder.alert_severity(alert.text("severity"));
    builder.tenant(alert.parse(&["tenantId"]));
    builder.flagged(alert.time("createdDateTime"));
    builder.said_at(at.or_else(|| alert.time("createdDateTime")));
    builder.state(state::of_alert(alert, at));
    read_evidence(alert, builder)
}
