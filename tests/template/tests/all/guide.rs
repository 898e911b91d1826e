//! The walk-through in `infra/README.md` names nothing that is not there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use template::guide::named_in;

use crate::kql_queries::queries;
use crate::kql_vocabulary::repository;

fn text(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn guide() -> String {
    text("infra/README.md")
}

/// Parameters and outputs of the templates that the guide deploys.
fn template() -> BTreeSet<String> {
    let main = text("infra/main.bicep") + &text("infra/sentinel/main.bicep");
    main.lines()
        .filter_map(|line| line.strip_prefix("param ").or(line.strip_prefix("output ")))
        .filter_map(|rest| rest.split(' ').next())
        .map(str::to_owned)
        .collect()
}

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        found.insert(key.clone());
        keys(value, found);
    }
}

#[test]
fn every_file_that_the_guide_names_exists() {
    let named = named_in(&(guide() + &text("infra/sentinel/README.md")));
    assert!(named.paths.len() > 10);
    // The reader's own copy of the parameter file.
    let own = "infra/contoso.bicepparam";
    for path in named.paths.into_iter().filter(|path| path != own) {
        assert!(repository().join(&path).exists(), "{path}");
    }
    let files = queries();
    for query in named.queries {
        assert!(files.contains_key(&query), "{query}.kql");
    }
}

#[test]
fn every_setting_that_the_guide_names_is_in_the_table_of_settings() {
    let settings = text("src/config/README.md");
    let named = named_in(&guide());
    assert!(named.settings.len() > 3);
    for setting in named.settings {
        assert!(settings.contains(&format!("| `{setting}` |")), "{setting}");
    }
}

#[test]
fn every_parameter_that_the_guide_names_is_one_of_the_template() {
    let mut known = template();
    // A property of the connection, of which the page says that the published type lacks it.
    known.insert("parameterValueType".to_owned());
    keys(
        &serde_json::from_str(&text("host.json")).unwrap(),
        &mut known,
    );
    for guide in [guide(), text("infra/sentinel/README.md")] {
        let named = named_in(&guide);
        assert!(named.camel.len() > 10, "{:?}", named.camel);
        for name in named.camel {
            assert!(known.contains(&name), "{name}");
        }
    }
}

#[test]
fn the_guide_lists_the_graph_permissions_that_are_granted() {
    let list: Value = serde_json::from_str(&text("infra/graph-permissions.json")).unwrap();
    let granted = list.as_array().unwrap().iter();
    let granted = granted.map(|it| it["name"].as_str().unwrap().to_owned());
    assert_eq!(named_in(&guide()).permissions, granted.collect());
}

#[test]
fn names_are_found_where_they_stand_and_words_of_others_are_not() {
    let named = named_in(
        "The `EVICT_MODE` is set by `maxUsers=3` in `infra/main.bicep`; see `a.kql`, `User.Read.All` and plain infra/nowhere.\n\
         ```sh\naz thing create --query appId --id \"$X\" \\\n  --parameters httpAudience=\"api://x\" mode=on\n\
         infra/package --settings EVICT_LOG=info\nAPP=$(output functionAppName)\n```\n\
         ```mermaid\nnotOurs[infra/none]\n```\n",
    );
    let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    assert_eq!(list(named.paths), ["infra/main.bicep", "infra/package"]);
    assert_eq!(list(named.queries), ["a"]);
    assert_eq!(list(named.settings), ["EVICT_LOG", "EVICT_MODE"]);
    assert_eq!(
        list(named.camel),
        ["functionAppName", "httpAudience", "maxUsers"]
    );
    assert_eq!(list(named.permissions), ["User.Read.All"]);
}
