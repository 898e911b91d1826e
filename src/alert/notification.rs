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

/// What a notification is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Alert,
    Incident,
    RiskyUser,
    RiskDetection,
    Other,
}

/// The resource's path or type tells it; the path may be the bare id.
fn about(payload: &Object) -> About {
    let data = payload.object("resourceData").ok().flatten();
    let told = [
        payload.text("resource"),
        data.and_then(|data| data.text("@odata.id")),
        data.and_then(|data| data.text("@odata.type")),
    ];
    let told: Vec<String> = told
        .iter()
        .flatten()
        .map(|text| text.to_lowercase())
        .collect();
    let names = |word| told.iter().any(|text| text.contains(word));
    if names("riskyuser") {
        About::RiskyUser
    } else if names("riskdetection") {
        About::RiskDetection
    } else if names("incident") {
        About::Incident
    } else if names("alert") {
        About::Alert
    } else {
        About::Other
    }
}

/// The shape of what it notifies of, where it stands in no envelope.
pub(super) fn shape(payload: &Object) -> Shape {
    match about(payload) {
        About::Alert => Shape::GraphAlertV2,
        About::Incident => Shape::GraphIncident,
        About::RiskyUser => Shape::GraphRiskyUser,
        About::RiskDetection => Shape::GraphRiskDetection,
        About::Other => Shape::None,
    }
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) {
    let data = payload.object("resourceData").ok().flatten();
    let id = data
        .and_then(|data| data.text("id"))
        .or_else(|| payload.text("resource"));
    draft.tenant(payload.parse(&["tenantId"]));
    draft.otherwise = NothingToDoReason::NotificationOnly;
    match about(payload) {
        About::Alert | About::RiskDetection => draft.alert(id),
        About::Incident => draft.incident(id),
        // The id is the user's; but that a risk changed does not say that there is one.
        About::RiskyUser => {}
        About::Other => draft.otherwise = NothingToDoReason::NotAnAlert,
    }
}
