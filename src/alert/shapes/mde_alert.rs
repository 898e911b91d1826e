//! An alert of Microsoft Defender for Endpoint's own API.
//!
//! Its evidence is flat; `relatedUser` names the account that the alert is about by domain and name alone.
//! `aadTenantId` is the alert's tenant. Source: "Get alert information by ID", Defender for Endpoint.

use crate::alert::accounts::{Machines, read_account, read_flat_evidence};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within, cut_off, objects};
use crate::alert::state;
use crate::domain::Shape;

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::MdeAlert,
    sender: "the alerts API of Defender for Endpoint",
    signs: &[
        Sign {
            words: "`alertCreationTime`, `aadTenantId`, `machineId` or `investigationId`",
            holds: |payload| {
                has_any(
                    payload,
                    &[
                        "alertCreationTime",
                        "aadTenantId",
                        "machineId",
                        "investigationId",
                    ],
                )
            },
        },
        Sign {
            words: "`evidence` or `relatedUser`",
            holds: |payload| has_any(payload, &["evidence", "relatedUser"]),
        },
    ],
    sample: "inbound/mde-alert.json",
    reading: Reading::Payload(read),
};

fn read(alert: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    cut_off::refuse(alert, &["evidence", "relatedUser"])?;
    let at = alert.time("lastUpdateTime");
    builder.alert(alert.text("id"));
    builder.incident(alert.text("incidentId"));
    builder.severity(alert.text("severity"));
    builder.tenant(alert.parse(&["aadTenantId"]));
    builder.flagged(alert.time("alertCreationTime"));
    builder.said_at(at.or_else(|| alert.time("alertCreationTime")));
    builder.state(state::of_alert(alert, at));
    let mut machines = Machines::default();
    if let Some(name) = alert.text("computerDnsName") {
        machines.note(&name);
    }
    for piece in objects(&alert.list("evidence")?) {
        let (_, piece) = piece.within("evidence")?;
        read_flat_evidence(piece, &machines, builder);
    }
    if let Some(user) = alert.object("relatedUser")?
        && let Some(account) = read_account(user, &machines)
    {
        builder.subject(account);
    }
    Ok(())
}
