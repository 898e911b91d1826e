//! The files that the Functions host and its tools read fit their published schemas. What the schemas let pass although the
//! host would not is held beside them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn schema(name: &str) -> Validator {
    let schema = read(&root().join("tests/fixtures/schemas").join(name));
    jsonschema::validator_for(&schema).unwrap()
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|problem| problem.to_string())
        .collect()
}

fn functions() -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(root().join("function"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // The pages about the functions stand beside them.
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, read(&path.join("function.json")))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn host_json_fits_its_schema() {
    let validator = schema("schemastore-host.json");
    let mut host = read(&root().join("host.json"));
    assert_eq!(problems(&validator, &host), Vec::<String>::new());
    host["extensions"]["serviceBus"]["maxConcurrentCalls"] = json!("4");
    assert!(!problems(&validator, &host).is_empty());
}

#[test]
fn local_settings_fit_their_schema() {
    let validator = schema("schemastore-local.settings.json");
    let mut settings = read(&root().join("local.settings.json.example"));
    assert_eq!(problems(&validator, &settings), Vec::<String>::new());
    settings["IsEncrypted"] = json!("no");
    assert!(!problems(&validator, &settings).is_empty());
}

#[test]
fn every_function_json_fits_its_schema() {
    let validator = schema("functions-host-function.json");
    let functions = functions();
    assert_eq!(functions.len(), 3);
    for (name, mut function) in functions {
        assert_eq!(
            problems(&validator, &function),
            Vec::<String>::new(),
            "{name}"
        );
        function["bindings"][0]["direction"] = json!("sideways");
        assert!(!problems(&validator, &function).is_empty(), "{name}");
    }
}

/// The schema takes any type that it does not know, a misspelt one too.
#[test]
fn every_binding_is_of_a_type_that_the_host_has() {
    for (name, function) in functions() {
        for binding in function["bindings"].as_array().unwrap() {
            let known = ["httpTrigger", "http", "serviceBusTrigger", "serviceBus"];
            let kind = binding["type"].as_str().unwrap();
            assert!(known.contains(&kind), "{name}: {kind}");
        }
    }
}

/// Finds the schemas that a schema names beside it.
struct Beside;

impl Retrieve for Beside {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap_or_default();
        let file = root().join("tests/fixtures/schemas").join(name);
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    }
}

#[test]
fn the_form_of_the_portal_fits_its_schema_and_fills_parameters_that_the_template_has() {
    let main = read(&root().join("tests/fixtures/schemas/CreateUIDefinition.MultiVm.json"));
    let validator = jsonschema::options()
        .with_retriever(Beside)
        .build(&main)
        .unwrap();
    let mut form = read(&root().join("infra/createUiDefinition.json"));
    // The name of the handler has changed since the schema was published.
    assert_eq!(form["handler"], "Microsoft.Azure.CreateUIDef");
    form["handler"] = json!("Microsoft.Compute.MultiVm");
    assert_eq!(problems(&validator, &form), Vec::<String>::new());
    let template = read(&root().join("infra/azuredeploy.json"));
    let outputs = form["parameters"]["outputs"].as_object().unwrap();
    for (name, value) in outputs {
        assert!(template["parameters"][name].is_object(), "{name}");
        // Each answer that is used is asked for.
        for used in value.as_str().unwrap().split("steps('").skip(1) {
            let (step, rest) = used.split_once("').").unwrap();
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
            let steps = form["parameters"]["steps"].as_array().unwrap();
            let step = steps.iter().find(|it| it["name"] == step).unwrap();
            let mut elements = step["elements"].as_array().unwrap().iter();
            assert!(elements.any(|it| it["name"] == rest[..end]), "{name}");
        }
    }
    for (name, parameter) in template["parameters"].as_object().unwrap() {
        let is_asked = outputs.contains_key(name) || parameter.get("defaultValue").is_some();
        assert!(is_asked, "{name}");
    }
    form["parameters"]["steps"][0]["elements"][0]["type"] = json!("Microsoft.Common.Options");
    assert!(!problems(&validator, &form).is_empty());
}

#[test]
fn the_workbook_fits_its_schema() {
    let validator = schema("workbook.json");
    let solution = read(&root().join("infra/sentinel/solution/Workbooks/Evict.json"));
    assert_eq!(problems(&validator, &solution), Vec::<String>::new());
    let mut workbook = read(&root().join("infra/workbook.json"));
    assert_eq!(problems(&validator, &workbook), Vec::<String>::new());
    workbook["items"][0]["type"] = json!(99);
    assert!(!problems(&validator, &workbook).is_empty());
}
