//! Finds the user whom a subject names, and never guesses.
//!
//! A subject may carry several identifiers. They are not equal:
//!
//! 1. The **object id**, given or told by a cloud SID (`S-1-12-1-…`), never changes and is never given to another. If it is
//!    there, it alone is looked up; if the directory does not know it, nobody is found, even if a user principal name is
//!    there too: that name may be another person's by now.
//! 2. The **user principal name** comes next. It can change and be given away, so a name that differs from the one of the
//!    user behind an object id is no contradiction: alerts hold old names.
//! 3. The **on-premises SID** never changes either, but needs a search. It is looked up if there is nothing stronger, and
//!    also if the directory does not know the user principal name: on-premises sensors send the name of the domain on
//!    premises, which need not be the one in the cloud.
//! 4. The **mail address** and `DOMAIN\name` are looked up only if they are all there is.
//!
//! Two identifiers that never change and name different users are a contradiction, and so is an on-premises SID that is
//! not the one of the user behind the name: the answer is then [`Resolution::Ambiguous`].
//!
//! A mail address is compared with the property `mail`, the primary address, not with the aliases in `proxyAddresses`.

use super::Entra;
use super::error::EntraError;
use super::path;
use super::tally::Tally;
use super::users::{DOMAIN, Filter, Found, Page, SID};
use crate::domain::{
    AccountName, Deadline, MailAddress, SecurityIdentifier, SubjectRef, User, UserId,
    UserPrincipalName,
};

/// Whom a subject names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// This user.
    Found(User),
    /// Nobody in this directory.
    NotFound,
    /// It cannot be told which user.
    Ambiguous {
        /// How many users it may be; the least number, where Graph has more than were asked for.
        candidates: usize,
        /// Why it cannot be told, as a sentence without a user's name.
        detail: String,
    },
}

impl Resolution {
    fn ambiguous(candidates: usize, detail: &str) -> Self {
        Self::Ambiguous {
            candidates,
            detail: detail.to_owned(),
        }
    }
}

impl Entra {
    /// Finds the user whom a subject names. With an object id or a user principal name that takes one request.
    ///
    /// # Errors
    /// Any answer of Graph that says neither who it is nor that it is nobody, after the retries that there was time for.
    pub async fn resolve(
        &self,
        subject: &SubjectRef,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Resolution, EntraError> {
        let lookup = Lookup {
            entra: self,
            tally,
            deadline,
        };
        let from_sid = subject.sid.as_ref().and_then(SecurityIdentifier::object_id);
        if let (Some(id), Some(other)) = (subject.id, from_sid)
            && id != other
        {
            return Ok(Resolution::ambiguous(
                2,
                "The object id and the cloud SID name different users.",
            ));
        }
        let domain_sid = subject.sid.as_ref().filter(|sid| sid.is_domain_account());
        if let Some(id) = subject.id.or(from_sid) {
            return lookup.by_id(id, domain_sid).await;
        }
        if let Some(name) = &subject.upn {
            let resolution = lookup.by_name(name, domain_sid).await?;
            return match (&resolution, domain_sid) {
                (Resolution::NotFound, Some(sid)) => lookup.by_sid(sid).await,
                (Resolution::NotFound | Resolution::Found(_) | Resolution::Ambiguous { .. }, _) => {
                    Ok(resolution)
                }
            };
        }
        if let Some(sid) = domain_sid {
            return lookup.by_sid(sid).await;
        }
        if let Some(mail) = &subject.mail {
            return lookup.by_mail(mail).await;
        }
        if let Some(account) = &subject.account {
            return lookup.by_account(account).await;
        }
        // A built-in SID stands for nobody in the directory, and a name alone cannot be looked up.
        Ok(Resolution::NotFound)
    }
}

struct Lookup<'a> {
    entra: &'a Entra,
    tally: &'a Tally,
    deadline: Deadline,
}

impl Lookup<'_> {
    async fn by_id(
        &self,
        id: UserId,
        sid: Option<&SecurityIdentifier>,
    ) -> Result<Resolution, EntraError> {
        let found = self
            .entra
            .client()
            .user_by_id(id, extra(sid), self.tally, self.deadline)
            .await?;
        Ok(agreed(found, sid, "The object id"))
    }

    async fn by_name(
        &self,
        name: &UserPrincipalName,
        sid: Option<&SecurityIdentifier>,
    ) -> Result<Resolution, EntraError> {
        let path = path::user_by_name(name);
        let found = self
            .entra
            .client()
            .user_at(&path, extra(sid), self.tally, self.deadline)
            .await?;
        Ok(agreed(found, sid, "The user principal name"))
    }

    async fn by_sid(&self, sid: &SecurityIdentifier) -> Result<Resolution, EntraError> {
        let page = self.first_two(SID, sid.as_str(), SID).await?;
        Ok(only(
            page,
            "More than one user has this security identifier.",
        ))
    }

    async fn by_mail(&self, mail: &MailAddress) -> Result<Resolution, EntraError> {
        let page = self.first_two("mail", mail.as_str(), "").await?;
        Ok(only(page, "More than one user has this mail address."))
    }

    /// An account name is unique in its domain only, and the directory holds the domain's DNS name, not its NetBIOS name.
    /// So the domain has to agree: in whole, or as the first label of the DNS name.
    async fn by_account(&self, account: &AccountName) -> Result<Resolution, EntraError> {
        let filter = Filter {
            text: path::equals("onPremisesSamAccountName", account.name()),
            extra: DOMAIN,
            most: "25",
            advanced: true,
        };
        let page = self
            .entra
            .client()
            .users_where(&filter, self.tally, self.deadline)
            .await?;
        let count = page.found.len();
        let (agreeing, others): (Vec<Found>, Vec<Found>) = page
            .found
            .into_iter()
            .partition(|found| is_of_domain(found, account.domain()));
        let unknown = others
            .iter()
            .any(|found| found.on_premises_domain.is_none());
        Ok(match <[Found; 1]>::try_from(agreeing) {
            Ok([found]) if !unknown && !page.more => Resolution::Found(found.user),
            Err(agreeing) if agreeing.is_empty() && others.is_empty() => Resolution::NotFound,
            Err(agreeing) if agreeing.is_empty() => Resolution::ambiguous(
                count,
                "The account name exists, but not provably in the domain that the alert names.",
            ),
            Ok(_) | Err(_) => Resolution::ambiguous(
                count,
                "More than one user has this account name, and the domain does not tell them apart.",
            ),
        })
    }

    async fn first_two(
        &self,
        property: &str,
        value: &str,
        extra: &'static str,
    ) -> Result<Page, EntraError> {
        let filter = Filter {
            text: path::equals(property, value),
            extra,
            most: "2",
            advanced: false,
        };
        self.entra
            .client()
            .users_where(&filter, self.tally, self.deadline)
            .await
    }
}

fn extra(sid: Option<&SecurityIdentifier>) -> &'static str {
    if sid.is_some() { SID } else { "" }
}

/// The user, unless the on-premises SID that the subject carries too is another user's.
fn agreed(found: Option<Found>, sid: Option<&SecurityIdentifier>, by: &str) -> Resolution {
    let Some(found) = found else {
        return Resolution::NotFound;
    };
    match (sid, &found.sid) {
        (Some(named), Some(real)) if named != real => Resolution::ambiguous(
            2,
            &format!("{by} and the on-premises SID name different users."),
        ),
        // A user who is not synced has no SID to compare with.
        (Some(_) | None, Some(_) | None) => Resolution::Found(found.user),
    }
}

fn only(page: Page, several: &str) -> Resolution {
    match <[Found; 1]>::try_from(page.found) {
        Ok([found]) if !page.more => Resolution::Found(found.user),
        Ok([_]) => Resolution::ambiguous(2, several),
        Err(found) if found.is_empty() => Resolution::NotFound,
        Err(found) => Resolution::ambiguous(found.len(), several),
    }
}

fn is_of_domain(found: &Found, domain: &str) -> bool {
    found.on_premises_domain.as_deref().is_some_and(|real| {
        let label = real.split('.').next().unwrap_or(real);
        real.eq_ignore_ascii_case(domain) || label.eq_ignore_ascii_case(domain)
    })
}
