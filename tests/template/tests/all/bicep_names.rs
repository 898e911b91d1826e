//! Names that are declared for nothing, used without a declaration, or asked of a module that has no such output.

use crate::support::{check, check_one};

#[test]
fn a_parameter_or_variable_that_is_never_used_is_found() {
    assert_eq!(
        check_one(
            "param used string\nparam idle string\nvar spare = used\nvar kept = used\noutput it string = kept\n"
        ),
        [
            "main.bicep:2: param idle: is never used",
            "main.bicep:3: var spare: is never used",
        ]
    );
}

#[test]
fn a_key_an_output_or_a_loop_of_the_same_name_is_no_use() {
    let text = "param region string\nparam items array\noutput region object = {\n  region: [for item in items: item.region]\n}\n";
    assert_eq!(
        check_one(text),
        ["main.bicep:1: param region: is never used"]
    );
}

#[test]
fn a_name_within_a_text_a_condition_or_a_lambda_is_used() {
    let text = "param a string\nparam b bool\nparam c array\noutput it string = b ? '${a}-x' : join(map(c, entry => '${entry}!'), ',')\n";
    assert_eq!(check_one(text), Vec::<String>::new());
}

#[test]
fn a_name_that_is_not_declared_is_found() {
    assert_eq!(
        check_one("param location string\noutput it string = '${locaton}${location}'\n"),
        ["main.bicep:2: locaton: is not declared"]
    );
}

#[test]
fn an_output_that_a_module_does_not_have_is_found() {
    let main = "module part 'parts/part.bicep' = {\n  name: 'part'\n}\noutput a string = part.outputs.name\noutput b string = part.outputs.nam\n";
    assert_eq!(
        check(&[
            ("main.bicep", main),
            ("parts/part.bicep", "output name string = 'x'\n")
        ]),
        ["main.bicep:5: part.outputs.nam: parts/part.bicep has no such output"]
    );
}
