//! A notification of Microsoft Graph: it says that something changed, or that the subscription ended, and names no
//! account.
//!
//! Sources: "Microsoft.Graph.AlertCreated" in Event Grid's list of events; "changeNotification resource type"; "Reduce
//! missing change notifications and removed subscriptions" (lifecycle notifications).

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::Notification,
    sender: "Microsoft Graph's subscriptions; it names nobody",
    signs: &[
        Sign {
            words: "`subscriptionId`",
            holds: |payload| payload.has("subscriptionId"),
        },
        Sign {
            words: "`changeType` or `lifecycleEvent`",
            holds: |payload| has_any(payload, &["changeType", "lifecycleEvent"]),
        },
    ],
    sample: "field/notification-lifecycle-missed.json",
    reading: Reading::Payload(read),
};

/// The subject of a notification.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Alert,
    Incident,
    RiskyUser,
    RiskDetection,
    Other,
}

/// Reads the subject from the resource's path or type. The path may be the bare id.
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

#[expect(
    clippy::unnecessary_wraps,
    reason = "every shape is read by a function of one signature"
)]
fn read(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let data = payload.object("resourceData").ok().flatten();
    builder.tenant(payload.parse(&["tenantId"]));
    builder.otherwise = NothingToDoReason::NotificationOnly;
    // Missed notifications mean that there may be alerts which nobody has read.
    if payload.has("lifecycleEvent") {
        return Ok(());
    }
    let id = data
        .and_then(|data| data.text("id"))
        .or_else(|| payload.text("resource"));
    match about(payload) {
        About::Alert | About::RiskDetection => builder.alert(id),
        About::Incident => builder.incident(id),
        // The id is the user's, but a changed risk need not be a present risk.
        About::RiskyUser => {}
        About::Other => {
            builder.otherwise = NothingToDoReason::NotAnAlert {
                taken_for: "a notification about something that is no alert",
            };
        }
    }
    Ok(())
}
