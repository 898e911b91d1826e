//! Asks who is in a group, and whether a group exists.
//!
//! Graph's answer is transitive: nesting counts ("directoryObject: checkMemberGroups"). A group that does not exist is left
//! out of it like one that the user is not in, so a configured group has to be looked for by itself.

use crate::http::Method;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::Directory;
use crate::domain::{Deadline, GroupId, UserId};
use crate::graph::permissions::MEMBER_READ_HIDDEN;
use crate::graph::{CallError, Client, Journal, Operation, Question, Tally, path};

/// The most groups that one request may name ("directoryObject: checkMemberGroups").
const MOST_GROUPS: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireQuestion<'a> {
    group_ids: &'a [GroupId],
}

#[derive(Deserialize)]
struct WireAnswer {
    value: Vec<String>,
}

#[derive(Deserialize)]
struct WireGroup {
    id: String,
    visibility: Option<String>,
}

/// What `visibility` says of a group whose members only some may see ("group resource type", Group visibility options).
const HIDDEN: &str = "HiddenMembership";

/// A group that the directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Whether only those see its members who hold a permission of their own for it.
    pub hides_members: bool,
}

/// The groups of some in which nobody would be seen: Graph leaves them out of its answers and says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blind {
    /// Those that do not exist.
    pub missing: Vec<GroupId>,
    /// Those that hide their members from the caller.
    pub hidden: Vec<GroupId>,
}

impl Directory {
    /// In which of `groups` nobody would be seen.
    ///
    /// # Errors
    /// If one of them cannot be read, or there is no token.
    pub async fn blind_groups(
        &self,
        groups: &[GroupId],
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Blind, CallError> {
        let asked = groups
            .iter()
            .map(|group| self.group(*group, tally, deadline));
        // Each answer is heard, whatever became of the others: it may say that the app has to wait.
        let read: Result<Vec<_>, _> = join_all(asked).await.into_iter().collect();
        let mut blind = Blind::default();
        for (id, group) in groups.iter().zip(read?) {
            match group {
                None => blind.missing.push(*id),
                Some(group) if group.hides_members => blind.hidden.push(*id),
                Some(_) => {}
            }
        }
        self.unless_seen(blind, deadline).await
    }

    /// The same, without those whose members the token in use lets be seen.
    async fn unless_seen(&self, blind: Blind, deadline: Deadline) -> Result<Blind, CallError> {
        if blind.hidden.is_empty() || !self.sees_hidden(deadline).await? {
            return Ok(blind);
        }
        Ok(Blind {
            hidden: Vec::new(),
            ..blind
        })
    }

    /// Whether the token in use lets the members of groups be seen that hide them. It says nothing of an answer that was asked
    /// for under the token before.
    ///
    /// # Errors
    /// There is no token.
    pub async fn sees_hidden(&self, deadline: Deadline) -> Result<bool, CallError> {
        let token = self.identity(deadline).await?;
        Ok(MEMBER_READ_HIDDEN.is_held(token.permissions()))
    }

    /// Which of `groups` the user is in, directly or by nesting. More than twenty are asked in several requests at the
    /// same time; none are answered without a request.
    ///
    /// # Errors
    /// If any of the requests fails: half an answer would leave a protected user unseen.
    pub async fn memberships(
        &self,
        user: UserId,
        groups: &[GroupId],
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Vec<GroupId>, CallError> {
        let parts = groups
            .chunks(MOST_GROUPS)
            .map(|part| self.client().memberships(user, part, tally, deadline));
        // Each answer is heard, whatever became of the others: it may say that the app has to wait.
        let answers: Result<Vec<_>, _> = join_all(parts).await.into_iter().collect();
        Ok(answers?.concat())
    }

    /// Reads a group; `None` if the directory has no such group.
    ///
    /// # Errors
    /// Any answer but the group or that there is none, after the retries that there was time for.
    pub async fn group(
        &self,
        group: GroupId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Option<Group>, CallError> {
        let select = path::query(&[("select", "id,visibility")]);
        let path = format!("{}{select}", path::group(group));
        let question = Question::get(Operation::ReadGroup, path);
        let reply = match self
            .client()
            .send(&question, &Journal::default(), tally, deadline)
            .await
        {
            Ok(reply) => reply,
            Err(error) if error.is_absence() => return Ok(None),
            Err(error) => return Err(error),
        };
        let read: WireGroup = reply.json()?;
        if read.id.parse() != Ok(group) {
            return Err(reply.unreadable("it is of another group than was asked for"));
        }
        let hides_members = read
            .visibility
            .is_some_and(|visibility| visibility.eq_ignore_ascii_case(HIDDEN));
        Ok(Some(Group { hides_members }))
    }
}

impl Client {
    async fn memberships(
        &self,
        user: UserId,
        groups: &[GroupId],
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Vec<GroupId>, CallError> {
        let mut question = Question::get(
            Operation::CheckMemberGroups,
            format!("{}/checkMemberGroups", path::user(user)),
        );
        question.method = Method::POST;
        // A list of ids always has a JSON form.
        question.json = serde_json::to_vec(&WireQuestion { group_ids: groups }).ok();
        question.user = Some(user);
        let reply = self
            .send(&question, &Journal::default(), tally, deadline)
            .await?;
        reply
            .json::<WireAnswer>()?
            .value
            .iter()
            .map(|id| id.parse())
            .collect::<Result<Vec<GroupId>, _>>()
            .map_err(|_| reply.unreadable("it names a group by something that is not an object id"))
    }
}
