//! Asks who is in a group, and whether a group exists.
//!
//! Graph's answer is transitive: nesting counts ("directoryObject: checkMemberGroups"). A group that does not exist is left
//! out of it like one that the user is not in, so a configured group has to be looked for by itself.

use futures_util::future::join_all;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::Entra;
use super::client::{Client, Question};
use super::error::EntraError;
use super::journal::Journal;
use super::operation::Operation;
use super::path;
use super::tally::Tally;
use crate::domain::{Deadline, GroupId, UserId};

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
}

impl Entra {
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
    ) -> Result<Vec<GroupId>, EntraError> {
        let parts = groups
            .chunks(MOST_GROUPS)
            .map(|part| self.client().memberships(user, part, tally, deadline));
        // Each answer is heard, whatever became of the others: it may say that the app has to wait.
        let answers: Result<Vec<_>, _> = join_all(parts).await.into_iter().collect();
        Ok(answers?.concat())
    }

    /// Whether the directory has that group.
    ///
    /// # Errors
    /// Any answer but the group or 404, after the retries that there was time for.
    pub async fn group_exists(
        &self,
        group: GroupId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<bool, EntraError> {
        let path = format!("{}{}", path::group(group), path::query(&[("select", "id")]));
        let question = Question::get(Operation::ReadGroup, path);
        let reply = match self
            .client()
            .send(&question, &Journal::default(), tally, deadline)
            .await
        {
            Ok(reply) => reply,
            Err(error) if error.status() == Some(404) => return Ok(false),
            Err(error) => return Err(error),
        };
        if reply.json::<WireGroup>()?.id.parse() == Ok(group) {
            Ok(true)
        } else {
            Err(reply.unreadable("it is of another group than was asked for"))
        }
    }
}

impl Client {
    async fn memberships(
        &self,
        user: UserId,
        groups: &[GroupId],
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Vec<GroupId>, EntraError> {
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
