//! Calls of modules, and the defaults of parameters.

use crate::support::{check, check_one};

const PART: &str = "param name string\nparam count int = 1\nparam note string?\n@allowed(['a', 'b'])\nparam word string = 'a'\n@minValue(2)\n@maxValue(4)\nparam some int = 3\noutput it string = '${name}${count}${note}${word}${some}'\n";

/// What is wrong with a call of the module with these parameters, which begin on line 4.
fn call(parameters: &str) -> Vec<String> {
    let main = format!(
        "module part '../parts/part.bicep' = {{\n  name: 'part'\n  params: {{\n    {parameters}\n  }}\n}}\n"
    );
    check(&[("top/main.bicep", &main), ("parts/part.bicep", PART)])
}

#[test]
fn a_call_that_passes_what_is_required_is_let_pass() {
    assert_eq!(call("name: 'x'"), Vec::<String>::new());
    assert_eq!(
        call("name: 'x'\n    count: 2\n    note: 'y'\n    word: 'b'\n    some: 4"),
        Vec::<String>::new()
    );
}

#[test]
fn a_required_parameter_that_is_not_passed_is_found() {
    assert_eq!(
        call("count: 2"),
        ["top/main.bicep:1: part.params.name: ../parts/part.bicep requires it"]
    );
    let main = "module part 'part.bicep' = {\n  name: 'part'\n}\n";
    assert_eq!(
        check(&[("main.bicep", main), ("part.bicep", PART)]),
        ["main.bicep:1: part.params.name: part.bicep requires it"]
    );
}

#[test]
fn a_parameter_that_the_module_does_not_have_is_found() {
    assert_eq!(
        call("name: 'x'\n    nmae: 'y'"),
        ["top/main.bicep:5: part.params.nmae: ../parts/part.bicep has no such parameter"]
    );
}

#[test]
fn a_value_that_the_parameter_does_not_take_is_found() {
    for (line, problem) in [
        ("count: 'two'", "count: must be a whole number, not text"),
        ("word: 'c'", "word: 'c' is not among the allowed values"),
        ("some: 1", "some: 1 is below minValue 2"),
        ("some: 5", "some: 5 is above maxValue 4"),
        (
            "count: true ? 1 : 'two'",
            "count: must be a whole number, not text",
        ),
    ] {
        let expected = format!("top/main.bicep:5: part.params.{problem}");
        assert_eq!(call(&format!("name: 'x'\n    {line}")), [expected]);
    }
}

#[test]
fn a_parameter_that_is_passed_on_keeps_its_type() {
    let main = "param count string\nmodule part 'part.bicep' = {\n  name: 'part'\n  params: {\n    name: 'x'\n    count: count\n  }\n}\n";
    assert_eq!(
        check(&[("main.bicep", main), ("part.bicep", PART)]),
        ["main.bicep:6: part.params.count: must be a whole number, not text"]
    );
}

#[test]
fn a_module_whose_file_is_not_there_is_found() {
    assert_eq!(
        check_one("module part 'part.bicep' = {\n  name: 'part'\n}\n"),
        ["main.bicep:1: module part: there is no file part.bicep"]
    );
}

#[test]
fn a_default_that_its_own_parameter_does_not_take_is_found() {
    for (text, problem) in [
        ("param it int = 'x'", "must be a whole number, not text"),
        (
            "@allowed(['a'])\nparam it string = 'b'",
            "'b' is not among the allowed values",
        ),
        ("@maxValue(3)\nparam it int = 4", "4 is above maxValue 3"),
        (
            "@minLength(3)\nparam it string = 'ab'",
            "2 is below minLength 3",
        ),
    ] {
        let line = text.lines().count();
        let text = format!("{text}\noutput out object = {{\n  it: it\n}}\n");
        assert_eq!(
            check_one(&text),
            [format!("main.bicep:{line}: param it: {problem}")]
        );
    }
}
