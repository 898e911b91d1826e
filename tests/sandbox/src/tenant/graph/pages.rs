//! Lists in pages, with `@odata.nextLink` to the next one ("Paging Microsoft Graph data in your app").

use serde_json::{Map, Value, json};

use super::Context;
use crate::tenant::answer::{Answer, METADATA};
use crate::tenant::call::Call;
use crate::tenant::directory::Directory;

/// The default page size.
const PAGE: usize = 100;

/// Whether a call is an advanced query: it needs both the header and `$count=true` ("Advanced query capabilities on
/// Microsoft Entra ID objects").
pub(super) fn eventual(call: &Call) -> bool {
    let level = call.header("ConsistencyLevel").unwrap_or_default();
    level.eq_ignore_ascii_case("eventual") && call.query("$count").as_deref() == Some("true")
}

/// The refusal of a cast outside of an advanced query.
pub(super) fn not_advanced() -> Answer {
    Answer::error(
        400,
        "Request_UnsupportedQuery",
        "The specified filter to the reference property query is currently not supported.",
    )
}

/// One page of the rows.
pub(super) fn answer(
    context: &Context<'_>,
    directory: &Directory,
    name: &str,
    rows: Vec<Value>,
    mut fields: Map<String, Value>,
) -> Answer {
    let call = context.call;
    let asked = call.query("$top").and_then(|text| text.parse().ok());
    let size = directory
        .access
        .page_size
        .unwrap_or(usize::MAX)
        .min(asked.unwrap_or(PAGE));
    let skip: usize = call
        .query("$skiptoken")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let count = rows.len();
    if skip + size < count {
        let link = call.next_link("$skiptoken", skip + size);
        fields.insert("@odata.nextLink".to_owned(), json!(link));
    }
    if skip == 0 && eventual(call) {
        fields.insert("@odata.count".to_owned(), json!(count));
    }
    let rows: Vec<Value> = rows.into_iter().skip(skip).take(size).collect();
    fields.insert("value".to_owned(), json!(rows));
    let mut answer = Answer::data(name, fields);
    if let (Some("beta"), crate::tenant::answer::Body::Json(body)) =
        (call.segments.first().map(String::as_str), &mut answer.body)
    {
        let root = METADATA.replace("/v1.0/", "/beta/");
        body["@odata.context"] = json!(format!("{root}#{name}"));
    }
    answer
}
