//! An alert of Microsoft Defender for Endpoint's own API.
//!
//! Its evidence is flat; `relatedUser` names the account that the alert is about by domain and name alone. `aadTenantId`
//! is the alert's tenant. Source: "Get alert information by ID", Defender for Endpoint.

use crate::alert::accounts::{Machines, read_account, read_flat_evidence};
use crate::alert::cut_off;
use crate::alert::draft::Draft;
use crate::alert::node::{Object, objects};
use crate::alert::problem::{Problem, Within};
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

fn read(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    cut_off::refuse(alert, &["evidence", "relatedUser"])?;
    let at = alert.time("lastUpdateTime");
    draft.alert(alert.text("id"));
    draft.incident(alert.text("incidentId"));
    draft.severity(alert.text("severity"));
    draft.tenant(alert.parse(&["aadTenantId"]));
    draft.flagged(alert.time("alertCreationTime"));
    draft.said_at(at.or_else(|| alert.time("alertCreationTime")));
    draft.state(state::of_alert(alert, at));
    let mut machines = Machines::default();
    if let Some(name) = alert.text("computerDnsName") {
        machines.note(&name);
    }
    for piece in objects(&alert.list("evidence")?) {
        let (_, piece) = piece.within("evidence")?;
        read_flat_evidence(piece, &machines, draft);
    }
    if let Some(user) = alert.object("relatedUser")?
        && let Some(account) = read_account(user, &machines)
    {
        draft.subject(account);
    }
    Ok(())
}
