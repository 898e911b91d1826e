//! The example of a parameter file fits the template. It is read line by line, since the grammar knows no parameter files.

use std::collections::BTreeSet;

use crate::support::{infra, text};

/// The names that a parameter file sets.
fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("param "))
        .filter_map(|rest| rest.split_once(" = "))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn every_parameter_of_the_example_is_one_of_the_template() {
    let example = text("infra/example.bicepparam");
    assert!(example.lines().any(|it| it == "using 'main.bicep'"));
    let infra = infra();
    let main = infra.declarations("main.bicep").unwrap();
    let declared: BTreeSet<_> = main.parameters.iter().map(|it| it.name.as_str()).collect();
    let names = names(&example);
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        assert!(declared.contains(name), "{name}");
    }
}

#[test]
fn the_example_changes_nothing_in_the_tenant() {
    let example = text("infra/example.bicepparam");
    assert!(example.lines().any(|it| it == "param mode = 'observe'"));
}

#[test]
fn no_parameter_of_the_template_has_to_be_given() {
    let infra = infra();
    for it in &infra.declarations("main.bicep").unwrap().parameters {
        assert!(it.default.is_some(), "{}", it.name);
    }
}
