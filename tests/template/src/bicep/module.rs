//! Checks the call of a module against the file that it calls.

use super::declaration::{Declarations, Module};
use super::parameter::misfit;
use super::shape::{Fault, Known};

/// What is wrong with a call of a module that declares this.
pub(super) fn check(call: &Module, called: &Declarations, known: &Known) -> Vec<Fault> {
    let symbol = &call.symbol;
    let mut faults = Vec::new();
    let given = call
        .body
        .get("params")
        .map_or(&[][..], |it| it.properties());
    for property in given {
        let name = property.name.as_deref().unwrap_or_default();
        let declared = called.parameters.iter().find(|it| it.name == name);
        let problem = match declared {
            None => Some(format!("{} has no such parameter", call.path)),
            Some(parameter) => misfit(&property.value, parameter, known),
        };
        if let Some(problem) = problem {
            faults.push(Fault {
                line: property.line,
                path: format!("{symbol}.params.{name}"),
                problem,
            });
        }
    }
    for parameter in &called.parameters {
        let is_given = given
            .iter()
            .any(|it| it.name.as_ref() == Some(&parameter.name));
        if !is_given && parameter.default.is_none() && !parameter.nullable {
            faults.push(Fault {
                line: call.line,
                path: format!("{symbol}.params.{}", parameter.name),
                problem: format!("{} requires it", call.path),
            });
        }
    }
    faults
}
