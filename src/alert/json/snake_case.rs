//! Sentinel's resources as Microsoft's SDK for Python writes them: the same properties in snake case.
//!
//! `vars()` and `as_dict()` of azure-mgmt-securityinsight give `aad_user_id` for `aadUserId`, and put what stands in
//! `properties` beside the id. Only a resource that says that it is Sentinel's is read so: in documents of other
//! systems snake case is a name of its own. Source: the tests of SEKOIA-IO/intake-formats (Microsoft Sentinel), which
//! hold such documents.

use super::{Node, Object};

/// The deepest level at which resources are looked for: in a list under a name.
const DEEPEST: usize = 3;

/// Whether the upper levels contain a resource of Sentinel in snake case.
pub(crate) fn stands_in(node: &Node) -> bool {
    stands_below(node, DEEPEST)
}

fn stands_below(node: &Node, deepest: usize) -> bool {
    match node {
        Node::Object(object) => {
            is_one(object)
                || (deepest > 0
                    && object
                        .properties()
                        .any(|(_, node)| stands_below(node, deepest - 1)))
        }
        // The resources of one list come from one tool.
        Node::List(items) => {
            deepest > 0
                && items
                    .first()
                    .is_some_and(|first| stands_below(first, deepest - 1))
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => false,
    }
}

fn is_one(object: &Object) -> bool {
    let of_sentinel = object.text("type").is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with("microsoft.securityinsights/")
    });
    of_sentinel && object.properties().any(|(name, _)| name.contains('_'))
}

/// The same tree with every name in camel case.
pub(crate) fn camel_case(node: Node<'_>) -> Node<'_> {
    node.with_names(renamed)
}

fn renamed(name: &str) -> Option<String> {
    let (first, others) = name.split_once('_')?;
    let mut camel = first.to_owned();
    for word in others.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    Some(camel)
}

#[cfg(test)]
mod tests {
    use crate::alert::parse;
    use crate::domain::SubjectRef;

    fn users(body: &str) -> Vec<String> {
        parse(body.as_bytes())
            .accounts()
            .iter()
            .map(SubjectRef::written)
            .collect()
    }

    #[test]
    fn an_entity_of_the_sdk_for_python_is_read() {
        let entity = r#"{"id": "/x", "name": "e1", "type": "Microsoft.SecurityInsights/Entities", "kind": "Account",
            "account_name": "alice", "upn_suffix": "contoso.com", "additional_properties": {}}"#;
        assert_eq!(users(entity), ["alice@contoso.com"]);
        assert_eq!(users(&format!("[{entity}]")), ["alice@contoso.com"]);
        assert_eq!(
            users(&format!(r#"{{"entities": [{entity}], "meta_data": []}}"#)),
            ["alice@contoso.com"]
        );
        assert_eq!(
            users(&format!(
                r#"{{"incident": {{"id": "/i", "type": "Microsoft.SecurityInsights/Incidents", "incident_number": 1}}, "entities": [{entity}]}}"#
            )),
            ["alice@contoso.com"]
        );
    }

    #[test]
    fn snake_case_of_another_system_stays_what_it_is() {
        let alert = r#"{"alert_name": "x", "alert_type": "y", "user_id": "alice@contoso.com", "risk_state": "atRisk"}"#;
        assert_eq!(parse(alert.as_bytes()).verdict(), "malformed");
    }
}
