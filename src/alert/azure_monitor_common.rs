//! Azure Monitor's common alert schema, with the rows or the dimensions of a log query.
//!
//! One row of the search results is one account, and so is one combination of dimensions. The columns are named by the
//! query's author; read are those in [`COLUMNS`], in any case. A condition that has ended is nothing to act on. Source:
//! "Sample alert payloads", Azure Monitor.

use std::borrow::Cow;

use crate::domain::{NothingToDoReason, SecurityIdentifier, SubjectRef, UserId, UserPrincipalName};

use super::account;
use super::draft::Draft;
use super::node::{Node, Object, objects, unexpected};
use super::problem::{Problem, Within};

/// The columns and dimensions that name an account. Tables differ in what they keep in a column of one name (`UserId` is
/// a UPN in Office's activity), so the value's form says what it is.
const COLUMNS: [&str; 8] = [
    "UserPrincipalName",
    "UPN",
    "AccountUpn",
    "UserId",
    "AadUserId",
    "AccountObjectId",
    "UserObjectId",
    "AccountSid",
];

/// Whether it is one, of whatever service.
pub(super) fn is(payload: &Object) -> bool {
    payload
        .text("schemaId")
        .is_some_and(|schema| schema.eq_ignore_ascii_case("azureMonitorCommonAlertSchema"))
        || matches!(payload.object("data"), Ok(Some(data)) if data.has("essentials"))
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let data = payload.required("data")?;
    if read_essentials(data, draft).within("data")? {
        return Ok(());
    }
    let context = data.object("alertContext").within("data")?;
    match context {
        Some(context) => read_context(context, draft)
            .within("alertContext")
            .within("data"),
        None => Ok(()),
    }
}

/// Reads what all alerts of the schema have in common. Says whether the condition has ended.
pub(super) fn read_essentials(data: &Object, draft: &mut Draft) -> Result<bool, Problem> {
    let essentials = data.required("essentials")?;
    draft.alert(essentials.text("alertId"));
    draft.severity(essentials.text("severity"));
    draft.flagged(essentials.time("firedDateTime"));
    let has_ended = essentials
        .text("monitorCondition")
        .is_some_and(|condition| condition.eq_ignore_ascii_case("Resolved"));
    if has_ended {
        draft.otherwise = NothingToDoReason::Resolved;
    }
    Ok(has_ended)
}

fn read_context(context: &Object, draft: &mut Draft) -> Result<(), Problem> {
    if let Some(results) = context.object("SearchResults")? {
        for table in objects(&results.list("tables").within("SearchResults")?) {
            let (index, table) = table.within("tables").within("SearchResults")?;
            read_table(table, draft)
                .at(index)
                .within("tables")
                .within("SearchResults")?;
        }
    }
    if let Some(condition) = context.object("condition")? {
        for element in objects(&condition.list("allOf").within("condition")?) {
            let (index, element) = element.within("allOf").within("condition")?;
            let subject = read_dimensions(element)
                .at(index)
                .within("allOf")
                .within("condition")?;
            draft.subjects.extend(subject);
        }
    }
    Ok(())
}

fn read_table(table: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let mut columns = Vec::new();
    for column in objects(&table.list("columns")?) {
        let (_, column) = column.within("columns")?;
        columns.push(column.text("name").map(Cow::into_owned));
    }
    for (index, row) in table.list("rows")?.iter().enumerate() {
        let Node::List(cells) = row else {
            return Err(unexpected("a list", row).at(index).within("rows"));
        };
        let values = columns
            .iter()
            .zip(cells)
            .filter_map(|(name, cell)| Some((name.as_deref()?, cell.as_text()?)));
        draft.subjects.extend(account_of(values));
    }
    Ok(())
}

fn read_dimensions(element: &Object) -> Result<Option<SubjectRef>, Problem> {
    let mut values = Vec::new();
    let dimensions = element.list("dimensions")?;
    for dimension in objects(&dimensions) {
        let (_, dimension) = dimension.within("dimensions")?;
        if let (Some(name), Some(value)) = (dimension.text("name"), dimension.text("value")) {
            values.push((name, value));
        }
    }
    Ok(account_of(
        values
            .iter()
            .map(|(name, value)| (name.as_ref(), value.clone())),
    ))
}

/// The account that named values describe.
fn account_of<'a>(values: impl Iterator<Item = (&'a str, Cow<'a, str>)>) -> Option<SubjectRef> {
    let mut found: Vec<(usize, Cow<'_, str>)> = values
        .filter_map(|(name, value)| {
            let column = COLUMNS.iter().position(|c| c.eq_ignore_ascii_case(name))?;
            Some((column, value))
        })
        .collect();
    found.sort_by_key(|(column, _)| *column);
    let values = || found.iter().map(|(_, value)| value.as_ref());
    let id = values().find_map(|value| value.parse::<UserId>().ok());
    let upn = values().find_map(|value| value.parse::<UserPrincipalName>().ok());
    let sid = values().find_map(|value| value.parse::<SecurityIdentifier>().ok());
    let name = values().find(|value| value.chars().any(|c| c != '0' && c != '-'));
    account::identified(id, upn, sid, name)
}
