//! Azure Monitor's common alert schema, with the rows or the dimensions of a log query.
//!
//! One row of the search results is one account, and so is one combination of dimensions; `columns` lists the names. A
//! condition that has ended is not acted on. Neither is an alert that only links to its results, as log alerts since
//! 2021 do unless the rule has dimensions. Source: "Sample alert payloads", Azure Monitor; "Sample log search alerts
//! that use the legacy webhook".

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object, Within, objects, unexpected};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape, State};

use super::{Reading, Row, Sign, columns, says};

pub(crate) const ROW: Row = Row {
    shape: Shape::AzureMonitorCommon,
    sender: "action groups of Azure Monitor, log alerts in the common alert schema",
    signs: &[Sign {
        words: "`schemaId` is `azureMonitorCommonAlertSchema`, or `data.essentials`; not of the activity log",
        holds: |payload| is_common(payload) && !is_of_activity_log(payload),
    }],
    sample: "inbound/azure-monitor-log-alert-search-results.json",
    reading: Reading::Payload(read),
};

/// Whether the payload has the schema, for any service.
pub(super) fn is_common(payload: &Object) -> bool {
    says(payload, "schemaId", "azureMonitorCommonAlertSchema")
        || matches!(payload.object("data"), Ok(Some(data)) if data.has("essentials"))
}

/// Whether an alert of the common schema is about an event of the activity log.
pub(super) fn is_of_activity_log(payload: &Object) -> bool {
    let Ok(Some(data)) = payload.object("data") else {
        return false;
    };
    let by_service = matches!(data.object("essentials"), Ok(Some(essentials))
        if ["monitoringService", "signalType"].iter().any(|name| is_activity_log(essentials, name)));
    let by_caller = matches!(data.object("alertContext"), Ok(Some(context))
        if context.has("caller") || context.has("claims"));
    by_service || by_caller
}

fn is_activity_log(essentials: &Object, name: &str) -> bool {
    essentials
        .text(name)
        .is_some_and(|text| text.to_ascii_lowercase().starts_with("activity log"))
}

fn read(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let data = payload.required("data")?;
    read_essentials(data, builder).within("data")?;
    match data.object("alertContext").within("data")? {
        Some(context) => read_context(context, builder)
            .within("alertContext")
            .within("data"),
        None => Ok(()),
    }
}

/// Reads the properties that all alerts of the schema share.
pub(super) fn read_essentials(
    data: &Object,
    builder: &mut AlertBuilder,
) -> Result<(), JsonProblem> {
    let essentials = data.required("essentials")?;
    let resolved_at = essentials.time("resolvedDateTime");
    let at = resolved_at.or_else(|| essentials.time("firedDateTime"));
    builder.alert(essentials.text("alertId"));
    builder.severity(essentials.text("severity"));
    builder.flagged(essentials.time("firedDateTime"));
    builder.said_at(at);
    let state = state::of_condition(essentials, at);
    if state != State::Open {
        builder.otherwise = NothingToDoReason::Resolved;
    }
    builder.state(state);
    Ok(())
}

fn read_context(context: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let mut has_rows = false;
    for name in ["SearchResults", "SearchResult"] {
        if let Some(results) = context.object(name)? {
            for table in objects(&results.list("tables").within(name)?) {
                let (index, table) = table.within("tables").within(name)?;
                has_rows |= read_table(table, builder)
                    .at(index)
                    .within("tables")
                    .within(name)?;
            }
        }
    }
    let mut has_links = context.has("LinkToSearchResults");
    if let Some(condition) = context.object("condition")? {
        for element in objects(&condition.list("allOf").within("condition")?) {
            let (index, element) = element.within("allOf").within("condition")?;
            has_links |=
                element.has("linkToSearchResultsAPI") || element.has("linkToSearchResultsUI");
            has_rows |= read_dimensions(element, builder)
                .at(index)
                .within("allOf")
                .within("condition")?;
        }
    }
    if has_links
        && !has_rows
        && builder.names_nobody()
        && builder.otherwise == NothingToDoReason::NoAccount
    {
        builder.otherwise = NothingToDoReason::NotificationOnly;
    }
    Ok(())
}

/// Reads the rows of a table. Returns whether it has any.
fn read_table(table: &Object, builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    let mut names = Vec::new();
    for column in objects(&table.list("columns")?) {
        let (_, column) = column.within("columns")?;
        names.push(column.text("name").unwrap_or_default().into_owned());
    }
    let rows = table.list("rows")?;
    for (index, row) in rows.iter().enumerate() {
        let Node::List(cells) = row else {
            return Err(unexpected("a list", row).at(index).within("rows"));
        };
        let values = names.iter().map(String::as_str).zip(cells);
        let accounts = columns::accounts(values).at(index).within("rows")?;
        for account in accounts {
            builder.subject(account);
        }
    }
    Ok(!rows.is_empty())
}

/// Reads a combination of dimensions. Returns whether one of them names an account.
fn read_dimensions(element: &Object, builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    let dimensions = element.list("dimensions")?;
    let mut values = Vec::new();
    for dimension in objects(&dimensions) {
        let (_, dimension) = dimension.within("dimensions")?;
        if let (Some(name), Some(value)) = (dimension.text("name"), dimension.get("value")) {
            values.push((name, value));
        }
    }
    let accounts = columns::accounts(values.iter().map(|(name, value)| (name.as_ref(), *value)))
        .within("dimensions")?;
    for account in accounts {
        builder.subject(account);
    }
    Ok(values
        .iter()
        .any(|(name, _)| columns::names_an_account(name)))
}
