//! A risk detection of Identity Protection. Its `id` is the detection's; the user's is `userId`.
//!
//! A sign-in has a `riskState` and a `userId` too, and is no detection. Sources: "riskDetection resource type";
//! "servicePrincipalRiskDetection resource type", which names no user; "`AADUserRiskEvents`" in the Azure Monitor Logs
//! reference, whose columns have the same names.

use crate::alert::accounts::{identified, named, odata_type};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::alert::state;
use crate::domain::{Shape, SubjectKind};

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::GraphRiskDetection,
    sender: "Identity Protection's risk detections, from Graph or as rows of `AADUserRiskEvents`",
    signs: &[
        Sign {
            words: "`riskEventType` or `riskType`, or the type of a risk detection",
            holds: |payload| {
                is_typed(payload)
                    || (odata_type(payload).is_none()
                        && has_any(payload, &["riskEventType", "riskType"]))
            },
        },
        Sign {
            words: "`userId` or `servicePrincipalId`",
            holds: |payload| has_any(payload, &["userId", "servicePrincipalId"]),
        },
        Sign {
            words: "`riskState`, `riskLevel` or `detectedDateTime`",
            holds: |payload| {
                is_typed(payload)
                    || has_any(payload, &["riskState", "riskLevel", "detectedDateTime"])
            },
        },
    ],
    sample: "inbound/graph-risk-detection.json",
    reading: Reading::Payload(read),
};

fn is_typed(payload: &Object) -> bool {
    odata_type(payload).is_some_and(|name| name.ends_with("riskdetection"))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every shape is read by a function of one signature"
)]
pub(super) fn read(detection: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let updated = detection.time("lastUpdatedDateTime");
    let at = updated.or_else(|| builder.has_said_at());
    builder.alert(detection.text("id"));
    builder.severity(detection.text("riskLevel"));
    builder.flagged(detection.time("detectedDateTime"));
    builder.said_at(at.or_else(|| detection.time("detectedDateTime")));
    let cleared = state::of_risk(detection, at);
    if let Some(id) = detection.text("servicePrincipalId") {
        let name = detection.text("servicePrincipalDisplayName");
        let mut subject = named(SubjectKind::ServicePrincipal, name.as_deref());
        // A malformed id counts as unknown, as in every foreign payload. The name is reported all the same.
        subject.id = id.parse().ok();
        builder.risk(subject, cleared);
        return Ok(());
    }
    let subject = identified(
        detection.parse(&["userId"]),
        detection.parse(&["userPrincipalName", "userId"]),
        None,
        detection.text("userDisplayName").as_deref(),
    );
    if let Some(subject) = subject {
        builder.risk(subject, cleared);
    }
    Ok(())
}
