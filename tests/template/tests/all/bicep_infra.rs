//! The templates that are deployed.

use template::bicep::{Folder, Value};

use crate::support::{WITHOUT_DEFINITION, infra, text, types};

#[test]
fn every_template_fits_azures_types_and_the_modules_that_it_calls() {
    let findings = infra().check(&types());
    let lines: Vec<_> = findings.iter().map(|it| format!("infra/{it}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn the_check_sees_the_resources_of_every_template() {
    let infra = infra();
    let count = |file: &str| infra.declarations(file).unwrap().resources.len();
    assert_eq!(infra.declarations("main.bicep").unwrap().modules.len(), 10);
    assert_eq!(count("modules/function-app.bicep"), 5);
    assert_eq!(count("modules/service-bus.bicep"), 6);
    assert_eq!(count("modules/storage.bicep"), 5);
    assert_eq!(count("modules/app-roles.bicep"), 15);
    assert_eq!(count("modules/graph-permissions.bicep"), 2);
}

#[test]
fn every_parameter_is_described() {
    for (file, document) in infra().documents() {
        for parameter in &document.declarations.parameters {
            let description = parameter.decorator("description");
            let text = description.and_then(|it| it.as_text()).unwrap_or_default();
            assert!(text.ends_with('.'), "{file}: param {}", parameter.name);
        }
    }
}

#[test]
fn a_type_is_used_in_one_version_everywhere() {
    let mut seen = std::collections::BTreeMap::new();
    for (file, document) in infra().documents() {
        for resource in &document.declarations.resources {
            let (name, version) = resource.kind.split_once('@').unwrap();
            let first = seen
                .entry(name.to_lowercase())
                .or_insert(version.to_owned());
            assert_eq!(first, version, "{file}: {name}");
        }
    }
}

/// Objects that may have any property by Azure's own definition.
const OPEN: &[&str] = &["features", "tags"];

/// The lines of all properties below a value whose names are known.
fn property_lines(value: &Value, lines: &mut Vec<usize>) {
    for property in value.properties() {
        lines.push(property.line);
        if !OPEN.contains(&property.name.as_deref().unwrap_or_default()) {
            property_lines(&property.value, lines);
        }
    }
}

#[test]
fn no_property_of_a_resource_can_be_misspelt_unseen() {
    let types = types();
    let mut misspelt = 0;
    for (file, document) in infra().documents() {
        let source = text(&format!("infra/{file}"));
        let mut lines = Vec::new();
        let declared = document.declarations.resources.iter();
        for resource in declared.filter(|it| !WITHOUT_DEFINITION.contains(&it.kind.as_str())) {
            property_lines(&resource.body, &mut lines);
        }
        for line in lines {
            let broken: String = (1..)
                .zip(source.split_inclusive('\n'))
                .map(|(number, it)| {
                    if number == line {
                        it.replacen(':', "x:", 1)
                    } else {
                        it.to_owned()
                    }
                })
                .collect();
            let mut folder = Folder::default();
            folder.add(file, &broken).unwrap();
            assert!(!folder.check(&types).is_empty(), "{file}:{line}");
            misspelt += 1;
        }
    }
    assert!(misspelt > 100, "{misspelt}");
}
