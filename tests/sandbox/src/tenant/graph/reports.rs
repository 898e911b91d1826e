//! Entra ID's reports on its users: the sign-in log and the risk from Identity Protection. Each has its own permission,
//! licence and limit. Sources: "List signIns" (v1.0 and beta), "signIn resource type", "Get riskyUser", "Microsoft
//! Graph service-specific throttling limits", and public issues that quote the errors
//! (microsoftgraph/microsoft-graph-docs-contrib issue 7276 for the licence).

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Context, unknown_options};
use crate::tenant::answer::Answer;
use crate::tenant::directory::Directory;
use crate::tenant::licence::Licence;
use crate::tenant::log::SignInEntry;

/// The default and largest page size ("List signIns").
const PAGE: usize = 1000;

/// The error for a tenant without Entra ID P1 (microsoftgraph/microsoft-graph-docs-contrib issue 7276).
pub(super) fn not_premium() -> Answer {
    Answer::error(
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    )
}

/// `GET /auditLogs/signIns`, of v1.0 or of beta.
pub(super) fn sign_ins(context: &Context<'_>, directory: &mut Directory, is_beta: bool) -> Answer {
    match try_sign_ins(context, directory, is_beta) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn try_sign_ins(
    context: &Context<'_>,
    directory: &mut Directory,
    is_beta: bool,
) -> Result<Answer, Answer> {
    let call = context.call;
    if let Some(answer) = unknown_options(call, &["$filter", "$top", "$skiptoken"]) {
        return Err(answer);
    }
    if !directory.limits.take_report(context.now) {
        return Err(Answer::usual(429).with("Retry-After", "10"));
    }
    if !context.permitted.read_logs() {
        return Err(Answer::forbidden());
    }
    if directory.licence == Licence::Free {
        return Err(not_premium());
    }
    let filter = LogFilter::read(&call.query("$filter").unwrap_or_default(), is_beta)?;
    let page = match call.query("$top").map(|text| text.parse()) {
        None => PAGE,
        Some(Ok(page @ 1..=PAGE)) => page,
        Some(_) => return Err(Answer::error(400, "BadRequest", "Invalid page size.")),
    };
    let entries: Vec<&SignInEntry> = directory
        .log
        .seen(context.now)
        .into_iter()
        .filter(|entry| filter.fits(entry))
        .collect();
    let mut fields = Map::new();
    let skip: usize = call
        .query("$skiptoken")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if entries.len() > skip + page {
        let next = call.next_link("$skiptoken", skip + page);
        fields.insert("@odata.nextLink".to_owned(), json!(next));
    }
    let rows: Vec<Value> = entries
        .iter()
        .skip(skip)
        .take(page)
        .map(|entry| entry.json(is_beta))
        .collect();
    fields.insert("value".to_owned(), json!(rows));
    Ok(Answer::data("auditLogs/signIns", fields))
}

/// The filters that Evict may use; all of them have to match.
#[derive(Debug, Default)]
struct LogFilter {
    user: Option<Uuid>,
    since: Option<Timestamp>,
    successes_only: bool,
    /// Without a filter on the type, interactive sign-ins alone are returned ("signIn resource type", note).
    all_kinds: bool,
}

impl LogFilter {
    fn read(text: &str, is_beta: bool) -> Result<Self, Answer> {
        let refused = || {
            let message = format!("Invalid filter clause: {text}");
            Answer::error(400, "BadRequest", &message)
        };
        let mut filter = Self::default();
        for clause in text.split(" and ").filter(|clause| !clause.is_empty()) {
            let clause = clause
                .strip_prefix('(')
                .and_then(|inner| inner.strip_suffix(')'))
                .filter(|inner| inner.starts_with("signInEventTypes"))
                .unwrap_or(clause);
            if let Some(id) = clause.strip_prefix("userId eq ") {
                let id = id.trim_matches('\'');
                filter.user = Some(Uuid::try_parse(id).map_err(|_| refused())?);
            } else if let Some(time) = clause.strip_prefix("createdDateTime ge ") {
                filter.since = Some(time.parse().map_err(|_| refused())?);
            } else if clause == "status/errorCode eq 0" {
                filter.successes_only = true;
            } else if is_beta
                && clause
                    == "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
            {
                filter.all_kinds = true;
            } else {
                return Err(refused());
            }
        }
        Ok(filter)
    }

    fn fits(&self, entry: &SignInEntry) -> bool {
        self.user.is_none_or(|user| entry.user == user)
            && self.since.is_none_or(|since| entry.at >= since)
            && (!self.successes_only || entry.error_code == 0)
            && (self.all_kinds || entry.is_interactive)
    }
}

/// `GET /identityProtection/riskyUsers/{id}`. Its 429 comes without Retry-After. A user who was never at risk is not
/// found.
pub(super) fn risky_user(context: &Context<'_>, directory: &mut Directory, key: &str) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$select"]) {
        return answer;
    }
    if !directory.limits.take_risk(context.now) {
        return Answer::usual(429);
    }
    if !context.permitted.read_risk() {
        return Answer::forbidden();
    }
    if directory.licence != Licence::P2 {
        // No published sample of this body is known; the text is what tenants report.
        return Answer::error(
            403,
            "Forbidden",
            "Your tenant is not licensed for this feature.",
        );
    }
    let user = directory
        .find(key)
        .filter(|user| user.entry.id.to_string() == key);
    let Some((entry, risk)) = user.and_then(|user| Some((&user.entry, user.entry.risk.as_ref()?)))
    else {
        return Answer::not_found(key);
    };
    let mut fields = Map::new();
    for (name, value) in [
        ("id", json!(entry.id)),
        ("isDeleted", json!(false)),
        ("isProcessing", json!(false)),
        ("riskLastUpdatedDateTime", json!(risk.last_updated)),
        ("riskLevel", json!(risk.level)),
        ("riskState", json!(risk.state)),
        ("riskDetail", json!(risk.detail)),
        ("userDisplayName", json!(entry.display_name)),
        ("userPrincipalName", json!(entry.user_principal_name)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Answer::data("identityProtection/riskyUsers/$entity", fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_does_not_filter_is_refused() {
        let any = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')";
        let user = "userId eq '6cace4d5-19d5-4695-92e7-4f7bfab36728'";
        assert!(LogFilter::read(&format!("{user} and ({any})"), true).is_ok());
        assert!(LogFilter::read(&format!("{user} and ({any})"), false).is_err());
        for filter in [
            "userId eq 'alice'",
            "createdDateTime gt 2026-11-25T06:00:00Z",
            "createdDateTime ge 'yesterday'",
            "isInteractive eq false",
        ] {
            assert!(LogFilter::read(filter, true).is_err(), "{filter}");
        }
    }
}
