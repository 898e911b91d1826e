//! Records that streams, tables and APIs carry beside alerts, and that flag nobody: sign-ins, audit entries, incidents
//! as rows. They are recognised and named, and nothing is done.
//!
//! Such a record says that a user signed in, was changed, or is named by an incident; none of that means that the
//! account is compromised. Sources: "Azure Monitor Logs reference" (the tables, with `Type` and `TimeGenerated` in each
//! row); "Common and service-specific schemas for Azure resource logs" (`time`, `category`, `resourceId`,
//! `operationName`); "signIn resource type" and "directoryAudit resource type" of Microsoft Graph.

use crate::alert::accounts::odata_type;
use crate::alert::json::Object;

use super::{has_any, says};

/// Tables by name, with what a row of each is. Tables that hold alerts are shapes.
const TABLES: &[(&str, &str)] = &[
    ("SigninLogs", "a row of the table SigninLogs"),
    (
        "AADNonInteractiveUserSignInLogs",
        "a row of the table AADNonInteractiveUserSignInLogs",
    ),
    (
        "AADServicePrincipalSignInLogs",
        "a row of the table AADServicePrincipalSignInLogs",
    ),
    (
        "AADManagedIdentitySignInLogs",
        "a row of the table AADManagedIdentitySignInLogs",
    ),
    ("AuditLogs", "a row of the table AuditLogs"),
    ("AzureActivity", "a row of the table AzureActivity"),
    ("BehaviorAnalytics", "a row of the table BehaviorAnalytics"),
    ("IdentityInfo", "a row of the table IdentityInfo"),
    (
        "IdentityLogonEvents",
        "a row of the table IdentityLogonEvents",
    ),
    ("CloudAppEvents", "a row of the table CloudAppEvents"),
    (
        "AlertInfo",
        "a row of the table AlertInfo, which names no account",
    ),
    ("OfficeActivity", "a row of the table OfficeActivity"),
    ("SecurityEvent", "a row of the table SecurityEvent"),
    (
        "SecurityIncident",
        "a row of the table SecurityIncident, which names no account",
    ),
];

/// The name of a record that flags nobody.
pub(crate) fn taken_for(record: &Object) -> Option<&'static str> {
    table(record)
        .or_else(|| diagnostic(record))
        .or_else(|| of_graph(record))
}

fn table(record: &Object) -> Option<&'static str> {
    if record.has("TimeGenerated") && record.has("Type") {
        let known = TABLES.iter().find(|(name, _)| says(record, "Type", name));
        return Some(known.map_or("a row of a table that holds no alerts", |(_, words)| words));
    }
    let is_incident =
        record.has("IncidentName") && has_any(record, &["AlertIds", "IncidentNumber"]);
    is_incident.then_some("a row of the table SecurityIncident, which names no account")
}

fn diagnostic(record: &Object) -> Option<&'static str> {
    let is_framed = record.has("category")
        && record.has("time")
        && has_any(record, &["resourceId", "operationName", "properties"]);
    let is_activity =
        record.has("eventTimestamp") && has_any(record, &["operationName", "eventDataId"]);
    if is_framed {
        Some("a record of a log of Azure or Directory, such as a sign-in or an audit entry")
    } else if is_activity {
        Some("an entry of Azure's activity log")
    } else {
        None
    }
}

fn of_graph(record: &Object) -> Option<&'static str> {
    let kind = odata_type(record);
    let signs_in = record.has("appDisplayName")
        && has_any(
            record,
            &[
                "riskLevelDuringSignIn",
                "riskLevelAggregated",
                "conditionalAccessStatus",
                "clientAppUsed",
            ],
        );
    let audits = record.has("activityDisplayName")
        && has_any(record, &["initiatedBy", "targetResources", "operationType"]);
    if kind.as_deref() == Some("signin") || (kind.is_none() && signs_in) {
        Some("a sign-in")
    } else if kind.as_deref() == Some("directoryaudit") || (kind.is_none() && audits) {
        Some("an entry of the directory's audit log")
    } else {
        None
    }
}
