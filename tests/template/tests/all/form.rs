//! The form of the portal fits its schema, and fills parameters that the template has.

use std::error::Error;
use std::fs;

use jsonschema::{Retrieve, Uri, Validator};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{self, path};

const SCHEMAS: &str = "tests/fixtures/schemas";

/// Finds the schemas that a schema names beside it.
struct Beside;

impl Retrieve for Beside {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap();
        let text = fs::read(path(SCHEMAS).join(name))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

fn problems(validator: &Validator, form: &Value) -> Vec<String> {
    validator
        .iter_errors(form)
        .map(|it| it.to_string())
        .collect()
}

#[test]
fn the_form_fits_its_schema() {
    let main = support::json(&format!("{SCHEMAS}/CreateUIDefinition.MultiVm.json"));
    let validator = jsonschema::options()
        .with_retriever(Beside)
        .build(&main)
        .unwrap();
    let mut form = support::json("infra/createUiDefinition.json");
    // The name of the handler has changed since the schema was published.
    assert_eq!(form["handler"], "Microsoft.Azure.CreateUIDef");
    form["handler"] = json!("Microsoft.Compute.MultiVm");
    assert_eq!(problems(&validator, &form), Vec::<String>::new());
    form["parameters"]["steps"][0]["elements"][0]["type"] = json!("Microsoft.Common.Options");
    assert_ne!(problems(&validator, &form), Vec::<String>::new());
}

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
