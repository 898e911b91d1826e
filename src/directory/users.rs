//! Reads users from the directory, and turns Graph's JSON into [`User`]. Nothing else makes a [`User`].

use jiff::Timestamp;
use serde::Deserialize;

use super::{Directory, external};
use crate::domain::{Deadline, FoundBy, SecurityIdentifier, User, UserId, UserPrincipalName};
use crate::graph::{CallError, Client, Journal, Operation, Question, Reply, Tally, path};

/// Only what is used is asked for. `signInSessionsValidFromDateTime` is answered only when it is ("user resource type").
const SELECT: &str = "id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,\
                      signInSessionsValidFromDateTime,externalUserState,identities";

/// Asked for in addition where a subject's on-premises SID is to be compared.
pub(super) const SID: &str = "onPremisesSecurityIdentifier";

/// Asked for in addition where a subject's on-premises domain and account name are to be compared.
pub(super) const ACCOUNT: &str = "onPremisesDomainName,onPremisesSamAccountName";

/// A user with what a subject's other identifiers are compared with.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) user: User,
    pub(super) sid: Option<SecurityIdentifier>,
    pub(super) on_premises_domain: Option<String>,
    pub(super) account_name: Option<String>,
}

/// The users that a filter found.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) found: Vec<Found>,
    /// Whether there are more than were asked for.
    pub(super) more: bool,
}

/// A filter, and the number of users that it is worth to look at.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) text: String,
    pub(super) extra: &'static str,
    pub(super) most: usize,
    pub(super) advanced: bool,
    /// By what such a user is found.
    pub(super) by: FoundBy,
}

/// The most pages that are read for one filter. Graph may fill a page with fewer users than were asked for, or with none.
const MOST_PAGES: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    id: String,
    user_principal_name: String,
    mail: Option<String>,
    user_type: Option<String>,
    account_enabled: Option<bool>,
    on_premises_sync_enabled: Option<bool>,
    sign_in_sessions_valid_from_date_time: Option<String>,
    external_user_state: Option<String>,
    identities: Option<Vec<WireIdentity>>,
    on_premises_security_identifier: Option<String>,
    on_premises_domain_name: Option<String>,
    on_premises_sam_account_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIdentity {
    sign_in_type: Option<String>,
    issuer: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    value: Vec<WireUser>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl WireUser {
    fn read(self, found_by: FoundBy) -> Result<Found, &'static str> {
        let id = self
            .id
            .parse()
            .map_err(|_| "the user's id is not an object id")?;
        let upn = UserPrincipalName::of_directory(&self.user_principal_name)
            .map_err(|_| "the user's userPrincipalName is not one")?;
        // Read leniently: a mail address is a hint, and a time that cannot be read is one that cannot be compared.
        let mail = self.mail.and_then(|mail| mail.parse().ok());
        let sessions_valid_from = self
            .sign_in_sessions_valid_from_date_time
            .and_then(|time| time.parse::<Timestamp>().ok());
        let identities = self.identities.as_ref().map(|identities| {
            identities
                .iter()
                .map(|identity| {
                    (
                        identity.sign_in_type.as_deref().unwrap_or_default(),
                        identity.issuer.as_deref().unwrap_or_default(),
                    )
                })
                .collect()
        });
        let home = external::of(&external::Signs {
            upn: &upn,
            mail: mail.as_ref(),
            user_type: self.user_type.as_deref(),
            invited: self.external_user_state.is_some(),
            identities,
        });
        Ok(Found {
            user: User {
                id,
                found_by,
                upn,
                mail,
                account_enabled: self.account_enabled,
                on_premises_synced: self.on_premises_sync_enabled.unwrap_or(false),
                home,
                sessions_valid_from,
            },
            sid: self
                .on_premises_security_identifier
                .and_then(|sid| sid.parse().ok()),
            on_premises_domain: self.on_premises_domain_name,
            account_name: self.on_premises_sam_account_name,
        })
    }
}

impl Directory {
    /// Reads one user by object id; `None` if the directory has no such user.
    ///
    /// # Errors
    /// Any answer but the user or 404, after the retries that there was time for.
    pub async fn user(
        &self,
        id: UserId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Option<User>, CallError> {
        let found = self.client().user_by_id(id, "", tally, deadline).await?;
        Ok(found.map(|found| found.user))
    }

    /// Whether users may be read, by asking for one who need not exist: that there is none is answer enough, and it is not
    /// asked for a second time.
    ///
    /// # Errors
    /// As [`Directory::user`].
    pub async fn may_read_users(
        &self,
        id: UserId,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<(), CallError> {
        let path = format!("{}{}", path::user(id), select(""));
        let mut question = Question::get(Operation::ReadUser, path);
        question.asks_once_more = false;
        let by = FoundBy::ObjectId;
        self.client()
            .one_user(&question, by, tally, deadline)
            .await?;
        Ok(())
    }
}

impl Client {
    /// Reads one user by object id, with more properties than usual if `extra` names some.
    pub(super) async fn user_by_id(
        &self,
        id: UserId,
        extra: &'static str,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Option<Found>, CallError> {
        let path = format!("{}{}", path::user(id), select(extra));
        let mut question = Question::get(Operation::ReadUser, path);
        question.user = Some(id);
        let by = FoundBy::ObjectId;
        let Some((found, reply)) = self.one_user(&question, by, tally, deadline).await? else {
            return Ok(None);
        };
        if found.user.id != id {
            return Err(reply.unreadable(OTHER));
        }
        Ok(Some(found))
    }

    /// Reads one user by user principal name; `None` if the directory has no such user.
    pub(crate) async fn user_by_name(
        &self,
        name: &UserPrincipalName,
        extra: &'static str,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Option<Found>, CallError> {
        let path = format!("{}{}", path::user_by_name(name), select(extra));
        let question = Question::get(Operation::ReadUser, path);
        let by = FoundBy::UserPrincipalName;
        let Some((found, reply)) = self.one_user(&question, by, tally, deadline).await? else {
            return Ok(None);
        };
        if found.user.upn != *name {
            return Err(reply.unreadable(OTHER));
        }
        Ok(Some(found))
    }

    async fn one_user(
        &self,
        question: &Question,
        by: FoundBy,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Option<(Found, Reply)>, CallError> {
        let reply = match self
            .send(question, &Journal::default(), tally, deadline)
            .await
        {
            Ok(reply) => reply,
            Err(error) if error.is_absence() => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = reply
            .json::<WireUser>()?
            .read(by)
            .map_err(|what| reply.unreadable(what))?;
        Ok(Some((found, reply)))
    }

    /// The users that a filter finds, each of which has to be one that was asked for.
    pub(super) async fn users_where(
        &self,
        filter: &Filter,
        is_meant: impl Fn(&Found) -> bool,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Page, CallError> {
        let (select, top) = (selected(filter.extra), filter.most.to_string());
        let mut options = vec![
            ("filter", filter.text.as_str()),
            ("select", select.as_str()),
            ("top", top.as_str()),
        ];
        if filter.advanced {
            options.push(("count", "true"));
        }
        let mut question = Question::get(
            Operation::FindUser,
            format!("/users{}", path::query(&options)),
        );
        question.eventual = filter.advanced;
        let mut found = Vec::new();
        for number in 1.. {
            let reply = self
                .send(&question, &Journal::default(), tally, deadline)
                .await?;
            let page: WirePage = reply.json()?;
            for user in page.value {
                let user = user
                    .read(filter.by)
                    .map_err(|what| reply.unreadable(what))?;
                if !is_meant(&user) {
                    return Err(reply.unreadable(OTHER));
                }
                found.push(user);
            }
            let Some(next) = page.next else {
                break;
            };
            if found.len() >= filter.most {
                return Ok(Page { found, more: true });
            }
            // Who stands on the next page is not known, so that nobody may be said to be all there is.
            question.path = self
                .path_on_the_same_root(question.surface, &next)
                .filter(|_| number < MOST_PAGES)
                .ok_or_else(|| reply.unreadable("it ends with a link to more of it"))?;
        }
        Ok(Page { found, more: false })
    }
}

/// What is wrong with an answer about another user than was asked for.
const OTHER: &str = "it is of another user than was asked for";

fn selected(extra: &str) -> String {
    if extra.is_empty() {
        SELECT.to_owned()
    } else {
        format!("{SELECT},{extra}")
    }
}

fn select(extra: &str) -> String {
    path::query(&[("select", &selected(extra))])
}
