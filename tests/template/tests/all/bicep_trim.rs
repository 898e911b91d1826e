//! Type definitions are cut down to what is wanted, and what is left still holds together.

use template::bicep::{Folder, Types, trim};

const FULL: &str = r##"[
  {"$type": "StringType"},
  {"$type": "IntegerType"},
  {"$type": "ObjectType", "name": "unwanted", "properties": {"name": {"type": {"$ref": "#/0"}, "flags": 9}}},
  {"$type": "ResourceType", "name": "Example.A/unwanted@1", "body": {"$ref": "#/2"}},
  {"$type": "ObjectType", "name": "inner", "properties": {"description": {"type": {"$ref": "#/1"}, "flags": 1, "description": "how many"}}},
  {"$type": "ObjectType", "name": "wanted", "properties": {
    "name": {"type": {"$ref": "#/0"}, "flags": 9},
    "properties": {"type": {"$ref": "#/4"}, "flags": 0}
  }},
  {"$type": "ResourceType", "name": "Example.A/wanted@1", "body": {"$ref": "#/5"}}
]"##;

fn check(types: &Types, text: &str) -> Vec<String> {
    let mut folder = Folder::default();
    folder.add("main.bicep", text).unwrap();
    folder
        .check(types)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn what_is_wanted_is_kept_with_all_that_it_is_made_of() {
    let trimmed = trim(FULL, |name| name == "Example.A/wanted@1")
        .unwrap()
        .unwrap();
    let elements: Vec<serde_json::Value> = serde_json::from_str(&trimmed).unwrap();
    assert_eq!(elements.len(), 5, "{trimmed}");
    assert!(!trimmed.contains("unwanted"));
    assert!(!trimmed.contains("how many"));
    let mut types = Types::default();
    types.add(&trimmed).unwrap();
    let resource = |count: &str| {
        format!(
            "resource it 'Example.A/wanted@1' = {{\n  name: 'a'\n  properties: {{\n    description: {count}\n  }}\n}}\n"
        )
    };
    assert_eq!(check(&types, &resource("3")), Vec::<String>::new());
    assert_eq!(
        check(&types, &resource("'3'")),
        ["main.bicep:4: it.properties.description: must be a whole number, not '3'"]
    );
}

#[test]
fn a_file_without_anything_wanted_is_left_out() {
    assert_eq!(trim(FULL, |_| false).unwrap(), None);
}
