//! A property of all signs together: each sample of a shape has that shape's signs, and no other's.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::alert::json::Node;
use crate::alert::{json, payload};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every JSON sample, with its file name.
fn samples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["inbound", "inbound/variants", "field"] {
        let index = fs::read_to_string(fixtures().join(folder).join("index.json")).unwrap();
        let index: Vec<Value> = serde_json::from_str(&index).unwrap();
        for entry in index {
            let file = entry["file"].as_str().unwrap();
            if let Ok(text) = fs::read_to_string(fixtures().join(folder).join(file)) {
                found.push((format!("{folder}/{file}"), text));
            }
        }
    }
    assert!(found.len() > 150, "{} samples", found.len());
    found
}

#[test]
fn no_sample_has_the_signs_of_two_shapes() {
    for (file, text) in samples() {
        let Ok(node) = json::parse(&text) else {
            continue;
        };
        let Some(object) = payload::told_by(&node) else {
            continue;
        };
        let known: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.is(object))
            .map(|row| row.shape.as_str())
            .collect();
        assert!(known.len() <= 1, "{file} is taken for {known:?}");
    }
}

#[test]
fn each_row_has_a_sample_that_its_signs_know() {
    for row in ROWS {
        let text = fs::read_to_string(fixtures().join(row.sample)).unwrap();
        let Ok(node) = json::parse(&text) else {
            panic!("{} is no JSON", row.sample);
        };
        let known = match payload::told_by(&node) {
            Some(object) => row.is(object) || alerts_of(object).iter().any(|alert| row.is(alert)),
            None => false,
        };
        assert!(known, "{} does not know {}", row.known_by(), row.sample);
    }
}

/// A row may describe a part of another shape's sample.
fn alerts_of<'o>(object: &'o Object<'o>) -> Vec<&'o Object<'o>> {
    match object.get("alerts") {
        Some(Node::List(items)) => items
            .iter()
            .filter_map(|item| item.as_object().ok())
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_is_left_out_of_a_shape_is_told_as_lacking() {
    for row in ROWS {
        let text = fs::read_to_string(fixtures().join(row.sample)).unwrap();
        let Ok(node) = json::parse(&text) else {
            panic!("{} is no JSON", row.sample);
        };
        let Some(object) = payload::told_by(&node) else {
            panic!("{} holds no object", row.sample);
        };
        assert_eq!(row.is(object), row.lacks(object).is_empty());
        assert_eq!(
            row.lacks(&Object::default()).len(),
            row.signs.len(),
            "{}",
            row.known_by()
        );
    }
}
