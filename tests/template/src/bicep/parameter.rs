//! Whether a value fits a parameter: its type, its allowed values and its bounds.

use super::declaration::{Declarations, Parameter};
use super::shape::Known;
use super::value::{Kind, Primitive, Value};

/// What is known of every name in a file: a variable's value, a parameter's allowed values or its type.
pub(super) fn known(declarations: &Declarations) -> Known {
    let parameters = declarations.parameters.iter().map(|parameter| {
        let kind = match (parameter.decorator("allowed"), parameter.primitive) {
            (
                Some(Value {
                    kind: Kind::List(allowed),
                    ..
                }),
                _,
            ) => Kind::OneOf(allowed.clone()),
            (_, Some(primitive)) => Kind::Typed(primitive),
            (_, None) => Kind::Open,
        };
        let line = parameter.line;
        let source = parameter.name.clone();
        (source.clone(), Value { line, kind, source })
    });
    let variables = declarations
        .variables
        .iter()
        .map(|variable| (variable.name.clone(), variable.value.clone()));
    parameters.chain(variables).collect()
}

/// Why a value does not fit a parameter. `known` is of the file in which the value stands.
pub(super) fn misfit(value: &Value, parameter: &Parameter, known: &Known) -> Option<String> {
    let value = match &value.kind {
        Kind::Name(name) => known.get(name)?,
        _ => value,
    };
    if let Kind::OneOf(several) = &value.kind {
        return several.iter().find_map(|one| misfit(one, parameter, known));
    }
    let given = match &value.kind {
        Kind::Text(_) => Primitive::Text,
        Kind::Whole(_) => Primitive::Whole,
        Kind::Flag(_) => Primitive::Flag,
        Kind::List(_) | Kind::Each(_) => Primitive::List,
        Kind::Object(_) => Primitive::Object,
        Kind::Typed(primitive) => *primitive,
        Kind::Null | Kind::Name(_) | Kind::OneOf(_) | Kind::Open => return None,
    };
    if let Some(declared) = parameter.primitive
        && declared != given
    {
        return Some(format!("must be {}, not {}", word(declared), word(given)));
    }
    not_allowed(value, parameter).or_else(|| out_of_bounds(value, parameter))
}

fn not_allowed(value: &Value, parameter: &Parameter) -> Option<String> {
    let Kind::List(allowed) = &parameter.decorator("allowed")?.kind else {
        return None;
    };
    if !matches!(value.kind, Kind::Text(_) | Kind::Whole(_)) {
        return None;
    }
    let fits = allowed.iter().any(|it| it.kind == value.kind);
    (!fits).then(|| format!("{} is not among the allowed values", shown(&value.kind)))
}

fn out_of_bounds(value: &Value, parameter: &Parameter) -> Option<String> {
    let (size, least, most) = match &value.kind {
        Kind::Whole(number) => (*number, "minValue", "maxValue"),
        Kind::Text(text) => (
            i64::try_from(text.chars().count()).ok()?,
            "minLength",
            "maxLength",
        ),
        Kind::List(items) => (i64::try_from(items.len()).ok()?, "minLength", "maxLength"),
        _ => return None,
    };
    let bound = |name: &str| match parameter.decorator(name)?.kind {
        Kind::Whole(number) => Some(number),
        _ => None,
    };
    let too_small = bound(least).filter(|it| size < *it);
    let too_large = bound(most).filter(|it| size > *it);
    match (too_small, too_large) {
        (Some(bound), _) => Some(format!("{size} is below {least} {bound}")),
        (_, Some(bound)) => Some(format!("{size} is above {most} {bound}")),
        (None, None) => None,
    }
}

fn word(primitive: Primitive) -> &'static str {
    match primitive {
        Primitive::Text => "text",
        Primitive::Whole => "a whole number",
        Primitive::Flag => "true or false",
        Primitive::List => "an array",
        Primitive::Object => "an object",
    }
}

fn shown(kind: &Kind) -> String {
    match kind {
        Kind::Text(text) => format!("'{text}'"),
        Kind::Whole(number) => number.to_string(),
        _ => "this".to_owned(),
    }
}
