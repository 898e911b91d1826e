//! A change notification of Microsoft Graph: it says that an alert exists, and names no account.
//!
//! Sources: "Microsoft.Graph.AlertCreated" in Event Grid's list of events; "changeNotification resource type".

use crate::domain::{NothingToDoReason, Shape};

use super::draft::Draft;
use super::node::Object;

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("changeType")
        && (payload.has("resource") || payload.has("resourceData"))
        && payload.has("subscriptionId")
}

/// The shape of what it notifies of, where it stands in no envelope.
pub(super) fn shape(payload: &Object) -> Shape {
    let resource = payload.text("resource").unwrap_or_default().to_lowercase();
    if resource.contains("security/alerts") {
        Shape::GraphAlertV2
    } else if resource.contains("security/incidents") {
        Shape::GraphIncident
    } else if resource.contains("riskyusers") {
        Shape::GraphRiskyUser
    } else if resource.contains("riskdetections") {
        Shape::GraphRiskDetection
    } else {
        Shape::None
    }
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) {
    let data = payload.object("resourceData").ok().flatten();
    draft.alert(
        data.and_then(|data| data.text("id"))
            .or_else(|| payload.text("resource")),
    );
    draft.tenant(payload.parse(&["tenantId"]));
    draft.otherwise = NothingToDoReason::NotificationOnly;
}
