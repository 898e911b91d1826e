//! Checks names: what is declared is used, what is used is declared, and what is asked of a module is its output.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::declaration::Declarations;
use super::shape::Fault;
use super::syntax::{Syntax, children, descendants, line};

/// A use of `module.outputs.name`.
pub(super) struct OutputUse {
    pub(super) module: String,
    pub(super) output: String,
    pub(super) line: usize,
}

/// Names that Bicep declares: the namespaces of its functions.
const NAMESPACES: &[&str] = &["az", "sys"];

/// What is declared and never used, and what is used and never declared.
pub(super) fn check(syntax: &Syntax, declarations: &Declarations) -> Vec<Fault> {
    let used = used(syntax);
    let names: BTreeSet<_> = used.iter().map(|(name, _)| name.as_str()).collect();
    let parameters = declarations
        .parameters
        .iter()
        .map(|it| ("param", &it.name, it.line));
    let variables = declarations
        .variables
        .iter()
        .map(|it| ("var", &it.name, it.line));
    let mut faults: Vec<_> = parameters
        .chain(variables)
        .filter(|(_, name, _)| !names.contains(name.as_str()))
        .map(|(word, name, line)| Fault {
            line,
            path: format!("{word} {name}"),
            problem: "is never used".to_owned(),
        })
        .collect();
    let declared = declared(syntax, declarations);
    for (name, line) in &used {
        if !declared.contains(name.as_str()) {
            faults.push(Fault {
                line: *line,
                path: name.clone(),
                problem: "is not declared".to_owned(),
            });
        }
    }
    faults
}

/// The names of loops and lambdas, which can hide a parameter's or variable's.
pub(super) fn local_names(syntax: &Syntax) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in descendants(syntax.root()) {
        let parameters = match node.kind() {
            "for_statement" => node.child_by_field_name("initializer"),
            "for_loop_parameters" => Some(node),
            "lambda_expression" => children(node).first().copied(),
            _ => None,
        };
        for name in parameters.into_iter().flat_map(descendants) {
            if matches!(
                name.kind(),
                "identifier" | "loop_variable" | "loop_enumerator"
            ) {
                names.insert(syntax.text_of(name).to_owned());
            }
        }
    }
    names
}

/// Every `module.outputs.name` of the modules that a file calls.
pub(super) fn output_uses(syntax: &Syntax, declarations: &Declarations) -> Vec<OutputUse> {
    descendants(syntax.root())
        .into_iter()
        .filter_map(|node| {
            let (object, output) = member(syntax, node)?;
            let (module, outputs) = member(syntax, object)?;
            let module = syntax.text_of(module);
            let is_module = declarations.modules.iter().any(|it| it.symbol == module);
            (is_module && outputs == "outputs").then(|| OutputUse {
                module: module.to_owned(),
                output: output.to_owned(),
                line: line(node),
            })
        })
        .collect()
}

fn member<'a, 'tree>(syntax: &'a Syntax, node: Node<'tree>) -> Option<(Node<'tree>, &'a str)> {
    (node.kind() == "member_expression").then_some(())?;
    let object = node.child_by_field_name("object")?;
    let property = node.child_by_field_name("property")?;
    Some((object, syntax.text_of(property)))
}

fn declared(syntax: &Syntax, declarations: &Declarations) -> BTreeSet<String> {
    let mut names = local_names(syntax);
    names.extend(declarations.parameters.iter().map(|it| it.name.clone()));
    names.extend(declarations.variables.iter().map(|it| it.name.clone()));
    names.extend(declarations.resources.iter().map(|it| it.symbol.clone()));
    names.extend(declarations.modules.iter().map(|it| it.symbol.clone()));
    names.extend(NAMESPACES.iter().map(|it| (*it).to_owned()));
    names
}

/// Every name that stands in an expression, with its line.
fn used(syntax: &Syntax) -> Vec<(String, usize)> {
    descendants(syntax.root())
        .into_iter()
        .filter(|node| node.kind() == "identifier" && is_use(*node))
        .map(|node| (syntax.text_of(node).to_owned(), line(node)))
        .collect()
}

/// Whether an identifier stands for a value, and is no declaration's name, no key, no function and no type.
fn is_use(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    let is_first = children(parent).first() == Some(&node);
    let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
    match parent.kind() {
        "parameter_declaration"
        | "variable_declaration"
        | "output_declaration"
        | "resource_declaration"
        | "module_declaration"
        | "metadata_declaration"
        | "type_declaration"
        | "user_defined_function"
        | "object_property" => !is_first,
        "call_expression" => !is_field("function"),
        "resource_expression" => !is_field("resource"),
        "for_statement" => !is_field("initializer"),
        "type" | "parameter" | "array_type" | "nullable_type" | "compatible_identifier" => false,
        _ => true,
    }
}
