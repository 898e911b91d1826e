//! Entities of Sentinel by themselves, as playbooks and scripts hold them: what *Entities - Get Accounts* gives, one of
//! its items in a *For each*, the answer that lists an incident's entities, and a list of them.
//!
//! Sources: the issue 124 of MicrosoftDocs/BusinessApplicationPlatform-Connectors-public (the action's output);
//! "Incidents - List Entities" of the Sentinel REST API; @azure/arm-securityinsight, which writes the properties beside
//! the kind.

use crate::alert::accounts::{is_account, is_entity, read_entities, read_entity, read_entity_list};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object, Within};
use crate::domain::Shape;

use super::{Reading, Row, Sign, has_any, sentinel_incident_resource};

/// The output of the connector's actions: accounts, or entities by kind.
pub(crate) const ACCOUNTS: Row = Row {
    shape: Shape::SentinelEntities,
    sender: "playbooks that pass on the body of *Entities - Get Accounts*",
    signs: &[Sign {
        words: "`Accounts`, a list of entities",
        holds: |payload| matches!(payload.get("Accounts"), Some(Node::List(items)) if items.iter().all(is_account_like)),
    }],
    sample: "field/sentinel-get-accounts-body.json",
    reading: Reading::Payload(|payload, builder| {
        read_entities(payload, "Accounts", builder).map(|_| ())
    }),
};

/// The answer that lists an incident's entities.
pub(crate) const ANSWER: Row = Row {
    shape: Shape::SentinelEntities,
    sender: "scripts that pass on an incident's entities as the REST API or an SDK lists them",
    signs: &[Sign {
        words: "`entities`, a list of entities of Sentinel, and beside it at most `metaData` and `nextLink`",
        holds: |payload| {
            let known = ["entities", "metaData", "nextLink"];
            let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
            matches!(payload.get("entities"), Some(Node::List(items)) if payload.has("metaData") || is_list(items))
                && payload.properties().all(|(name, _)| is_known(name))
        },
    }],
    sample: "field/sentinel-sdk-incident-entities.json",
    reading: Reading::Payload(|payload, builder| {
        read_entities(payload, "entities", builder).map(|_| ())
    }),
};

/// An incident and its entities, combined by a sender that fetched both.
pub(crate) const WITH_INCIDENT: Row = Row {
    shape: Shape::SentinelEntities,
    sender: "scripts that put an incident and its entities side by side",
    signs: &[
        Sign {
            words: "`incident`, an object",
            holds: |payload| matches!(payload.get("incident"), Some(Node::Object(_))),
        },
        Sign {
            words: "`entities`, a list",
            holds: |payload| {
                matches!(
                    payload.get("entities"),
                    Some(Node::List(_) | Node::Object(_))
                )
            },
        },
    ],
    sample: "field/sentinel-sdk-incident-with-entities.json",
    reading: Reading::Payload(read_with_incident),
};

/// One entity.
pub(crate) const ENTITY: Row = Row {
    shape: Shape::SentinelEntities,
    sender: "playbooks that send one entity from within a *For each*",
    signs: &[Sign {
        words: "`kind` or `Type` of an entity, with what only such an entity has",
        holds: is_entity,
    }],
    sample: "field/sentinel-one-account-foreach-item.json",
    reading: Reading::Payload(read_entity),
};

fn is_account_like(node: &Node) -> bool {
    matches!(node, Node::Object(object)
        if is_account(object) || has_any(object, &["aadUserId", "upnSuffix", "$id", "kind", "accountName"]))
}

/// Whether a list consists of entities: all of its objects may be entities, and at least one certainly is.
pub(crate) fn is_list(items: &[Node]) -> bool {
    let mut any = false;
    for item in items {
        match item {
            Node::Null => {}
            Node::Object(object) if is_entity(object) => any = true,
            Node::Object(object) if object.has("$ref") => {}
            Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => {
                return false;
            }
        }
    }
    any
}

/// Reads a bare list of entities.
pub(crate) fn read_list(items: &[Node], builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    read_entity_list(items, builder).map(|_| ())
}

fn read_with_incident(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    sentinel_incident_resource::read_header(payload.required("incident")?, builder)
        .within("incident")?;
    let holder = match payload.get("entities") {
        Some(Node::Object(answer)) if answer.has("entities") => answer,
        _ => payload,
    };
    read_entities(holder, "entities", builder).map(|_| ())
}
