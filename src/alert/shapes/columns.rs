//! Columns and dimensions of a query that name an account.
//!
//! The query's author chooses the names, and a column of one name holds different things in different tables (`UserId`
//! is a UPN in Office's activity). So the form of the value decides. Custom tables append the type to the name (`_s`,
//! `_g`). A cell may hold a list, as `make_set` builds them; the query's answer writes it as a JSON string, and each
//! element is an account. Sources: "Sample alert payloads", Azure Monitor; "Standard columns in Azure Monitor Logs";
//! "`make_set()` (aggregation function)", Kusto.

use std::borrow::Cow;

use crate::alert::accounts::identified;
use crate::alert::json;
use crate::alert::json::{JsonProblem, Node};
use crate::domain::{SecurityIdentifier, SubjectRef, UserId, UserPrincipalName};

/// The columns that name an account, the most reliable first.
const COLUMNS: [&str; 14] = [
    "UserPrincipalName",
    "UPN",
    "AccountUpn",
    "AccountCustomEntity",
    "InitiatingProcessAccountUpn",
    "UserId",
    "AadUserId",
    "AccountObjectId",
    "UserObjectId",
    "InitiatingProcessAccountObjectId",
    "AccountSid",
    "InitiatingProcessAccountSid",
    "Caller",
    "Account",
];

/// The suffixes that custom tables append to a column's name ("Data Collector API").
const TYPES: [&str; 2] = ["_s", "_g"];

/// The rank of a column among those that name an account.
fn column(name: &str) -> Option<usize> {
    let is = |name: &str| {
        COLUMNS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
    };
    is(name).or_else(|| {
        let cut = name.len().checked_sub(2)?;
        let (plain, kind) = (name.get(..cut)?, name.get(cut..)?);
        TYPES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(kind))
            .then(|| is(plain))
            .flatten()
    })
}

/// Whether a column names an account.
pub(super) fn names_an_account(name: &str) -> bool {
    column(name).is_some()
}

/// The accounts that named values describe: one, unless a value is a list.
pub(super) fn accounts<'v>(
    values: impl IntoIterator<Item = (&'v str, &'v Node<'v>)>,
) -> Result<Vec<SubjectRef>, JsonProblem> {
    let mut single: Vec<(usize, Cow<'_, str>)> = Vec::new();
    let mut several: Vec<SubjectRef> = Vec::new();
    for (name, node) in values {
        let Some(place) = column(name) else {
            continue;
        };
        match elements(node)? {
            Elements::One(text) => single.push((place, text)),
            Elements::List(texts) => several.extend(texts.iter().filter_map(|text| of_text(text))),
            Elements::None => {}
        }
    }
    single.sort_by_key(|(place, _)| *place);
    let one = of_values(&single);
    // A list beside single values summarises other rows: each element is an account, and so is the single one.
    Ok(one.into_iter().chain(several).collect())
}

enum Elements<'n> {
    None,
    One(Cow<'n, str>),
    List(Vec<String>),
}

/// The contents of a cell: a value, a list of values, or a list written as text.
fn elements<'n>(node: &'n Node<'n>) -> Result<Elements<'n>, JsonProblem> {
    match node {
        Node::List(items) => list(items),
        Node::Text(text) if text.trim_start().starts_with('[') => match json::parse(text) {
            Ok(Node::List(items)) => list(&items),
            Ok(_) | Err(_) => Err(unreadable()),
        },
        Node::Text(text) if text.contains([',', ';']) => {
            let parts: Vec<String> = text
                .split([',', ';'])
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect();
            Ok(Elements::List(parts))
        }
        Node::Text(_) | Node::Number(_) => Ok(node.as_text().map_or(Elements::None, Elements::One)),
        Node::Object(_) => Err(unreadable()),
        Node::Null | Node::Bool(_) => Ok(Elements::None),
    }
}

fn list<'n>(items: &[Node]) -> Result<Elements<'n>, JsonProblem> {
    let mut texts = Vec::new();
    for item in items {
        match item {
            Node::Null => {}
            Node::Text(_) | Node::Number(_) => texts.extend(item.as_text().map(Cow::into_owned)),
            Node::Bool(_) | Node::List(_) | Node::Object(_) => return Err(unreadable()),
        }
    }
    Ok(Elements::List(texts))
}

fn unreadable() -> JsonProblem {
    JsonProblem::new(
        "a name, an id or a list of them was expected in a column that names accounts; something else stands there. Let the \
         query give one user for each row, or a plain make_set() of them",
    )
}

fn of_text(text: &str) -> Option<SubjectRef> {
    of_values(&[(0, Cow::Borrowed(text))])
}

fn of_values(found: &[(usize, Cow<'_, str>)]) -> Option<SubjectRef> {
    let values = || found.iter().map(|(_, value)| value.as_ref());
    let id = values().find_map(|value| value.parse::<UserId>().ok());
    let upn = values().find_map(|value| value.parse::<UserPrincipalName>().ok());
    let sid = values().find_map(|value| value.parse::<SecurityIdentifier>().ok());
    let name = values().find(|value| value.chars().any(|c| c != '0' && c != '-'));
    identified(id, upn, sid, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[(&str, &str)]) -> Vec<String> {
        let nodes: Vec<(&str, Node)> = values
            .iter()
            .map(|(name, value)| {
                (
                    *name,
                    json::parse(value).unwrap_or_else(|_| panic!("{value}")),
                )
            })
            .collect();
        match accounts(nodes.iter().map(|(name, node)| (*name, node))) {
            Ok(accounts) => accounts.iter().map(SubjectRef::written).collect(),
            Err(problem) => vec![problem.expected().to_owned()],
        }
    }

    #[test]
    fn the_columns_of_custom_tables_count_too() {
        assert_eq!(
            told(&[
                ("UserPrincipalName_s", r#""alice@contoso.com""#),
                ("userid_g", r#""6cace4d5-19d5-4695-92e7-4f7bfab36728""#),
                ("Caller_t", r#""bob@contoso.com""#),
            ]),
            ["alice@contoso.com"]
        );
    }

    #[test]
    fn each_element_of_a_list_is_an_account() {
        for cell in [
            r#"["alice@contoso.com", "bob@contoso.com"]"#,
            r#""[\"alice@contoso.com\", \"bob@contoso.com\"]""#,
            r#""alice@contoso.com, bob@contoso.com""#,
            r#""alice@contoso.com;bob@contoso.com;""#,
        ] {
            assert_eq!(
                told(&[("UPN", cell)]),
                ["alice@contoso.com", "bob@contoso.com"],
                "{cell}"
            );
        }
    }

    #[test]
    fn a_cell_that_cannot_be_read_is_refused_and_an_empty_one_passed_over() {
        assert!(told(&[("UPN", r#"{"a": 1}"#)])[0].contains("make_set"));
        assert!(told(&[("UPN", r#""[{\"a\": 1}]""#)])[0].contains("make_set"));
        assert_eq!(
            told(&[("UPN", "null"), ("UserId", r#""""#)]),
            Vec::<String>::new()
        );
        assert_eq!(told(&[("Computer", r#"{"a": 1}"#)]), Vec::<String>::new());
    }
}
