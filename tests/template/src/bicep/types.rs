//! Azure's type definitions, as Bicep has them: one file for each provider and version, an array whose elements refer to
//! each other by number.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value as Json;

/// The types of resources, by `provider/type@version` in lower case.
#[derive(Debug, Clone, Default)]
pub struct Types {
    files: Vec<Vec<Type>>,
    resources: BTreeMap<String, (usize, usize)>,
}

/// One type definition. Numbers are elements of the same file.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Any,
    Flag,
    Text { least: u64, most: u64 },
    Word(String),
    Whole { least: i64, most: i64 },
    List(usize),
    Union(Vec<usize>),
    Object(Fields),
    Tagged(Tagged),
    Other,
}

/// The properties of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) named: BTreeMap<String, Field>,
    /// The type of properties with any other name.
    pub(super) rest: Option<usize>,
}

/// An object whose further properties depend on the value of one.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    pub(super) tag: String,
    pub(super) base: Fields,
    pub(super) variants: BTreeMap<String, usize>,
}

/// A property of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) kind: usize,
    flags: u64,
}

impl Field {
    pub(super) fn is_read_only(self) -> bool {
        self.flags & 2 != 0
    }

    pub(super) fn is_required(self) -> bool {
        self.flags & 1 != 0 && !self.is_read_only()
    }

    /// Whether it says which resource is meant.
    pub(super) fn is_identifier(self) -> bool {
        self.flags & 16 != 0
    }
}

/// The body of one resource type.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) file: &'a [Type],
    pub(super) kind: usize,
}

impl Types {
    /// Reads every file `<folder>/<provider>/<version>.json`.
    ///
    /// # Errors
    /// If a file cannot be read or is of another form.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut types = Self::default();
        for provider in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let provider = provider?.path();
            if !provider.is_dir() {
                continue;
            }
            for file in fs::read_dir(&provider)? {
                let path = file?.path();
                if path.extension().is_some_and(|it| it == "json") {
                    let text = fs::read_to_string(&path)?;
                    types
                        .add(&text)
                        .with_context(|| path.display().to_string())?;
                }
            }
        }
        Ok(types)
    }

    /// Adds the definitions of one file.
    ///
    /// # Errors
    /// If it is of another form.
    pub fn add(&mut self, text: &str) -> anyhow::Result<()> {
        let elements: Vec<Json> = serde_json::from_str(text)?;
        for element in &elements {
            if element["$type"] == "ResourceType" {
                let name = element["name"].as_str().context("a type without a name")?;
                let place = (self.files.len(), reference(&element["body"])?);
                self.resources.insert(name.to_lowercase(), place);
            }
        }
        let file = elements
            .iter()
            .map(element)
            .collect::<anyhow::Result<Vec<_>>>()?;
        self.files.push(file);
        Ok(())
    }

    /// Adds a type of which no definition is at hand: its resources are found, and any body fits it.
    pub fn add_open(&mut self, kind: &str) {
        let place = (self.files.len(), 0);
        self.files.push(vec![Type::Any]);
        self.resources.insert(kind.to_lowercase(), place);
    }

    /// The body of a type such as `Microsoft.Web/sites@2024-11-01`.
    pub(super) fn body(&self, kind: &str) -> Option<Body<'_>> {
        let (file, kind) = *self.resources.get(&kind.to_lowercase())?;
        Some(Body {
            file: self.files.get(file)?,
            kind,
        })
    }

    /// The versions that are known of a type without a version.
    pub(super) fn versions(&self, kind: &str) -> Vec<&str> {
        let kind = kind.to_lowercase();
        self.resources
            .keys()
            .filter_map(|it| it.split_once('@'))
            .filter(|(name, _)| *name == kind)
            .map(|(_, version)| version)
            .collect()
    }
}

/// The number in `{"$ref": "#/N"}`.
pub(super) fn reference(value: &Json) -> anyhow::Result<usize> {
    let text = value["$ref"]
        .as_str()
        .with_context(|| format!("no reference: {value}"))?;
    let number = text.strip_prefix("#/").context("a reference elsewhere")?;
    Ok(number.parse()?)
}

fn element(it: &Json) -> anyhow::Result<Type> {
    Ok(match it["$type"].as_str().unwrap_or_default() {
        "AnyType" => Type::Any,
        "BooleanType" => Type::Flag,
        "StringType" => Type::Text {
            least: it["minLength"].as_u64().unwrap_or(0),
            most: it["maxLength"].as_u64().unwrap_or(u64::MAX),
        },
        "StringLiteralType" => Type::Word(it["value"].as_str().unwrap_or_default().to_owned()),
        "IntegerType" => Type::Whole {
            least: it["minValue"].as_i64().unwrap_or(i64::MIN),
            most: it["maxValue"].as_i64().unwrap_or(i64::MAX),
        },
        "ArrayType" => Type::List(reference(&it["itemType"])?),
        "UnionType" => {
            let members = it["elements"].as_array().context("a union of nothing")?;
            Type::Union(members.iter().map(reference).collect::<Result<_, _>>()?)
        }
        "ObjectType" => Type::Object(fields(&it["properties"], &it["additionalProperties"])?),
        "DiscriminatedObjectType" => {
            let variants = it["elements"].as_object().context("no variants")?;
            Type::Tagged(Tagged {
                tag: it["discriminator"].as_str().context("no tag")?.to_owned(),
                base: fields(&it["baseProperties"], &Json::Null)?,
                variants: variants
                    .iter()
                    .map(|(word, it)| Ok((word.clone(), reference(it)?)))
                    .collect::<anyhow::Result<_>>()?,
            })
        }
        "ResourceType" | "ResourceFunctionType" => Type::Other,
        other => bail!("a type of an unknown form: {other:?}"),
    })
}

fn fields(properties: &Json, rest: &Json) -> anyhow::Result<Fields> {
    let mut named = BTreeMap::new();
    for (name, property) in properties.as_object().into_iter().flatten() {
        let field = Field {
            kind: reference(&property["type"])?,
            flags: property["flags"].as_u64().unwrap_or(0),
        };
        named.insert(name.clone(), field);
    }
    let rest = match rest {
        Json::Null => None,
        some => Some(reference(some)?),
    };
    Ok(Fields { named, rest })
}
