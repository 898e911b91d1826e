//! A text that is no Bicep is a finding, and the one line that the grammar does not know is none.

use crate::support::check_one;

#[test]
fn a_text_that_is_no_bicep_is_found_with_its_line() {
    let findings = check_one("param a string\nresource = 'x'\noutput b string = a\n");
    assert_eq!(
        findings,
        ["main.bicep:2: syntax: this cannot be read as Bicep"]
    );
}

#[test]
fn the_line_of_the_graph_extension_is_let_pass_and_no_other() {
    assert_eq!(
        check_one("extension microsoftGraphV1\noutput a string = 'b'\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        check_one("output a string = 'b'\nextension kubernetes\n").len(),
        1
    );
}
