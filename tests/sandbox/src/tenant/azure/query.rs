//! The supported subset of the Kusto query language: a table, `where` with `=~` and `in~`, `project` and `order by`.
//! Anything else is refused, though Azure may accept it.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// A parsed query.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) table: String,
    /// The permitted texts of a column.
    wheres: Vec<(String, Vec<String>)>,
    /// The columns with their expressions.
    project: Vec<(String, String)>,
}

impl Query {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('|').map(str::trim);
        let mut query = Self {
            table: parts.next()?.to_lowercase(),
            ..Self::default()
        };
        for part in parts {
            let (word, rest) = part.split_once(' ')?;
            match word {
                "where" => query.wheres.push(condition(rest.trim())?),
                "project" => query.project = rest.split(',').map(column).collect::<Option<_>>()?,
                // Rows are sorted by their ids in any case.
                "order" if rest == "by id asc" => {}
                _ => return None,
            }
        }
        Some(query)
    }

    /// The columns of a matching row; `None` for other rows.
    pub(super) fn row(&self, row: &HashMap<&str, Value>) -> Option<Value> {
        for (name, texts) in &self.wheres {
            let text = value(row, name)?.as_str()?.to_lowercase();
            if !texts.contains(&text) {
                return None;
            }
        }
        let columns = self.project.iter().map(|(name, source)| {
            let value = value(row, source).unwrap_or(Value::Null);
            (name.clone(), value)
        });
        Some(Value::Object(columns.collect::<Map<_, _>>()))
    }

    /// Whether Azure can page the rows: not if every column is dynamic ("Paging results").
    pub(super) fn has_plain_column(&self) -> bool {
        self.project
            .iter()
            .any(|(_, source)| !source.starts_with("properties."))
    }
}

/// The value of an expression: a column, `properties.x`, or `tostring(properties.x)`, which turns even a missing value
/// into a text.
fn value(row: &HashMap<&str, Value>, expression: &str) -> Option<Value> {
    let inner = expression
        .strip_prefix("tostring(")
        .and_then(|text| text.strip_suffix(')'));
    let found = row.get(inner.unwrap_or(expression)).cloned();
    match (inner, found) {
        (Some(_), None | Some(Value::Null)) => Some(Value::String(String::new())),
        (_, found) => found,
    }
}

fn condition(text: &str) -> Option<(String, Vec<String>)> {
    if let Some((name, list)) = text.split_once(" in~ ") {
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        let texts = list.split(',').map(literal).collect::<Option<_>>()?;
        return Some((name.trim().to_owned(), texts));
    }
    let (name, text) = text.split_once(" =~ ")?;
    Some((name.trim().to_owned(), vec![literal(text)?]))
}

fn literal(text: &str) -> Option<String> {
    let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (!text.contains('\'')).then(|| text.to_lowercase())
}

fn column(text: &str) -> Option<(String, String)> {
    let (name, source) = text.split_once('=').unwrap_or((text, text));
    let (name, source) = (name.trim(), source.trim());
    (!name.is_empty() && !source.contains(' ')).then(|| (name.to_owned(), source.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_selects_and_projects() {
        let query = Query::read(
            "authorizationresources | where type =~ 'A/B' | where tostring(properties.who) in~ ('X', 'y') | project id, who = \
             tostring(properties.who), none = tostring(properties.none), all = properties.all | order by id asc",
        )
        .unwrap();
        let row = |who: &str| {
            HashMap::from([
                ("id", json!("1")),
                ("type", json!("a/b")),
                ("properties.who", json!(who)),
                ("properties.all", json!([1])),
            ])
        };
        let expected = json!({"id": "1", "who": "x", "none": "", "all": [1]});
        assert_eq!(query.row(&row("x")), Some(expected));
        assert_eq!(query.row(&row("z")), None);
        assert!(query.has_plain_column());
    }

    #[test]
    fn what_is_not_understood_is_no_query() {
        for text in [
            "authorizationresources | take 5",
            "authorizationresources | where type == 'x'",
            "authorizationresources | where name in~ ('a'b')",
            "authorizationresources | order by name",
        ] {
            assert!(Query::read(text).is_none(), "{text}");
        }
    }
}
