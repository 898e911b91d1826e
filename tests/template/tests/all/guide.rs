//! The parameters, outputs and permissions that the pages about deployments name are there. (That their files, settings and commands
//! are is tested for all pages, in `tests/it/documents` and by azure-cli's own parser.)

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::kql_vocabulary::vocabulary;
use crate::support::{json, text};

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        found.insert(key.clone());
        keys(value, found);
    }
}

/// Words such as `httpAudience` that stand alone in code, or that a command gives a value or asks of `output`.
fn camel(page: &str) -> BTreeSet<String> {
    let word = r"([a-z]+[A-Z][A-Za-z]*)";
    let places = Regex::new(&format!(
        r"(?m)`{word}`|`{word}=|(?:^| ){word}=|\(output {word}\)"
    ))
    .unwrap();
    let found = places.captures_iter(page);
    found
        .filter_map(|it| {
            it.iter()
                .skip(1)
                .flatten()
                .next()
                .map(|it| it.as_str().to_owned())
        })
        .collect()
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
        let named = camel(&text(page));
        assert!(named.len() > 10, "{named:?}");
        let strangers: Vec<_> = named.difference(&known).collect();
        assert_eq!(strangers, Vec::<&String>::new(), "{page}");
    }
}

#[test]
fn the_guide_lists_the_graph_permissions_that_are_granted() {
    let permission = Regex::new(r"`(\w+\.\w+\.All)`").unwrap();
    let guide = text("infra/README.md");
    let named: BTreeSet<_> = permission
        .captures_iter(&guide)
        .map(|it| it[1].to_owned())
        .collect();
    let granted = json("infra/graph-permissions.json");
    let granted = granted.as_array().unwrap().iter();
    assert_eq!(
        named,
        granted
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    );
}
