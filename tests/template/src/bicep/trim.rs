//! Cuts a file of type definitions down to some resource types and what they are made of.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Map, Value as Json, json};

use super::types::reference;

/// The definitions of those resource types that are wanted, renumbered and without descriptions, one element on each
/// line; `None` if none is wanted.
///
/// # Errors
/// If the text is no file of type definitions.
pub fn trim(text: &str, is_wanted: impl Fn(&str) -> bool) -> anyhow::Result<Option<String>> {
    let elements: Vec<Json> = serde_json::from_str(text)?;
    let wanted = elements.iter().enumerate().filter(|(_, element)| {
        element["$type"] == "ResourceType" && element["name"].as_str().is_some_and(&is_wanted)
    });
    // The numbers of what is kept, in the order in which it was met; what is referred to is met later.
    let mut kept: Vec<usize> = wanted.map(|(number, _)| number).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let mut places: BTreeMap<usize, usize> = kept.iter().copied().zip(0..).collect();
    let mut lines = Vec::new();
    let mut next = 0;
    while let Some(number) = kept.get(next).copied() {
        let element = elements.get(number).context("a reference to nothing")?;
        let renumbered = renumber(element, &mut |old| {
            *places.entry(old).or_insert_with(|| {
                kept.push(old);
                kept.len() - 1
            })
        })?;
        lines.push(renumbered.to_string());
        next += 1;
    }
    Ok(Some(format!("[\n{}\n]\n", lines.join(",\n"))))
}

fn renumber(value: &Json, place: &mut impl FnMut(usize) -> usize) -> anyhow::Result<Json> {
    Ok(match value {
        Json::Object(object) if object.contains_key("$ref") => {
            json!({"$ref": format!("#/{}", place(reference(value)?))})
        }
        Json::Object(object) => {
            let mut copy = Map::new();
            for (name, inner) in object {
                // A description is a text; a property that has this name is an object.
                if !(name == "description" && inner.is_string()) {
                    copy.insert(name.clone(), renumber(inner, place)?);
                }
            }
            Json::Object(copy)
        }
        Json::Array(items) => Json::Array(
            items
                .iter()
                .map(|item| renumber(item, place))
                .collect::<anyhow::Result<_>>()?,
        ),
        plain => plain.clone(),
    })
}
