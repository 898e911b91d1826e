//! Finds the user that a subject names, and never guesses.
//!
//! A subject may carry several identifiers. They are not equal:
//!
//! 1. The **object id**, given, or contained in a cloud SID (`S-1-12-1-…`), never changes and is never given to another. If it is
//!    there, it alone is looked up; if the directory does not know it, nobody is found, even if a user principal name is
//!    there too: that name may be another person's by now.
//! 2. The **user principal name** comes next. It can change and be given away, so a name that differs from the one of the
//!    user behind an object id is no contradiction: alerts hold old names.
//! 3. The **on-premises SID** never changes either, but needs a search. It is looked up if there is nothing stronger, if the
//!    directory does not know the user principal name (on-premises sensors send the name of the domain on premises, which need
//!    not be the one in the cloud), and where it is not the one of the user that a stronger identifier names.
//! 4. A user principal name that nobody has may be a **mail address**: senders write one in place of the other.
//! 5. A mail address of its own and `DOMAIN\name` are looked up only if they are all there is.
//!
//! # Identifiers that disagree
//! They are looked up, not compared. A SID that nobody in the directory has is no contradiction: sensors on machines outside a
//! domain send the machine's own. A SID that is another user's is one, and so is a mail address: the answer is then
//! [`Resolution::Ambiguous`].
//!
//! A mail address is compared with the property `mail`, the primary address, not with the aliases in `proxyAddresses`.

use super::Directory;
use super::users::{ACCOUNT, Filter, Found, Page, SID};
use crate::domain::{
    AccountName, Deadline, FoundBy, MailAddress, SecurityIdentifier, SubjectRef, User, UserId,
    UserPrincipalName,
};
use crate::graph::{CallError, Tally, path};

/// What a subject turns out to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// This user.
    Found(User),
    /// Nobody in this directory.
    NotFound,
    /// Several users fit, or it is unclear which one.
    Ambiguous {
        /// How many users it may be; the least number, where Graph has more than were asked for.
        candidates: usize,
        /// Why it is unclear, as a sentence without a user's name.
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

impl Directory {
    /// Finds the user that a subject names. With an object id or a user principal name that takes one request.
    ///
    /// # Errors
    /// Any answer of Graph that says neither who it is nor that it is nobody, after the retries that there was time for.
    pub async fn resolve(
        &self,
        subject: &SubjectRef,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Resolution, CallError> {
        let lookup = Lookup {
            directory: self,
            tally,
            deadline,
        };
        let from_sid = subject.sid.as_ref().and_then(SecurityIdentifier::object_id);
        let domain_sid = subject.sid.as_ref().filter(|sid| sid.is_domain_account());
        if let Some(id) = subject.id.or(from_sid) {
            return lookup.by_id(id, from_sid, domain_sid).await;
        }
        if let Some(name) = &subject.upn {
            return lookup.by_name(name, domain_sid).await;
        }
        if let Some(sid) = domain_sid {
            return Ok(one_of(lookup.by_sid(sid).await?));
        }
        if let Some(mail) = &subject.mail {
            return Ok(one_of(lookup.by_mail(mail).await?));
        }
        if let Some(account) = &subject.account {
            return lookup.by_account(account).await;
        }
        // A built-in SID stands for nobody in the directory, and a name alone cannot be looked up.
        Ok(Resolution::NotFound)
    }
}

struct Lookup<'a> {
    directory: &'a Directory,
    tally: &'a Tally,
    deadline: Deadline,
}

/// What a search found.
enum Searched {
    Nobody,
    One(User),
    /// So many at least, and what they share.
    Several(usize, &'static str),
}

impl Lookup<'_> {
    async fn by_id(
        &self,
        id: UserId,
        from_sid: Option<UserId>,
        domain_sid: Option<&SecurityIdentifier>,
    ) -> Result<Resolution, CallError> {
        let client = self.directory.client();
        let found = client
            .user_by_id(id, extra(domain_sid), self.tally, self.deadline)
            .await?;
        let Some(found) = found else {
            return Ok(Resolution::NotFound);
        };
        if let Some(other) = from_sid.filter(|other| *other != id) {
            let of_sid = client
                .user_by_id(other, "", self.tally, self.deadline)
                .await?;
            return Ok(match of_sid {
                None => Resolution::Found(found.user),
                Some(_) => Resolution::ambiguous(
                    2,
                    "The object id and the cloud SID name different users.",
                ),
            });
        }
        self.agreed(found, domain_sid, "The object id").await
    }

    async fn by_name(
        &self,
        name: &UserPrincipalName,
        sid: Option<&SecurityIdentifier>,
    ) -> Result<Resolution, CallError> {
        let found = self
            .directory
            .client()
            .user_by_name(name, extra(sid), self.tally, self.deadline)
            .await?;
        if let Some(found) = found {
            return self.agreed(found, sid, "The user principal name").await;
        }
        // What is a user principal name has the form of a mail address.
        let by_mail = match name.as_str().parse() {
            Ok(mail) => self.by_mail(&mail).await?,
            Err(_) => Searched::Nobody,
        };
        let by_sid = match sid {
            Some(sid) => self.by_sid(sid).await?,
            None => Searched::Nobody,
        };
        Ok(match (by_mail, by_sid) {
            (Searched::One(user), Searched::One(other)) if user.id != other.id => {
                Resolution::ambiguous(
                    2,
                    "The on-premises SID and the mail address name different users.",
                )
            }
            (_, Searched::One(user)) | (Searched::One(user), Searched::Nobody) => {
                Resolution::Found(user)
            }
            (_, Searched::Several(count, why)) | (Searched::Several(count, why), _) => {
                Resolution::ambiguous(count, why)
            }
            (Searched::Nobody, Searched::Nobody) => Resolution::NotFound,
        })
    }

    /// The user, unless the on-premises SID that the subject carries too is another user's.
    async fn agreed(
        &self,
        found: Found,
        sid: Option<&SecurityIdentifier>,
        by: &str,
    ) -> Result<Resolution, CallError> {
        let Some(sid) = sid.filter(|sid| found.sid.as_ref() != Some(sid)) else {
            return Ok(Resolution::Found(found.user));
        };
        Ok(match self.by_sid(sid).await? {
            Searched::One(other) if other.id != found.user.id => Resolution::ambiguous(
                2,
                &format!("{by} and the on-premises SID name different users."),
            ),
            Searched::Nobody | Searched::One(_) => Resolution::Found(found.user),
            Searched::Several(count, why) => Resolution::ambiguous(count, why),
        })
    }

    async fn by_sid(&self, sid: &SecurityIdentifier) -> Result<Searched, CallError> {
        let filter = Filter {
            text: path::equals(SID, sid.as_str()),
            extra: SID,
            most: 2,
            advanced: false,
            by: FoundBy::SecurityIdentifier,
        };
        let page = self
            .users_where(&filter, |found| found.sid.as_ref() == Some(sid))
            .await?;
        Ok(searched(
            page,
            "More than one user has this security identifier.",
        ))
    }

    async fn by_mail(&self, mail: &MailAddress) -> Result<Searched, CallError> {
        let filter = Filter {
            text: path::equals("mail", mail.as_str()),
            extra: "",
            most: 2,
            advanced: false,
            by: FoundBy::Mail,
        };
        let page = self
            .users_where(&filter, |found| found.user.mail.as_ref() == Some(mail))
            .await?;
        Ok(searched(page, "More than one user has this mail address."))
    }

    /// An account name is unique in its domain only, and the directory holds the domain's DNS name, not its NetBIOS name.
    /// So the domain has to agree: in whole, or as the first label of the DNS name.
    async fn by_account(&self, account: &AccountName) -> Result<Resolution, CallError> {
        let filter = Filter {
            text: path::equals("onPremisesSamAccountName", account.name()),
            extra: ACCOUNT,
            most: 25,
            advanced: true,
            by: FoundBy::AccountName,
        };
        let page = self
            .users_where(&filter, |found| {
                found
                    .account_name
                    .as_deref()
                    .is_some_and(|name| name.to_lowercase() == account.name().to_lowercase())
            })
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

    async fn users_where(
        &self,
        filter: &Filter,
        is_meant: impl Fn(&Found) -> bool,
    ) -> Result<Page, CallError> {
        self.directory
            .client()
            .users_where(filter, is_meant, self.tally, self.deadline)
            .await
    }
}

fn extra(sid: Option<&SecurityIdentifier>) -> &'static str {
    if sid.is_some() { SID } else { "" }
}

fn searched(page: Page, several: &'static str) -> Searched {
    match <[Found; 1]>::try_from(page.found) {
        Ok([found]) if !page.more => Searched::One(found.user),
        Ok([_]) => Searched::Several(2, several),
        Err(found) if found.is_empty() => Searched::Nobody,
        Err(found) => Searched::Several(found.len(), several),
    }
}

fn one_of(searched: Searched) -> Resolution {
    match searched {
        Searched::Nobody => Resolution::NotFound,
        Searched::One(user) => Resolution::Found(user),
        Searched::Several(count, why) => Resolution::ambiguous(count, why),
    }
}

fn is_of_domain(found: &Found, domain: &str) -> bool {
    found.on_premises_domain.as_deref().is_some_and(|real| {
        let label = real.split('.').next().unwrap_or(real);
        real.eq_ignore_ascii_case(domain) || label.eq_ignore_ascii_case(domain)
    })
}
