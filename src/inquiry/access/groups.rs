//! Asks for the groups of a user, direct or nested.
//!
//! The cast to groups makes it an advanced query ("List a user's memberships"), which reads an index that may lag.

use serde::Deserialize;

use super::pages::Listed;
use super::questions;
use crate::directory::Directory;
use crate::domain::{Deadline, GroupId, UserId};
use crate::graph::{Operation, Question, Tally, path};

/// A group of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its object id.
    pub id: GroupId,
    /// Its name; `None` if the group may not be read. Graph then sends its type and id alone ("Limited information returned
    /// for inaccessible member objects").
    pub name: Option<String>,
    /// Whether directory roles can be granted to it (`isAssignableToRole`, which is null for ordinary groups).
    pub is_role_assignable: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    id: GroupIdText,
    display_name: Option<String>,
    is_assignable_to_role: Option<bool>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct GroupIdText(GroupId);

impl TryFrom<String> for GroupIdText {
    type Error = crate::domain::IdentifierError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Directory {
    /// Every group of the user, direct or nested.
    pub async fn groups_of(
        &self,
        user: UserId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<Group> {
        let mut question = Question::get(
            Operation::Inquire(&questions::GROUPS),
            format!(
                "{}/transitiveMemberOf/microsoft.graph.group{}",
                path::user(user),
                path::query(&[
                    ("select", "id,displayName,isAssignableToRole"),
                    ("count", "true"),
                    ("top", "500"),
                ])
            ),
        );
        question.eventual = true;
        question.user = Some(user);
        let read: Listed<WireGroup> = self.client().pages(question, tally, deadline).await;
        read.read(|wire| {
            let GroupIdText(id) = wire.id;
            Ok(Group {
                id,
                name: wire.display_name,
                is_role_assignable: wire.is_assignable_to_role.unwrap_or(false),
            })
        })
    }
}
