//! Lists of entities: Sentinel's `Entities` and `relatedEntities`, Defender for Cloud's `entities`.
//!
//! A subject is an account, a mailbox or a group that is an element of the list. An account under the property
//! `Account` of any entity is one too, whether written there or referred to. Accounts anywhere else are only mentioned:
//! who was signed in to a device, owns something, or sent or got a mail.
//!
//! # References
//! Json.NET writes an object once, with `"$id": "4"`, and then `{"$ref": "4"}`. A published payload holds the same
//! `$id` several times, so a reference means the nearest earlier one; a reference to nothing means nothing. What a
//! reference leads to is read but not walked again, so a cycle ends by itself.
//!
//! Sources: "Microsoft Sentinel entity types reference"; "Incidents - List Entities" of the Sentinel REST API, and what
//! @azure/arm-securityinsight makes of its answer (properties beside the kind); published samples of both dialects.

use std::collections::{HashMap, HashSet};

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object, Within, cut_off};
use crate::alert::said::Role;
use crate::domain::{MentionedAs, SubjectKind};

use super::entity_kind::{self, EntityKind};
use super::kind::Machines;
use super::{account, message};

/// Properties whose accounts are only mentioned, with the reason.
const CONTEXT: [(&str, Context); 13] = [
    ("owner", Context::Owner),
    ("owners", Context::Owner),
    ("assignedTo", Context::Owner),
    ("createdBy", Context::Owner),
    ("closedBy", Context::Owner),
    ("comments", Context::Owner),
    ("labels", Context::Part),
    ("loggedOnUsers", Context::SignedIn),
    ("supportingEvidence", Context::Part),
    ("additionalData", Context::Part),
    ("extendedProperties", Context::Part),
    ("sender", Context::Sender),
    ("recipient", Context::Recipient),
];

/// Adds the accounts of the list that `holder` has under `name`. Returns whether the list holds any entity.
pub(crate) fn read(
    holder: &Object,
    name: &'static str,
    builder: &mut AlertBuilder,
) -> Result<bool, JsonProblem> {
    cut_off::refuse(holder, &[name])?;
    let list = holder.list(name)?;
    read_list(&list, builder).within(name)
}

/// Adds the accounts of a list of entities. Returns whether it holds any entity.
pub(crate) fn read_list(list: &[Node], builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    let mut machines = Machines::default();
    for node in list {
        note_machines(node, &mut machines);
    }
    let mut walk = Walk {
        machines,
        identified: HashMap::new(),
        collected: HashSet::new(),
        builder,
    };
    let mut any = false;
    for (index, node) in list.iter().enumerate() {
        match node {
            Node::Null => {}
            Node::Object(entity) => {
                any = true;
                walk.entity(entity, Standing::Element).at(index)?;
            }
            Node::Text(_) => return Err(no_entity(node).at(index)),
            Node::Bool(_) | Node::Number(_) | Node::List(_) => {
                node.as_object().at(index)?;
            }
        }
    }
    Ok(any)
}

fn no_entity(node: &Node) -> JsonProblem {
    cut_off::problem(node).unwrap_or_else(|| {
        JsonProblem::new(
            "an entity, which is an object, was expected; a string stands there. To name users by text, send a manual message \
             with a list of users",
        )
    })
}

/// Adds the account of a single entity outside of a list.
pub(crate) fn read_one(entity: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let mut walk = Walk {
        machines: Machines::default(),
        identified: HashMap::new(),
        collected: HashSet::new(),
        builder,
    };
    walk.entity(entity, Standing::Element)
}

/// Whether an object is an entity by itself: a resource of Sentinel, or an object with a kind and a property that only
/// entities have.
pub(crate) fn is_entity(object: &Object) -> bool {
    let of_sentinel = object
        .text("type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("Microsoft.SecurityInsights/Entities"));
    if of_sentinel {
        return object.has("kind");
    }
    entity_kind::is_stated(object)
        && (object.has("$id")
            || is_account(object)
            || matches!(object.get("properties"), Some(Node::Object(_))))
}

/// Whether an object is an account or a mailbox, by its kind and its identifiers.
pub(crate) fn is_account(object: &Object) -> bool {
    let fields = match object.get("properties") {
        Some(Node::Object(fields)) => fields,
        _ => object,
    };
    let has = |names: &[&str]| names.iter().any(|name| fields.get(name).is_some());
    match EntityKind::of(object) {
        Some(EntityKind::Account) => has(&[
            "aadUserId",
            "upnSuffix",
            "sid",
            "ntDomain",
            "accountName",
            "puid",
            "objectGuid",
            "friendlyName",
        ]),
        Some(EntityKind::Mailbox) => {
            has(&["mailboxPrimaryAddress", "externalDirectoryObjectId", "upn"])
        }
        Some(_) | None => false,
    }
}

/// How an account below a property is related to the alert.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Context {
    Owner,
    SignedIn,
    Sender,
    Recipient,
    Part,
}

impl Context {
    fn mentioned_as(self) -> MentionedAs {
        match self {
            Self::Owner => MentionedAs::Owner,
            Self::SignedIn => MentionedAs::SignedIn,
            Self::Sender => MentionedAs::Sender,
            Self::Recipient => MentionedAs::Recipient,
            Self::Part => MentionedAs::Part,
        }
    }
}

/// The position of an object, which decides whether an account in it is a subject.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Standing {
    /// An element of the list itself.
    Element,
    /// The property `Account` of an entity.
    Account,
    /// Any other part of an entity.
    Part,
    /// Below a property of [`CONTEXT`].
    Context(Context),
}

impl Standing {
    fn role(self) -> Role {
        match self {
            Self::Element | Self::Account => Role::Subject,
            Self::Part => Role::Mentioned(MentionedAs::Part),
            Self::Context(context) => Role::Mentioned(context.mentioned_as()),
        }
    }
}

struct Walk<'a, 'd> {
    machines: Machines,
    /// The object behind each `$id`, as of the current position of the walk.
    identified: HashMap<Box<str>, &'a Object<'a>>,
    /// The objects with an `$id` that were already collected, by address. A hundred thousand references to one object
    /// thus read it once.
    collected: HashSet<(*const Object<'a>, Standing)>,
    builder: &'d mut AlertBuilder,
}

impl<'a> Walk<'a, '_> {
    fn entity(&mut self, entity: &'a Object<'a>, standing: Standing) -> Result<(), JsonProblem> {
        if let Some(reference) = entity.text("$ref") {
            if let Some(target) = self.identified.get(reference.as_ref()).copied() {
                self.collect_once(target, standing)?;
            }
            return Ok(());
        }
        if let Some(id) = entity.text("$id") {
            self.identified.insert(id.as_ref().into(), entity);
            self.collect_once(entity, standing)?;
        } else {
            // Nothing refers to this entity, so the walk visits it once.
            self.collect(entity, standing)?;
        }
        for (name, node) in entity.properties() {
            self.part(name, node, standing)?;
        }
        Ok(())
    }

    /// Walks a property of an entity. Paths in problems end at the entity, because the names below it are not ours.
    fn part(
        &mut self,
        name: &str,
        node: &'a Node<'a>,
        standing: Standing,
    ) -> Result<(), JsonProblem> {
        // Most parts are texts, which contain nothing to walk.
        let is_text_of_account =
            name.eq_ignore_ascii_case("account") && matches!(node, Node::Text(_));
        if !is_text_of_account && !matches!(node, Node::Object(_) | Node::List(_)) {
            return Ok(());
        }
        let below = match (standing, context(name)) {
            (Standing::Context(context), _) | (_, Some(context)) => Standing::Context(context),
            (_, None) if name.eq_ignore_ascii_case("account") => Standing::Account,
            (_, None) => Standing::Part,
        };
        match node {
            Node::Object(object) => self.entity(object, below),
            Node::List(items) => items
                .iter()
                .try_for_each(|item| self.part(name, item, standing)),
            Node::Text(text) if below == Standing::Account && cut_off::is_cut_off(text) => {
                Err(no_entity(node))
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
        }
    }

    /// Collects an object that references may reach again.
    fn collect_once(&mut self, entity: &Object<'a>, standing: Standing) -> Result<(), JsonProblem> {
        let is_new = self
            .collected
            .insert((std::ptr::from_ref(entity), standing));
        if is_new {
            self.collect(entity, standing)
        } else {
            Ok(())
        }
    }

    fn collect(&mut self, entity: &Object, standing: Standing) -> Result<(), JsonProblem> {
        let kind = EntityKind::of(entity);
        let Some(fields) = fields(entity, kind)? else {
            return Ok(());
        };
        let machines = &self.machines;
        let (account, role) = match (standing, kind) {
            (Standing::Account, None) | (_, Some(EntityKind::Account)) => {
                (account::read(fields, machines), standing.role())
            }
            (_, Some(EntityKind::Mailbox)) => (account::mailbox(fields), standing.role()),
            (Standing::Element, Some(EntityKind::SecurityGroup)) => {
                (account::group(fields), standing.role())
            }
            (Standing::Element, Some(EntityKind::ServicePrincipal)) => {
                let name = fields.first_text(&["displayName", "name", "friendlyName"]);
                let principal = account::named(SubjectKind::ServicePrincipal, name.as_deref());
                (Some(principal), standing.role())
            }
            (_, Some(EntityKind::Mail)) => {
                message::read(fields, self.builder);
                (None, standing.role())
            }
            (Standing::Element | Standing::Context(_), None) if is_plainly_an_account(fields) => {
                (account::read(fields, machines), standing.role())
            }
            (Standing::Element | Standing::Account | Standing::Part | Standing::Context(_), _) => {
                (None, standing.role())
            }
        };
        if let Some(account) = account {
            self.builder.named(account, role);
        }
        Ok(())
    }
}

fn context(name: &str) -> Option<Context> {
    CONTEXT
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, context)| *context)
}

/// The properties of an entity: beside its kind, or one level below in the incident dialect. `None` for an ARM resource
/// that has only a kind: its `name` is not the account's.
fn fields<'e>(
    entity: &'e Object<'e>,
    kind: Option<EntityKind>,
) -> Result<Option<&'e Object<'e>>, JsonProblem> {
    match entity.get("properties") {
        Some(Node::Object(properties)) => Ok(Some(properties)),
        Some(other) if kind.is_some_and(EntityKind::has_properties) => {
            cut_off::refuse(entity, &["properties"])?;
            other.as_object().within("properties").map(Some)
        }
        Some(_) | None => Ok(Some(entity)),
    }
}

/// Whether an entity without a kind has a property that only accounts have. Playbooks lose the kind on the way.
fn is_plainly_an_account(fields: &Object) -> bool {
    ["aadUserId", "upnSuffix", "accountName"]
        .iter()
        .any(|name| fields.get(name).is_some())
}

fn note_machines(node: &Node, machines: &mut Machines) {
    match node {
        Node::List(items) => items.iter().for_each(|item| note_machines(item, machines)),
        Node::Object(object) => {
            for name in ["hostName", "netBiosName"] {
                if let Some(name) = object.text(name) {
                    machines.note(&name);
                }
            }
            object
                .properties()
                .for_each(|(_, node)| note_machines(node, machines));
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::json;
    use crate::domain::{Shape, SubjectRef};

    fn subjects(text: &str) -> Vec<SubjectRef> {
        let Ok(Node::List(list)) = json::parse(text) else {
            panic!("a list was expected");
        };
        let mut builder = AlertBuilder::new(Shape::SentinelEntities);
        read_list(&list, &mut builder)
            .map_err(|p| p.path())
            .unwrap();
        builder.into_subjects()
    }

    fn written(text: &str) -> Vec<String> {
        subjects(text).iter().map(SubjectRef::written).collect()
    }

    #[test]
    fn an_account_inside_a_process_or_a_logon_session_is_a_subject() {
        let written = written(
            r#"[{"Type": "process", "Account": {"Name": "a", "UPNSuffix": "x.com"},
                 "LogonSession": {"Type": "host-logon-session", "Account": {"Name": "b", "UPNSuffix": "x.com", "Type": "account"}},
                 "ParentProcess": {"Account": {"Name": "c", "UPNSuffix": "x.com"}}},
                {"Type": "cloud-logon-session", "Account": [{"Name": "d", "UPNSuffix": "x.com"}]}]"#,
        );
        assert_eq!(written, ["a@x.com", "b@x.com", "c@x.com", "d@x.com"]);
    }

    #[test]
    fn accounts_that_are_only_mentioned_are_no_subjects() {
        let written = written(
            r#"[{"Type": "host", "HostName": "h", "LoggedOnUsers": [{"Account": {"Name": "a", "UPNSuffix": "x.com"}}],
                 "Owner": {"Type": "account", "Name": "b", "UPNSuffix": "x.com"}},
                {"Type": "mail-message", "Sender": "c@x.com", "P1Sender": "d@x.com", "Recipient": "e@x.com"},
                {"Type": "file", "Creator": {"Type": "account", "Name": "f", "UPNSuffix": "x.com"}}]"#,
        );
        assert_eq!(written, Vec::<String>::new());
    }

    #[test]
    fn a_reference_means_the_nearest_earlier_one() {
        let written = written(
            r#"[{"$id": "1", "Type": "host", "Owner": {"$id": "2", "Type": "account", "Name": "early", "UPNSuffix": "x.com"}},
                {"Type": "process", "Account": {"$ref": "2"}},
                {"$id": "3", "Type": "file", "Creator": {"$id": "2", "Type": "account", "Name": "late", "UPNSuffix": "x.com"}},
                {"Type": "process", "Account": {"$ref": "2"}},
                {"$ref": "3"}]"#,
        );
        assert_eq!(written, ["early@x.com", "late@x.com"]);
    }

    #[test]
    fn the_name_of_a_resource_is_not_the_account_s() {
        let written = written(
            r#"[{"kind": "Account", "type": "Microsoft.SecurityInsights/Entities", "name": "a@x.com"}]"#,
        );
        assert_eq!(written, Vec::<String>::new());
    }

    #[test]
    fn references_to_nothing_and_cycles_are_survived() {
        let written = written(
            r#"[{"$ref": "9"}, {"Type": "process", "Account": {"$ref": "10"}},
                {"$id": "1", "Type": "process", "ParentProcess": {"$ref": "1"}, "Account": {"$ref": "1"}},
                {"$id": "2", "Type": "account", "Name": "a", "UPNSuffix": "x.com", "Host": {"$ref": "2"}, "Account": {"$ref": "2"}}]"#,
        );
        assert_eq!(written, ["a@x.com"]);
    }

    #[test]
    fn an_entity_without_a_kind_is_an_account_if_it_has_what_only_accounts_have() {
        let written = written(
            r#"[{"Name": "a", "UPNSuffix": "x.com"}, {"Address": "192.0.2.1"}, {"Name": "b"}]"#,
        );
        assert_eq!(written, ["a@x.com"]);
    }
}
