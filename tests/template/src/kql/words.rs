//! What the queries may name: tables with their columns, functions, and the words of the language.
//!
//! Columns are from the Azure Monitor Logs reference (learn.microsoft.com/azure/azure-monitor/reference/tables/…), only those
//! that are of use here. `DeadletteredMessages` and `ActiveMessages` of Service Bus cannot be exported to a workspace (the
//! same site, `supported-metrics/microsoft-servicebus-namespaces-metrics`, column "DS Export"), so `AzureMetrics` is no
//! table of ours.

/// A table and its columns.
pub const TABLES: [(&str, &[&str]); 4] = [
    (
        "AppTraces",
        &[
            "TimeGenerated",
            "Message",
            "SeverityLevel",
            "OperationId",
            "OperationName",
            "Properties",
            "AppRoleName",
            "AppRoleInstance",
            "_ResourceId",
        ],
    ),
    (
        "AppRequests",
        &[
            "TimeGenerated",
            "Name",
            "Success",
            "ResultCode",
            "DurationMs",
            "OperationId",
            "OperationName",
            "Properties",
            "AppRoleName",
            "AppRoleInstance",
            "_ResourceId",
        ],
    ),
    // Of Microsoft Sentinel; absent where the workspace is another.
    (
        "SecurityIncident",
        &["TimeGenerated", "IncidentName", "CreatedTime"],
    ),
    ("SecurityAlert", &["TimeGenerated", "SystemAlertId"]),
];

/// The tables of Application Insights, which several apps may share.
pub const SHARED_TABLES: [&str; 2] = ["AppTraces", "AppRequests"];

/// What the Functions host puts into `Properties` (Azure/azure-functions-host and azure-webjobs-sdk, `LogConstants`).
pub const HOST_PROPERTIES: [&str; 2] = ["InvocationId", "Category"];

/// Functions of KQL that the queries use.
pub const FUNCTIONS: [&str; 23] = [
    "ago",
    "arg_max",
    "bin",
    "coalesce",
    "count",
    "countif",
    "dcount",
    "extract",
    "iff",
    "isempty",
    "isnotempty",
    "isnotnull",
    "isnull",
    "max",
    "min",
    "minif",
    "parse_json",
    "sum",
    "take_any",
    "tobool",
    "todatetime",
    "tolower",
    "tostring",
];

/// More functions of KQL: conversions to numbers.
pub const CONVERSIONS: [&str; 2] = ["toint", "tolong"];

/// Words that stand between values.
pub const OPERATORS: [&str; 10] = [
    "and",
    "or",
    "in",
    "has",
    "startswith",
    "endswith",
    "between",
    "true",
    "false",
    "not",
];
