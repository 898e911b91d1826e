//! What a Bicep file declares.

use tree_sitter::Node;

use super::syntax::{Syntax, children, descendants, line};
use super::value::{Primitive, Value, unwrapped};

/// All that a file declares, in its order.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The variables.
    pub variables: Vec<Variable>,
    /// The resources, those within resources included.
    pub resources: Vec<Resource>,
    /// The calls of modules.
    pub modules: Vec<Module>,
    /// The outputs.
    pub outputs: Vec<Output>,
}

/// `param`
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The line of its declaration.
    pub line: usize,
    /// Its type, if that is one of Bicep's own.
    pub primitive: Option<Primitive>,
    /// Whether it may be left out although it has no default, since its type ends in `?`.
    pub nullable: bool,
    /// Its default.
    pub default: Option<Value>,
    /// Its decorators: the name and the arguments.
    pub decorators: Vec<(String, Vec<Value>)>,
}

impl Parameter {
    /// The first argument of a decorator.
    #[must_use]
    pub fn decorator(&self, name: &str) -> Option<&Value> {
        let (_, arguments) = self.decorators.iter().find(|(it, _)| it == name)?;
        arguments.first()
    }
}

/// `var`
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The line of its declaration.
    pub line: usize,
    /// Its value.
    pub value: Value,
}

/// `resource`
#[derive(Debug, Clone)]
pub struct Resource {
    /// The name by which the file calls it.
    pub symbol: String,
    /// The line of its declaration.
    pub line: usize,
    /// Its whole type with its version, such as `Microsoft.Storage/storageAccounts/blobServices@2024-01-01`.
    pub kind: String,
    /// Whether it is only referred to.
    pub existing: bool,
    /// Its body.
    pub body: Value,
    /// The symbol of the resource within which it is declared.
    pub within: Option<String>,
    /// The comment on the lines right above it.
    pub comment: String,
}

/// `module`
#[derive(Debug, Clone)]
pub struct Module {
    /// The name by which the file calls it.
    pub symbol: String,
    /// The line of its declaration.
    pub line: usize,
    /// The path or reference as it is written.
    pub path: String,
    /// Its body: `name`, `params`, `scope` and the like.
    pub body: Value,
}

/// `output`
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The line of its declaration.
    pub line: usize,
}

impl Declarations {
    /// Reads what a file declares.
    pub(super) fn read(syntax: &Syntax) -> Self {
        let mut found = Self::default();
        let mut decorators = Vec::new();
        let mut cursor = syntax.root().walk();
        for node in syntax.root().named_children(&mut cursor) {
            match node.kind() {
                "decorators" => {
                    decorators = read_decorators(syntax, node);
                    continue;
                }
                "comment" | "diagnostic_comment" => continue,
                _ => {}
            }
            found.take(syntax, node, std::mem::take(&mut decorators));
        }
        found
    }

    fn take(&mut self, syntax: &Syntax, node: Node<'_>, decorators: Vec<(String, Vec<Value>)>) {
        let parts = children(node);
        match (node.kind(), parts.as_slice()) {
            ("parameter_declaration", [name, kind, default @ ..]) => {
                let type_text = syntax.text_of(*kind);
                self.parameters.push(Parameter {
                    name: syntax.text_of(*name).to_owned(),
                    line: line(node),
                    primitive: primitive(type_text),
                    nullable: type_text.ends_with('?'),
                    default: default.first().map(|it| Value::read(syntax, *it)),
                    decorators,
                });
            }
            ("variable_declaration", [name, value, ..]) => self.variables.push(Variable {
                name: syntax.text_of(*name).to_owned(),
                line: line(node),
                value: Value::read(syntax, *value),
            }),
            ("output_declaration", [name, ..]) => self.outputs.push(Output {
                name: syntax.text_of(*name).to_owned(),
                line: line(node),
            }),
            ("module_declaration", [symbol, path, body]) => self.modules.push(Module {
                symbol: syntax.text_of(*symbol).to_owned(),
                line: line(node),
                path: literal(syntax, *path),
                body: Value::read(syntax, unwrapped(*body)),
            }),
            ("resource_declaration", _) => self.take_resource(syntax, node, None),
            _ => {}
        }
    }

    /// Takes a resource and those within it, which are named by the last part of their type alone.
    fn take_resource(&mut self, syntax: &Syntax, node: Node<'_>, within: Option<(&str, &str)>) {
        let parts = children(node);
        let [symbol, kind, body] = parts.as_slice() else {
            return;
        };
        let written = literal(syntax, *kind);
        let kind = match within {
            Some((_, parent)) => nested_kind(parent, &written),
            None => written,
        };
        let symbol = syntax.text_of(*symbol).to_owned();
        let object = unwrapped(*body);
        self.resources.push(Resource {
            symbol: symbol.clone(),
            line: line(node),
            kind: kind.clone(),
            existing: has_token(node, "existing"),
            body: Value::read(syntax, object),
            within: within.map(|(symbol, _)| symbol.to_owned()),
            comment: comment_above(&syntax.text, line(node)),
        });
        for property in children(object) {
            for inner in children(property) {
                if inner.kind() == "resource_declaration" {
                    self.take_resource(syntax, inner, Some((&symbol, &kind)));
                }
            }
        }
    }
}

/// The type of a resource within another: the other's type and its own last part, of the same version if it names none.
fn nested_kind(parent: &str, written: &str) -> String {
    let (outer, outer_version) = parent.split_once('@').unwrap_or((parent, ""));
    let (inner, version) = written.split_once('@').unwrap_or((written, outer_version));
    format!("{outer}/{inner}@{version}")
}

fn read_decorators(syntax: &Syntax, node: Node<'_>) -> Vec<(String, Vec<Value>)> {
    descendants(node)
        .into_iter()
        .filter(|it| it.kind() == "decorator")
        .filter_map(|decorator| {
            let call = children(decorator).first().copied()?;
            let function = call.child_by_field_name("function")?;
            let arguments = call.child_by_field_name("arguments")?;
            let values = children(arguments)
                .into_iter()
                .map(|argument| Value::read(syntax, argument))
                .collect();
            Some((syntax.text_of(function).to_owned(), values))
        })
        .collect()
}

fn primitive(type_text: &str) -> Option<Primitive> {
    match type_text.trim_end_matches('?') {
        "string" | "secureString" => Some(Primitive::Text),
        "int" => Some(Primitive::Whole),
        "bool" => Some(Primitive::Flag),
        "array" => Some(Primitive::List),
        "object" | "secureObject" => Some(Primitive::Object),
        list if list.ends_with("[]") => Some(Primitive::List),
        _ => None,
    }
}

fn literal(syntax: &Syntax, node: Node<'_>) -> String {
    let value = Value::read(syntax, node);
    value.as_text().unwrap_or_default().to_owned()
}

fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|it| it.kind() == token)
}

fn comment_above(text: &str, line: usize) -> String {
    let above: Vec<_> = text.lines().take(line - 1).collect();
    let mut comment: Vec<_> = above
        .into_iter()
        .rev()
        .map(str::trim)
        .skip_while(|it| it.starts_with('@'))
        .map_while(|it| it.strip_prefix("//"))
        .map(str::trim)
        .collect();
    comment.reverse();
    comment.join(" ")
}
