//! Azure Monitor's common alert schema around an activity log event: who called.
//!
//! `caller` is a user's UPN, the object id of an application's service principal, or a service's name; `claims`, a JSON
//! string, distinguishes them. Sources: "Sample alert payloads", Azure Monitor; "Azure activity log event schema".

use std::borrow::Cow;

use crate::alert::accounts::{identified, named};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within};
use crate::domain::{Shape, SubjectKind, TenantId, UserId, UserPrincipalName};

use super::azure_monitor_common::{is_common, is_of_activity_log, read_essentials};
use super::{Reading, Row, Sign};

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TENANT_ID: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

pub(crate) const ROW: Row = Row {
    shape: Shape::AzureMonitorActivity,
    sender: "action groups of Azure Monitor, alerts on the activity log in the common alert schema",
    signs: &[
        Sign {
            words: "`schemaId` is `azureMonitorCommonAlertSchema`, or `data.essentials`",
            holds: is_common,
        },
        Sign {
            words: "`data.essentials` names the activity log, or `data.alertContext` has `caller` or `claims`",
            holds: is_of_activity_log,
        },
    ],
    sample: "inbound/azure-monitor-activity-user.json",
    reading: Reading::Payload(read),
};

fn read(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let data = payload.required("data")?;
    read_essentials(data, builder).within("data")?;
    match data.object("alertContext").within("data")? {
        Some(context) => read_caller(context, builder)
            .within("alertContext")
            .within("data"),
        None => Ok(()),
    }
}

fn read_caller(context: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let caller = context.text("caller");
    let claims = context
        .written_object("claims")?
        .unwrap_or_else(|| Cow::Owned(Object::default()));
    let id = claims.parse::<UserId>(&[OBJECT_ID, "oid"]);
    let called_by_id = caller
        .as_ref()
        .and_then(|caller| caller.parse::<UserId>().ok());
    let upn = claims
        .parse::<UserPrincipalName>(&[UPN, "upn"])
        .or_else(|| caller.as_ref().and_then(|caller| caller.parse().ok()));
    // How an application authenticated: 1 by a secret, 2 by a certificate; a user's client has 0.
    let proved = matches!(claims.text("appidacr").as_deref(), Some("1" | "2"));
    let is_application = upn.is_none() && (called_by_id.is_some() || proved);
    let subject = if is_application {
        let id = called_by_id.or(id);
        let name = if id.is_none() {
            caller.as_deref()
        } else {
            None
        };
        let mut subject = named(SubjectKind::ServicePrincipal, name);
        subject.id = id;
        (subject.id.is_some() || subject.name.is_some()).then_some(subject)
    } else {
        identified(id, upn, None, caller.as_deref())
    };
    if let Some(subject) = subject {
        builder.subject(subject);
    }
    builder.belong_to(claims.parse::<TenantId>(&[TENANT_ID, "tid"]));
    Ok(())
}
