//! The solution for Microsoft Sentinel's content hub, in the form that contributions to Azure/Azure-Sentinel have: each playbook as a
//! template of its own, the workbook with its entry, rules and hunting queries as YAML, and the solution's data.
//!
//! `solution.json` says only what the sources of `infra/` do not: ids that must not change, titles, who supports it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::yaml::Document;
use super::{File, pretty};
use crate::judge::root;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Solution {
    version: String,
    day: String,
    playbooks: Vec<Playbook>,
    queries: Vec<Query>,
    workbook: Value,
    service_bus_parameter: Value,
    metadata: Value,
    data: Value,
    release_notes: String,
    logo: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Playbook {
    name: String,
    title: String,
    prerequisites: Vec<String>,
    post_deployment: Vec<String>,
}

/// A query for hunting; with a severity and the time that it looks over, a rule.
#[derive(Debug, Deserialize)]
struct Query {
    file: String,
    id: String,
    title: String,
    severity: Option<String>,
    period: Option<String>,
}

/// All files of the solution.
pub(super) fn files(
    workbook: &Value,
    queries: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<File>> {
    let solution: Solution = serde_json::from_str(include_str!("solution.json"))?;
    let mut files: Vec<(String, String)> = Vec::new();
    for playbook in &solution.playbooks {
        let path = format!("infra/sentinel/playbooks/{}.json", playbook.name);
        let definition = serde_json::from_str(&fs::read_to_string(root().join(path))?)?;
        files.push((
            playbook.path(),
            pretty(&flat(&solution, playbook, &definition))?,
        ));
    }
    for query in &solution.queries {
        let text = queries.get(&query.file).context("a query is missing")?;
        files.push((
            query.path(),
            query.yaml(&standing_alone(text), text, &solution.version),
        ));
    }
    let mut data = solution.data.clone();
    let paths = |is_rule: bool| -> Vec<String> {
        let wanted = solution
            .queries
            .iter()
            .filter(|it| it.severity.is_some() == is_rule);
        wanted.map(Query::path).collect()
    };
    data["Analytic Rules"] = json!(paths(true));
    data["Hunting Queries"] = json!(paths(false));
    data["Playbooks"] = solution.playbooks.iter().map(Playbook::path).collect();
    files.extend([
        (
            "Workbooks/Evict.json".to_owned(),
            pretty(&for_everybody(workbook, &solution))?,
        ),
        (
            "Workbooks/WorkbooksMetadata.json".to_owned(),
            pretty(&json!([solution.workbook]))?,
        ),
        ("Workbooks/Images/Logos/Evict.svg".to_owned(), solution.logo),
        (
            "SolutionMetadata.json".to_owned(),
            pretty(&solution.metadata)?,
        ),
        ("Data/Solution_Evict.json".to_owned(), pretty(&data)?),
        ("ReleaseNotes.md".to_owned(), solution.release_notes),
    ]);
    let folder = root().join("infra/sentinel/solution");
    Ok(files
        .into_iter()
        .map(|(name, text)| (folder.join(name), text))
        .collect())
}

impl Playbook {
    /// As the folders of that repository are named.
    fn template(&self) -> String {
        format!("Evict-{}", self.name)
    }

    fn path(&self) -> String {
        format!("Playbooks/{}/azuredeploy.json", self.template())
    }
}

/// A playbook as a template of its own, with a connection of its own.
fn flat(solution: &Solution, playbook: &Playbook, definition: &Value) -> Value {
    let mut parameters = Map::new();
    let mut values = Map::new();
    parameters.insert(
        "PlaybookName".to_owned(),
        json!({"type": "string", "defaultValue": playbook.template(), "metadata": {"description": "Name of the playbook."}}),
    );
    for (name, parameter) in definition["parameters"].as_object().into_iter().flatten() {
        if name != "$connections" {
            let mut own = json!({"type": "string", "metadata": parameter["metadata"]});
            for what in ["defaultValue", "allowedValues"] {
                if let Some(value) = parameter.get(what) {
                    own[what] = value.clone();
                }
            }
            parameters.insert(name.clone(), own);
            values.insert(
                name.clone(),
                json!({"value": format!("[parameters('{name}')]")}),
            );
        }
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
    let triggers = definition["triggers"].as_object();
    let description = triggers
        .and_then(|all| all.values().next())
        .map(|trigger| &trigger["description"]);
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {
            "title": playbook.title,
            "description": description,
            "prerequisites": playbook.prerequisites,
            "postDeployment": playbook.post_deployment,
            "lastUpdateTime": format!("{}T00:00:00Z", solution.day),
            "entities": ["Account"],
            "tags": ["Remediation", "Response from an incident"],
            "support": {"tier": "community"},
            "author": {"name": "Evict"},
            "releaseNotes": [{"version": solution.version, "title": playbook.title, "notes": ["Initial version"]}],
        },
        "parameters": parameters,
        "variables": {"MicrosoftSentinelConnectionName": "[concat('MicrosoftSentinel-', parameters('PlaybookName'))]"},
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
                    "hidden-SentinelTemplateName": playbook.template(),
                    "hidden-SentinelTemplateVersion": "1.0",
                },
                "identity": {"type": "SystemAssigned"},
                "dependsOn": [connection],
                "properties": {"state": "Enabled", "definition": definition, "parameters": values},
            },
        ],
    })
}

impl Query {
    fn path(&self) -> String {
        let folder = if self.severity.is_some() {
            "Analytic Rules"
        } else {
            "Hunting Queries"
        };
        let words = self.file.trim_start_matches("alert-").split('-');
        let camel = words.map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        });
        format!("{folder}/Evict{}.yaml", camel.collect::<String>())
    }

    fn yaml(&self, query: &str, commented: &str, version: &str) -> String {
        let mut document = Document::default();
        document
            .text("id", &self.id)
            .text("name", &self.title)
            .block("description", &described(commented));
        if let (Some(severity), Some(period)) = (&self.severity, &self.period) {
            document
                .text("severity", severity)
                .text("status", "Available");
            document.list("requiredDataConnectors", &[]);
            document
                .text("queryFrequency", "15m")
                .text("queryPeriod", period);
            document.text("triggerOperator", "gt");
            document.line(format_args!("triggerThreshold: 0"));
            document
                .list("tactics", &["DefenseEvasion"])
                .list("relevantTechniques", &["T1562"]);
        } else {
            document.list("requiredDataConnectors", &[]);
            document
                .list("tactics", &["Impact"])
                .list("relevantTechniques", &["T1531"]);
        }
        document.block("query", query);
        // The column holds the object ids of users.
        if query
            .rsplit("| project ")
            .next()
            .is_some_and(|last| last.contains("Who"))
        {
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
        document.text("version", version);
        if self.severity.is_some() {
            document.text("kind", "Scheduled");
        }
        document.finish()
    }
}

/// The opening comment of a query, as prose.
fn described(query: &str) -> String {
    let own = query
        .lines()
        .take_while(|line| !line.starts_with("// By hand: "));
    let mut text: Vec<_> = own.map(|line| line.trim_start_matches("// ")).collect();
    text.push(
        "It reads the apps whose name begins with evict-; change that if namePrefix was another.",
    );
    let text = text.join("\n");
    // "Alert: which …?" is "Which …?" here.
    match text
        .strip_prefix("Alert: ")
        .and_then(|rest| rest.split_at_checked(1))
    {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => text,
    }
}

/// A query as it runs without anything being put in: of all apps that bear the usual name.
fn standing_alone(query: &str) -> String {
    let lines = query.lines().filter(|line| !line.starts_with("//"));
    lines
        .map(|line| {
            line.replace(
                "_ResourceId endswith \"/components/{ApplicationInsights}\"",
                "AppRoleName startswith \"evict-\"",
            ) + "\n"
        })
        .collect()
}

/// The workbook with nothing of one deployment in it: its queries stand alone, and the namespace is chosen by who reads.
fn for_everybody(workbook: &Value, solution: &Solution) -> Value {
    let mut workbook = workbook.clone();
    if let Some(all) = workbook.as_object_mut() {
        all.insert("fallbackResourceIds".to_owned(), json!([]));
        all.insert("fromTemplateId".to_owned(), json!("sentinel-EvictWorkbook"));
    }
    for item in workbook["items"].as_array_mut().into_iter().flatten() {
        let content = &mut item["content"];
        if let Some(query) = content["query"].as_str() {
            content["query"] = standing_alone(query).into();
        }
        if content.get("resourceIds").is_some() {
            content["resourceIds"] = json!(["{ServiceBus}"]);
        }
        if let Some(parameters) = content["parameters"].as_array_mut() {
            parameters.retain(|it| it["name"] != "ApplicationInsights");
            parameters.push(solution.service_bus_parameter.clone());
        }
    }
    workbook
}
