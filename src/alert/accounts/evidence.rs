//! The evidence of Graph's security alerts: objects that state their kind in `@odata.type` and may be nested.
//!
//! Every kind that has a user account flags it, at any depth and whether the kind is known or not, unless its role or
//! its verdict says otherwise. A nested piece (the processes of malware, the account of a logon session) inherits the
//! role of the outer one if it states none. A device's `loggedOnUsers` and a message's sender and recipient are only
//! mentioned.
//!
//! `PowerShell`'s module writes what is special to a kind below `AdditionalProperties`, the type among it, so both
//! places are read as one. Sources: "alertEvidence resource type" and its kinds, microsoft.graph.security; the issues
//! 525, 1213 and 3115 of microsoftgraph/msgraph-sdk-powershell.

use std::collections::HashSet;

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object, Within, cut_off, objects};
use crate::alert::said::Role;
use crate::domain::{MentionedAs, SubjectKind, SubjectRef};

use super::flat_evidence::together;
use super::kind::Machines;
use super::{account, message, role};

/// Properties whose accounts are only mentioned, with the reason.
const CONTEXT: [(&str, MentionedAs); 5] = [
    ("loggedOnUsers", MentionedAs::SignedIn),
    ("owner", MentionedAs::Owner),
    ("owners", MentionedAs::Owner),
    ("createdBy", MentionedAs::Owner),
    ("sender", MentionedAs::Sender),
];

/// Adds the accounts of an alert's evidence. Returns whether it has any evidence.
pub(crate) fn read(alert: &Object, builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    cut_off::refuse(alert, &["evidence"])?;
    let list = alert.list("evidence")?;
    let mut walk = Walk {
        machines: Machines::default(),
        applications: HashSet::new(),
        builder,
    };
    for node in list.iter() {
        walk.note(node);
    }
    for (index, node) in list.iter().enumerate() {
        if let Some(problem) = cut_off::problem(node) {
            return Err(problem.at(index).within("evidence"));
        }
    }
    let mut any = false;
    for piece in objects(&list) {
        let (index, piece) = piece.within("evidence")?;
        any = true;
        walk.piece(piece, &Role::Subject)
            .at(index)
            .within("evidence")?;
    }
    Ok(any)
}

/// A piece of evidence, merged with its `AdditionalProperties`.
struct Piece<'o> {
    own: &'o Object<'o>,
    more: Option<&'o Object<'o>>,
}

impl<'o> Piece<'o> {
    fn of(own: &'o Object<'o>) -> Result<Self, JsonProblem> {
        cut_off::refuse(own, &["AdditionalProperties", "userAccount", "account"])?;
        Ok(Self {
            own,
            more: own.object("AdditionalProperties").ok().flatten(),
        })
    }

    fn parts(&self) -> impl Iterator<Item = &'o Object<'o>> {
        [Some(self.own), self.more].into_iter().flatten()
    }

    /// `user` for `#microsoft.graph.security.userEvidence`.
    fn kind(&self) -> Option<String> {
        let name = self.parts().find_map(odata_type)?;
        let name = name.strip_prefix("security.").unwrap_or(&name);
        Some(name.strip_suffix("evidence").unwrap_or(name).to_owned())
    }

    fn get(&self, name: &str) -> Option<&'o Node<'o>> {
        self.parts().find_map(|part| part.get(name))
    }

    /// Whichever of the two objects has a property.
    fn with(&self, name: &str) -> &'o Object<'o> {
        self.parts()
            .find(|part| part.get(name).is_some())
            .unwrap_or(self.own)
    }
}

/// The type of a Graph object without its namespace, in lower case: `security.alert`, `riskyuser`.
pub(crate) fn odata_type(object: &Object) -> Option<String> {
    let name = object.text("@odata.type")?.to_lowercase();
    let name = name.trim_start_matches('#');
    Some(
        name.strip_prefix("microsoft.graph.")
            .unwrap_or(name)
            .to_owned(),
    )
}

struct Walk<'d> {
    machines: Machines,
    /// The applications of the service principals in this alert.
    applications: HashSet<String>,
    builder: &'d mut AlertBuilder,
}

impl Walk<'_> {
    /// Records the machines and the applications, which help to classify the accounts beside them.
    fn note(&mut self, node: &Node) {
        match node {
            Node::List(items) => items.iter().for_each(|item| self.note(item)),
            Node::Object(object) => {
                for name in ["deviceDnsName", "hostName"] {
                    if let Some(name) = object.text(name) {
                        self.machines.note(&name);
                    }
                }
                if object.has("servicePrincipalObjectId") {
                    let id = object.text("appId").map(|id| id.to_lowercase());
                    self.applications.extend(id);
                }
                object.properties().for_each(|(_, node)| self.note(node));
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }

    fn piece(&mut self, object: &Object, outer: &Role) -> Result<(), JsonProblem> {
        let piece = Piece::of(object)?;
        let said = role_of(&piece, outer);
        match piece.kind().as_deref() {
            Some("serviceprincipal") => self.add(
                service_principal(piece.with("servicePrincipalObjectId")),
                &said,
            ),
            Some("oauthapplication") => self.application(piece.with("appId"), &said),
            Some("securitygroup") => self.add(account::group(piece.with("securityGroupId")), &said),
            Some("analyzedmessage" | "mailmessage" | "submissionmail" | "teamsmessage") => {
                piece
                    .parts()
                    .for_each(|part| message::read(part, self.builder));
            }
            _ => self.owner(&piece, &said)?,
        }
        for part in piece.parts() {
            self.below(part, &said)?;
        }
        Ok(())
    }

    /// Adds the account and the mailbox of a piece, as two readings of one account.
    fn owner(&mut self, piece: &Piece<'_>, said: &Role) -> Result<(), JsonProblem> {
        let machines = &self.machines;
        let user = match piece.get("userAccount") {
            Some(node) => account::read(node.as_object().within("userAccount")?, machines),
            None => None,
        };
        let names = [
            "mailboxPrimaryAddress",
            "primaryAddress",
            "externalDirectoryObjectId",
            "upn",
        ];
        let is_mailbox = piece.kind().is_some_and(|kind| kind.starts_with("mailbox"));
        let mailbox = names
            .iter()
            .find(|name| (is_mailbox || **name != "upn") && piece.get(name).is_some())
            .and_then(|name| account::mailbox(piece.with(name)));
        self.add(together(user, mailbox), said);
        Ok(())
    }

    fn application(&mut self, piece: &Object, said: &Role) {
        // The application of a service principal that is already listed adds nothing.
        let repeats = piece
            .text("appId")
            .is_some_and(|id| self.applications.contains(&id.to_lowercase()));
        let name = piece.first_text(&["displayName", "appId"]);
        if let Some(name) = name.filter(|_| !repeats) {
            let principal = account::named(SubjectKind::ServicePrincipal, Some(&name));
            self.add(Some(principal), said);
        }
    }

    /// Walks what a piece contains: other pieces, and objects that contain pieces.
    fn below(&mut self, object: &Object, said: &Role) -> Result<(), JsonProblem> {
        for (name, node) in object.properties() {
            if name.eq_ignore_ascii_case("userAccount")
                || name.eq_ignore_ascii_case("AdditionalProperties")
            {
                continue;
            }
            let context = CONTEXT
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            match context {
                Some((_, why)) => self.mentioned(node, why),
                None => self.inner(node, said)?,
            }
        }
        Ok(())
    }

    fn inner(&mut self, node: &Node, said: &Role) -> Result<(), JsonProblem> {
        match node {
            // A plain account, under any property name.
            Node::Object(object) if object.has("azureAdUserId") => {
                self.add(account::read(object, &self.machines), said);
                Ok(())
            }
            Node::Object(object) => self.piece(object, said),
            Node::List(items) => items.iter().try_for_each(|item| self.inner(item, said)),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
        }
    }

    fn mentioned(&mut self, node: &Node, why: &MentionedAs) {
        match node {
            Node::Object(object) => {
                let account = account::read(object, &self.machines);
                self.add(account, &Role::Mentioned(why.clone()));
            }
            Node::List(items) => items.iter().for_each(|item| self.mentioned(item, why)),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }

    fn add(&mut self, account: Option<SubjectRef>, said: &Role) {
        if let Some(account) = account {
            self.builder.named(account, said.clone());
        }
    }
}

/// The role that a piece states, or that of the piece around it.
fn role_of(piece: &Piece<'_>, outer: &Role) -> Role {
    let own = role::of_evidence(piece.own);
    let states_one = ["roles", "verdict"].iter().any(|name| {
        piece
            .own
            .get(name)
            .is_some_and(|node| !matches!(node, Node::List(items) if items.is_empty()))
    });
    if own == Role::Subject && !states_one {
        outer.clone()
    } else {
        own
    }
}

fn service_principal(piece: &Object) -> Option<SubjectRef> {
    let managed = piece
        .text("servicePrincipalType")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("managedIdentity"));
    let kind = if managed {
        SubjectKind::ManagedIdentity
    } else {
        SubjectKind::ServicePrincipal
    };
    let mut subject = account::named(kind, piece.text("servicePrincipalName").as_deref());
    subject.id = piece.parse(&["servicePrincipalObjectId"]);
    (subject.id.is_some() || subject.name.is_some()).then_some(subject)
}
