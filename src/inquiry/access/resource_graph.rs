//! Asks Azure Resource Graph, which answers at once for all subscriptions and management groups that the operator can see.
//! It does not resolve groups, so the query names the ids of the user and of all groups of the user.
//!
//! Sources: "Azure Resource Graph REST API", Resources (2022-10-01); "Paging results": `$skipToken` is present while pages
//! follow, and `resultTruncated` without one means that the rest is unavailable; the table `authorizationresources` of
//! "Azure Resource Graph table and resource type reference". Without `AtScopeAboveAndBelow` the grants of management groups
//! above are left out.

use crate::http::Method;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::azure_roles::{Azure, AzureAssignment, AzureRole, role_id};
use super::pages::{Listed, MOST_PAGES};
use super::{powers, questions};
use crate::domain::Deadline;
use crate::graph::{Inquiry, Journal, Tally};

const PATH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";

/// The ids of one query.
const MOST_IDS: usize = 100;

/// The rows of a page. A page of the most that Azure allows, 1000, may exceed the bound on an answer.
const PAGE: usize = 500;

#[derive(Serialize)]
struct WireRequest<'a> {
    query: &'a str,
    options: WireOptions<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOptions<'a> {
    #[serde(rename = "$top")]
    top: usize,
    #[serde(rename = "$skipToken", skip_serializing_if = "Option::is_none")]
    skip_token: Option<&'a str>,
    result_format: &'static str,
    authorization_scope_filter: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswer<T> {
    data: Vec<T>,
    // A string in the documentation's examples; a boolean is accepted too.
    #[serde(default)]
    result_truncated: serde_json::Value,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
}

impl<T> WireAnswer<T> {
    fn is_truncated(&self) -> bool {
        self.result_truncated == "true" || self.result_truncated == true
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignment {
    scope: String,
    role_definition_id: String,
    principal_id: Uuid,
    condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRole {
    name: Uuid,
    role_name: String,
    permissions: serde_json::Value,
}

impl Azure {
    /// The roles granted to any of the principals, wherever the operator can see them.
    pub async fn assignments(
        &self,
        principals: &[Uuid],
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<AzureAssignment> {
        let mut listed = Listed::default();
        for part in principals.chunks(MOST_IDS) {
            let query = format!(
                "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | where \
                 tostring(properties.principalId) in~ ({}) | project id, principalId = tostring(properties.principalId), \
                 roleDefinitionId = tostring(properties.roleDefinitionId), scope = tostring(properties.scope), condition = \
                 tostring(properties.condition) | order by id asc",
                literals(part)
            );
            let about = &questions::RESOURCE_GRAPH;
            let rows: Listed<WireAssignment> = self.rows(about, &query, tally, deadline).await;
            listed.append(rows.read(|wire| {
                Ok(AzureAssignment {
                    scope: wire.scope,
                    role: role_id(&wire.role_definition_id),
                    principal: wire.principal_id,
                    is_conditional: wire.condition.is_some_and(|it| !it.is_empty()),
                })
            }));
        }
        // A grant above a subscription may be listed for each of them.
        listed.items.sort();
        listed.items.dedup();
        listed
    }

    /// The roles with these ids.
    pub async fn roles(
        &self,
        ids: &[Uuid],
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<AzureRole> {
        let mut listed = Listed::default();
        for part in ids.chunks(MOST_IDS) {
            let query = format!(
                "authorizationresources | where type =~ 'microsoft.authorization/roledefinitions' | where name in~ ({}) | \
                 project id, name, roleName = tostring(properties.roleName), permissions = properties.permissions | order by \
                 id asc",
                literals(part)
            );
            let about = &questions::RESOURCE_GRAPH;
            let rows: Listed<WireRole> = self.rows(about, &query, tally, deadline).await;
            listed.append(rows.read(|wire| {
                Ok(AzureRole {
                    id: wire.name,
                    name: wire.role_name,
                    power: powers::of_permissions(wire.permissions),
                })
            }));
        }
        listed
    }

    pub(in crate::inquiry) async fn rows<T: serde::de::DeserializeOwned>(
        &self,
        about: &'static Inquiry,
        query: &str,
        tally: &Tally,
        deadline: Deadline,
    ) -> Listed<T> {
        let mut listed = Listed::default();
        let mut skip_token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut question = Self::question(about, PATH.to_owned());
            question.method = Method::POST;
            // Texts and numbers always serialise.
            question.json = serde_json::to_vec(&WireRequest {
                query,
                options: WireOptions {
                    top: PAGE,
                    skip_token: skip_token.as_deref(),
                    result_format: "objectArray",
                    authorization_scope_filter: "AtScopeAboveAndBelow",
                },
            })
            .ok();
            let journal = Journal::default();
            let sent = self.client.send(&question, &journal, tally, deadline);
            let answer: WireAnswer<T> = match sent.await.and_then(|reply| reply.json()) {
                Ok(answer) => answer,
                Err(error) => return listed.ending_with(error),
            };
            let is_truncated = answer.is_truncated();
            listed.items.extend(answer.data);
            skip_token = answer.skip_token.filter(|token| !token.is_empty());
            if skip_token.is_none() {
                return if is_truncated {
                    listed.too_long()
                } else {
                    listed
                };
            }
        }
        listed.too_long()
    }
}

/// Ids are digits, letters and hyphens, so none leaves its quotation marks.
fn literals(ids: &[Uuid]) -> String {
    let literals: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    literals.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_cut_short_when_it_says_so_as_a_word_or_as_a_truth_value() {
        let is_truncated = |text: &str| {
            let answer: WireAnswer<u8> = serde_json::from_str(text).unwrap();
            answer.is_truncated()
        };
        assert!(is_truncated(r#"{"data": [], "resultTruncated": "true"}"#));
        assert!(is_truncated(r#"{"data": [], "resultTruncated": true}"#));
        for text in [
            r#"{"data": [], "resultTruncated": "false"}"#,
            r#"{"data": [], "resultTruncated": false}"#,
            r#"{"data": []}"#,
        ] {
            assert!(!is_truncated(text), "{text}");
        }
    }
}
