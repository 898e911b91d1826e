//! The parameters, outputs and permissions that the pages about deployments name are there. (That their files, settings and commands
//! are is tested for all pages, in `tests/it/documents` and by azure-cli's own parser.)

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kql_vocabulary::vocabulary;
use crate::support::{found, json, list, text, word};

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        found.insert(key.clone());
        keys(value, found);
    }
}

#[test]
fn every_parameter_and_output_that_a_page_names_is_one_of_the_templates() {
    let mut known = BTreeSet::new();
    for template in ["infra/azuredeploy.json", "infra/sentinel/azuredeploy.json"] {
        for section in ["parameters", "outputs"] {
            known.extend(json(template)[section].as_object().unwrap().keys().cloned());
        }
    }
    // A property of the connection, of which the page says that the published type lacks it.
    known.insert("parameterValueType".to_owned());
    keys(&json("host.json"), &mut known);
    known.extend(vocabulary().receipt_fields);
    for page in ["infra/README.md", "infra/sentinel/README.md"] {
        // Words such as `httpAudience` that stand in code, that a command gives a value, or asks of `output`.
        let named = found(
            r"(?m)(?:`|^| )([a-z]+[A-Z][A-Za-z]*)(?:`|=|\))",
            &text(page),
        );
        assert!(named.len() > 10, "{named:?}");
        let strangers: Vec<_> = named.difference(&known).collect();
        assert_eq!(strangers, Vec::<&String>::new(), "{page}");
    }
}

#[test]
fn the_guide_lists_the_graph_permissions_that_are_granted() {
    let named = found(r"`(\w+\.\w+\.All)`", &text("infra/README.md"));
    let granted = json("infra/graph-permissions.json");
    let granted = list(&granted).iter().map(|it| word(&it["name"]).to_owned());
    assert_eq!(named, granted.collect());
}
