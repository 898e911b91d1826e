//! The solution for Microsoft Sentinel's content hub, in the form that contributions to Azure/Azure-Sentinel have: each playbook as a
//! template of its own, the workbook with its entry, rules and hunting queries as YAML, and the solution's data.
//!
//! What stands here is only what the sources of `infra/` do not say: ids that must not change, titles, who supports it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::yaml::Document;
use super::{File, pretty};
use crate::judge::root;

const VERSION: &str = "1.0.0";
const DAY: &str = "2026-11-28";

struct Playbook {
    name: &'static str,
    title: &'static str,
    prerequisites: &'static [&'static str],
    after: &'static [&'static str],
}

const CALLER: &str = "Add the object id of the playbook's managed identity to allowedCallers of infra/main.bicep, and deploy that again.";
const RESPONDER: &str =
    "Assign Microsoft Sentinel Responder on the workspace to the playbook's managed identity.";

const PLAYBOOKS: [Playbook; 3] = [
    Playbook {
        name: "ask-and-comment",
        title: "Evict: cut the users of an incident, and comment",
        prerequisites: &[
            "Evict is deployed (infra/main.bicep), and its host name and audience are known.",
        ],
        after: &[CALLER, RESPONDER],
    },
    Playbook {
        name: "revoke-entity",
        title: "Evict: cut this user now",
        prerequisites: &[
            "Evict is deployed (infra/main.bicep), and its host name and audience are known.",
        ],
        after: &[CALLER, RESPONDER],
    },
    Playbook {
        name: "to-the-queue",
        title: "Evict: put an incident on the queue",
        prerequisites: &[
            "Evict is deployed (infra/main.bicep), and the host name of its Service Bus namespace is known.",
        ],
        after: &[
            "Assign Azure Service Bus Data Sender on the queue evict to the playbook's managed identity.",
            RESPONDER,
        ],
    },
];

/// A query as a rule (with its severity, how often it runs and over which time) or for hunting.
struct Query {
    file: &'static str,
    id: &'static str,
    title: &'static str,
    rule: Option<(&'static str, &'static str, &'static str)>,
    /// Whether the column `Who` holds the object ids of users.
    names_users: bool,
}

const QUERIES: [Query; 13] = [
    rule(
        "alert-blast-radius",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b01",
        "Evict withheld users beyond its limits",
        "Medium",
        "15m",
        false,
    ),
    rule(
        "alert-failed-invocations",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b02",
        "Evict fails",
        "High",
        "15m",
        false,
    ),
    rule(
        "alert-handler-stopped",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b03",
        "Evict stopped",
        "High",
        "15m",
        false,
    ),
    rule(
        "alert-permission-lost",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b04",
        "Evict may not cut anybody",
        "High",
        "15m",
        false,
    ),
    rule(
        "alert-unfinished",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b05",
        "Evict has not finished",
        "Medium",
        "6h",
        true,
    ),
    hunting(
        "outcomes",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b06",
        "Evict: endings by hour",
        false,
    ),
    hunting(
        "refused-callers",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b07",
        "Evict: callers that were not let in",
        false,
    ),
    hunting(
        "rejected",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b08",
        "Evict: what went to evict-rejected",
        false,
    ),
    hunting(
        "time-to-cut",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b09",
        "Evict: from the alert to the cut",
        true,
    ),
    hunting(
        "unfinished",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b0a",
        "Evict: who is not finished",
        true,
    ),
    hunting(
        "what-was-withheld",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b0b",
        "Evict: what was withheld, and why",
        true,
    ),
    hunting(
        "who-could-not-be-cut",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b0c",
        "Evict: who could not be cut",
        true,
    ),
    hunting(
        "who-was-cut",
        "4f2a0c56-6c7e-4f0e-9d43-7d1f4f2a9b0d",
        "Evict: who was cut",
        true,
    ),
];

const fn rule(
    file: &'static str,
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    period: &'static str,
    names_users: bool,
) -> Query {
    Query {
        file,
        id,
        title,
        rule: Some((severity, "15m", period)),
        names_users,
    }
}

const fn hunting(
    file: &'static str,
    id: &'static str,
    title: &'static str,
    names_users: bool,
) -> Query {
    Query {
        file,
        id,
        title,
        rule: None,
        names_users,
    }
}

/// All files of the solution.
pub(super) fn files(
    workbook: &Value,
    queries: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<File>> {
    let mut files: Vec<(String, String)> = Vec::new();
    for playbook in &PLAYBOOKS {
        let path = format!("infra/sentinel/playbooks/{}.json", playbook.name);
        let definition = serde_json::from_str(&fs::read_to_string(root().join(path))?)?;
        let template = flat(playbook, &definition);
        files.push((
            format!("Playbooks/{}/azuredeploy.json", title_case(playbook.name)),
            pretty(&template)?,
        ));
    }
    for query in &QUERIES {
        let Some(text) = queries.get(query.file) else {
            anyhow::bail!("there is no query {}", query.file);
        };
        let folder = if query.rule.is_some() {
            "Analytic Rules"
        } else {
            "Hunting Queries"
        };
        files.push((format!("{folder}/{}.yaml", query.path()), query.yaml(text)));
    }
    files.push(("Workbooks/Evict.json".to_owned(), pretty(workbook)?));
    files.push((
        "Workbooks/WorkbooksMetadata.json".to_owned(),
        pretty(&workbook_entry())?,
    ));
    files.push((
        "Workbooks/Images/Logos/Evict.svg".to_owned(),
        LOGO.to_owned(),
    ));
    files.push(("SolutionMetadata.json".to_owned(), pretty(&metadata())?));
    files.push(("Data/Solution_Evict.json".to_owned(), pretty(&data())?));
    files.push(("ReleaseNotes.md".to_owned(), NOTES.to_owned()));
    let folder: PathBuf = root().join("infra/sentinel/solution");
    Ok(files
        .into_iter()
        .map(|(name, text)| (folder.join(name), text))
        .collect())
}

/// `to-the-queue` as the folders of that repository are named.
fn title_case(name: &str) -> String {
    format!("Evict-{name}")
}

/// A playbook as a template of its own, with a connection of its own.
fn flat(playbook: &Playbook, definition: &Value) -> Value {
    let declared = definition["parameters"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let mut parameters = Map::new();
    let mut values = Map::new();
    parameters.insert(
        "PlaybookName".to_owned(),
        json!({"type": "string", "defaultValue": title_case(playbook.name), "metadata": {"description": "Name of the playbook."}}),
    );
    for (name, parameter) in declared.iter().filter(|(name, _)| *name != "$connections") {
        parameters.insert(
            name.clone(),
            json!({"type": "string", "metadata": parameter["metadata"]}),
        );
        values.insert(
            name.clone(),
            json!({"value": format!("[parameters('{name}')]")}),
        );
    }
    let connection =
        "[resourceId('Microsoft.Web/connections', variables('MicrosoftSentinelConnectionName'))]";
    let api = "[concat('/subscriptions/', subscription().subscriptionId, '/providers/Microsoft.Web/locations/', resourceGroup().location, '/managedApis/azuresentinel')]";
    values.insert(
        "$connections".to_owned(),
        json!({"value": {"azuresentinel": {
            "connectionId": connection,
            "connectionName": "[variables('MicrosoftSentinelConnectionName')]",
            "id": api,
            "connectionProperties": {"authentication": {"type": "ManagedServiceIdentity"}},
        }}}),
    );
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {
            "title": playbook.title,
            "description": said_of(definition),
            "prerequisites": playbook.prerequisites,
            "postDeployment": playbook.after,
            "lastUpdateTime": format!("{DAY}T00:00:00Z"),
            "entities": ["Account"],
            "tags": ["Remediation", "Response from an incident"],
            "support": {"tier": "community"},
            "author": {"name": "Evict"},
            "releaseNotes": [{"version": VERSION, "title": playbook.title, "notes": ["Initial version"]}],
        },
        "parameters": parameters,
        "variables": {
            "MicrosoftSentinelConnectionName": "[concat('MicrosoftSentinel-', parameters('PlaybookName'))]",
        },
        "resources": [
            {
                "type": "Microsoft.Web/connections",
                "apiVersion": "2016-06-01",
                "name": "[variables('MicrosoftSentinelConnectionName')]",
                "location": "[resourceGroup().location]",
                "kind": "V1",
                "properties": {
                    "displayName": "[variables('MicrosoftSentinelConnectionName')]",
                    "customParameterValues": {},
                    "parameterValueType": "Alternative",
                    "api": {"id": api},
                },
            },
            {
                "type": "Microsoft.Logic/workflows",
                "apiVersion": "2019-05-01",
                "name": "[parameters('PlaybookName')]",
                "location": "[resourceGroup().location]",
                "tags": {
                    "hidden-SentinelTemplateName": title_case(playbook.name),
                    "hidden-SentinelTemplateVersion": "1.0",
                },
                "identity": {"type": "SystemAssigned"},
                "dependsOn": [connection],
                "properties": {"state": "Enabled", "definition": definition, "parameters": values},
            },
        ],
    })
}

/// The description of the one trigger, which says what the playbook is for.
fn said_of(definition: &Value) -> &Value {
    let triggers = definition["triggers"].as_object();
    let first = triggers.and_then(|all| all.values().next());
    first.map_or(&Value::Null, |trigger| &trigger["description"])
}

impl Query {
    /// The file's name in that repository.
    fn path(&self) -> String {
        let words = self.file.trim_start_matches("alert-").split('-');
        let camel = words.map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        });
        format!("Evict{}", camel.collect::<String>())
    }

    fn yaml(&self, query: &str) -> String {
        let mut document = Document::default();
        document
            .text("id", self.id)
            .text("name", self.title)
            .block("description", &described(query));
        if let Some((severity, frequency, period)) = self.rule {
            document
                .text("severity", severity)
                .text("status", "Available");
            document.list("requiredDataConnectors", &[]);
            document
                .text("queryFrequency", frequency)
                .text("queryPeriod", period)
                .text("triggerOperator", "gt");
            document.line(format_args!("triggerThreshold: 0"));
            document
                .list("tactics", &["DefenseEvasion"])
                .list("relevantTechniques", &["T1562"]);
        } else {
            document
                .list("requiredDataConnectors", &[])
                .list("tactics", &["Impact"])
                .list("relevantTechniques", &["T1531"]);
        }
        document.block("query", &standing_alone(query));
        if self.names_users {
            for line in [
                "entityMappings:",
                "  - entityType: Account",
                "    fieldMappings:",
                "      - identifier: AadUserId",
                "        columnName: Who",
            ] {
                document.line(format_args!("{line}"));
            }
        }
        document.text("version", VERSION);
        if self.rule.is_some() {
            document.text("kind", "Scheduled");
        }
        document.finish()
    }
}

/// The opening comment of a query, as prose.
fn described(query: &str) -> String {
    let lines = query.lines().take_while(|line| line.starts_with("// "));
    let own = lines
        .map(|line| line.trim_start_matches("// ").trim_start_matches("Alert: "))
        .filter(|line| {
            !line.starts_with("By hand: ")
                && !line.starts_with("shared: ")
                && !line.starts_with("One line of")
        });
    let mut text: Vec<_> = own.take(4).collect();
    text.push(
        "It reads the apps whose name begins with evict-; change that if namePrefix was another.",
    );
    text.join("\n")
}

/// A query as it runs without anything being put in: of all apps that bear the usual name.
#[must_use]
pub(super) fn standing_alone(query: &str) -> String {
    let lines = query.lines().filter(|line| !line.starts_with("//"));
    let lines = lines.map(|line| {
        line.replace(
            "_ResourceId endswith \"/components/{ApplicationInsights}\"",
            "AppRoleName startswith \"evict-\"",
        )
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// The entry of the workbook in the list of all of them.
fn workbook_entry() -> Value {
    json!([{
        "workbookKey": "EvictWorkbook",
        "logoFileName": "Evict.svg",
        "description": "Who was cut, what was withheld, how long it took, and what waits for a person.",
        "dataTypesDependencies": ["AppTraces", "AppRequests"],
        "dataConnectorsDependencies": [],
        "previewImagesFileNames": ["EvictBlack.png", "EvictWhite.png"],
        "version": VERSION,
        "title": "Evict",
        "templateRelativePath": "Evict.json",
        "subtitle": "",
        "provider": "Community",
    }])
}

fn metadata() -> Value {
    json!({
        "publisherId": "evict",
        "offerId": "evict-solution",
        "firstPublishDate": DAY,
        "lastPublishDate": DAY,
        "providers": ["Community"],
        "categories": {"domains": ["Security - Automation (SOAR)", "Identity"]},
        "support": {"tier": "Community", "name": "Community", "link": "https://github.com/Azure/Azure-Sentinel/issues"},
    })
}

fn data() -> Value {
    let of = |is_rule: bool, folder: &str| -> Vec<String> {
        let wanted = QUERIES.iter().filter(|it| it.rule.is_some() == is_rule);
        wanted
            .map(|it| format!("{folder}/{}.yaml", it.path()))
            .collect()
    };
    let playbooks =
        PLAYBOOKS.map(|it| format!("Playbooks/{}/azuredeploy.json", title_case(it.name)));
    json!({
        "Name": "Evict",
        "Author": "Evict",
        "Logo": "<img src=\"https://raw.githubusercontent.com/Azure/Azure-Sentinel/master/Logos/Evict.svg\" width=\"75px\" height=\"75px\">",
        "Description": "Evict revokes every Microsoft Entra ID session of the users whom an incident flags, reads the cut back, and hands back a receipt for each of them.",
        "Playbooks": playbooks,
        "Workbooks": ["Workbooks/Evict.json"],
        "Hunting Queries": of(false, "Hunting Queries"),
        "Analytic Rules": of(true, "Analytic Rules"),
        "BasePath": "C:\\GitHub\\Azure-Sentinel\\Solutions\\Evict",
        "Version": "3.0.0",
        "Metadata": "SolutionMetadata.json",
        "TemplateSpec": true,
        "Is1PConnector": false,
    })
}

/// A session that is cut.
const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="75" height="75" viewBox="0 0 75 75">
  <circle cx="37.5" cy="26" r="13" fill="#0b556a"/>
  <path d="M12 66c0-15 11-24 25.5-24s25.5 9 25.5 24z" fill="#0b556a"/>
  <path d="M8 68 68 8" stroke="#d13438" stroke-width="7" stroke-linecap="round"/>
</svg>
"##;

const NOTES: &str = "| **Version** | **Date Modified (DD-MM-YYYY)** | **Change History** |\n\
    |---|---|---|\n\
    | 3.0.0 | 28-11-2026 | Initial Solution Release |\n";
