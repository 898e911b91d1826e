//! The form of the portal fills the template's parameters. (`.ci/run` holds it against its schema.)

use regex::Regex;
use serde_json::Value;

use crate::support;

#[test]
fn each_answer_is_asked_for_and_each_parameter_without_a_default_is_answered() {
    let form = support::json("infra/createUiDefinition.json");
    let outputs = form["parameters"]["outputs"].as_object().unwrap();
    let template = support::parameters("infra/azuredeploy.json");
    for (name, parameter) in &template {
        let is_given = outputs.contains_key(name) || parameter.get("defaultValue").is_some();
        assert!(is_given, "{name}");
    }
    let used = Regex::new(r"steps\('(\w+)'\)\.(\w+)").unwrap();
    let named = |list: &Value, name: &str| {
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == name);
        found
            .unwrap_or_else(|| panic!("there is no {name}"))
            .clone()
    };
    for (name, value) in outputs {
        assert!(template.contains_key(name), "{name}");
        for answer in used.captures_iter(value.as_str().unwrap()) {
            let step = named(&form["parameters"]["steps"], &answer[1]);
            named(&step["elements"], &answer[2]);
        }
    }
}
