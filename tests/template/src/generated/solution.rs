//! The solution for Microsoft Sentinel's content hub, in the form that contributions to Azure/Azure-Sentinel have: each playbook as a
//! template of its own, the workbook with its entry, rules and hunting queries as YAML, and the solution's data.
//!
//! `solution.json` says only what the sources of `infra/` do not: ids that must not change, titles, who supports it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

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
        let flat = flat(&solution, playbook, &definition);
        files.push((playbook.path("readme.md"), playbook.readme(&flat)));
        files.push((playbook.path("azuredeploy.json"), pretty(&flat)?));
    }
    for query in &solution.queries {
        let text = queries.get(&query.file).context("a query is missing")?;
        files.push((query.path(), query.yaml(text, &solution.version)));
    }
    let mut data = solution.data.clone();
    for (list, suffix) in [
        ("Analytic Rules", ".yaml"),
        ("Hunting Queries", ".yaml"),
        ("Playbooks", ".json"),
    ] {
        let paths = files.iter().map(|(path, _)| path.as_str());
        let listed = paths.filter(|it| it.starts_with(list) && it.ends_with(suffix));
        data[list] = listed.collect();
    }
    let workbook = for_everybody(workbook, &solution);
    let mut add = |path: &str, text| files.push((path.to_owned(), text));
    add("Workbooks/Evict.json", pretty(&workbook)?);
    let entry = pretty(&json!([solution.workbook]))?;
    add("Workbooks/WorkbooksMetadata.json", entry);
    add("Workbooks/Images/Logos/Evict.svg", solution.logo);
    add("SolutionMetadata.json", pretty(&solution.metadata)?);
    add("Data/Solution_Evict.json", pretty(&data)?);
    add("ReleaseNotes.md", solution.release_notes);
    let folder = root().join("infra/sentinel/solution");
    let files = files.into_iter();
    Ok(files
        .map(|(path, text)| (folder.join(path), text))
        .collect())
}

impl Playbook {
    /// As the folders of that repository are named.
    fn template(&self) -> String {
        format!("Evict-{}", self.name)
    }

    fn path(&self, file: &str) -> String {
        format!("Playbooks/{}/{file}", self.template())
    }

    /// The metadata of the template as a page, for readers of that repository.
    fn readme(&self, flat: &Value) -> String {
        let list = |items: &[String]| format!("- {}\n", items.join("\n- "));
        let description = flat["metadata"]["description"].as_str().unwrap_or_default();
        let parameters = flat["parameters"].as_object().into_iter().flatten();
        let parameters: Vec<_> = parameters
            .map(|(name, it)| {
                let meaning = it["metadata"]["description"].as_str().unwrap_or_default();
                format!("`{name}`: {meaning}")
            })
            .collect();
        format!(
            "# {}\n\n{description}\n\n## Prerequisites\n\n{}\n## Parameters\n\n{}\n## After the deployment\n\n{}",
            self.title,
            list(&self.prerequisites),
            list(&parameters),
            list(&self.post_deployment)
        )
    }
}

/// A playbook as a template of its own, with a connection of its own.
fn flat(solution: &Solution, playbook: &Playbook, definition: &Value) -> Value {
    let mut parameters = json!({"PlaybookName": {
        "type": "string",
        "defaultValue": playbook.template(),
        "metadata": {"description": "Name of the playbook."},
    }});
    let mut values = Map::new();
    let declared = definition["parameters"].as_object().into_iter().flatten();
    for (name, parameter) in declared.filter(|(name, _)| *name != "$connections") {
        let mut own = json!({"type": "string", "metadata": parameter["metadata"]});
        for what in ["defaultValue", "allowedValues"] {
            if let Some(value) = parameter.get(what) {
                own[what] = value.clone();
            }
        }
        parameters[name] = own;
        let value = format!("[parameters('{name}')]");
        values.insert(name.clone(), json!({"value": value}));
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

    /// As a document whose only texts with a choice of form are the name, quoted, and blocks of lines.
    fn yaml(&self, text: &str, version: &str) -> String {
        let (id, title, query) = (&self.id, &self.title, standing_alone(text));
        let [mut severity, mut trigger, mut entities, mut kind] = [const { String::new() }; 4];
        let (mut tactic, mut technique) = ("Impact", "T1531");
        if let (Some(level), Some(period)) = (&self.severity, &self.period) {
            severity = format!("severity: {level}\nstatus: Available\n");
            trigger = format!(
                "queryFrequency: 15m\nqueryPeriod: {period}\ntriggerOperator: gt\ntriggerThreshold: 0\n"
            );
            (tactic, technique) = ("DefenseEvasion", "T1562");
            "kind: Scheduled\n".clone_into(&mut kind);
        }
        // The column holds the object ids of users.
        let shown = query.rsplit("| project ").next();
        if shown.is_some_and(|columns| columns.contains("Who")) {
            let account = "  - entityType: Account\n    fieldMappings:\n      - identifier: AadUserId\n        columnName: Who";
            entities = format!("entityMappings:\n{account}\n");
        }
        let (description, query) = (indented(&described(text)), indented(&query));
        format!(
            "id: {id}\nname: '{title}'\ndescription: |\n{description}{severity}requiredDataConnectors: []\n{trigger}\
             tactics:\n  - {tactic}\nrelevantTechniques:\n  - {technique}\nquery: |\n{query}{entities}version: {version}\n{kind}"
        )
    }
}

/// The lines of a block.
fn indented(text: &str) -> String {
    format!("  {}\n", text.trim_end().replace('\n', "\n  "))
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
