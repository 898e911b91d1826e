//! A record of the Defender XDR streaming API: one piece of evidence of an alert.
//!
//! The account stands in columns, and again in `AdditionalFields`, a JSON string in the dialect of Sentinel's alerts.
//! Records of other tables on the same stream are no alerts. Source: "`AlertEvidence`" in the advanced hunting reference; a
//! published captured record.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::entities;
use super::evidence::{self, together};
use super::kind::Machines;
use super::merge::Subjects;
use super::node::Object;
use super::problem::{Problem, Within};

const CATEGORY: &str = "advancedhunting-";

/// Whether it is one, of whatever table.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("properties") && category(payload).is_some()
}

/// The table that a record is of.
fn category(payload: &Object) -> Option<String> {
    let category = payload.text("category")?.to_ascii_lowercase();
    category.strip_prefix(CATEGORY).map(str::to_owned)
}

/// Reads it.
pub(super) fn read(record: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let tenant = record.parse(&["tenantId"]);
    draft.tenant(tenant);
    if category(record).as_deref() != Some("alertevidence") {
        draft.otherwise = NothingToDoReason::NotAnAlert;
        return Ok(());
    }
    let properties = record.required("properties")?;
    draft.alert(properties.text("AlertId"));
    draft.severity(properties.text("Severity"));
    draft.flagged(record.time("time").or_else(|| properties.time("Timestamp")));
    let mut columns = evidence::subject(properties, &Machines::default());
    let mut fields = Subjects::default();
    match properties.written_object("AdditionalFields") {
        Ok(Some(entity)) => entities::read_one(&entity, &mut fields)
            .within("AdditionalFields")
            .within("properties")?,
        // What cannot be read there would only repeat the columns, if these name an account.
        Err(problem) if columns.is_none() => return Err(problem.within("properties")),
        Ok(None) | Err(_) => {}
    }
    let mut fields = fields.into_list();
    // The columns and the entity describe one account, also where they have no identifier in common.
    if fields.len() == 1 {
        columns = together(columns, fields.pop());
    }
    draft.subjects.extend(columns.into_iter().chain(fields));
    draft.subjects.belong_to(tenant);
    Ok(())
}
