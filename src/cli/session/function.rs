//! The deployed function, as the command asks it: for its self-check, and for the policy that holds here too.
//!
//! A token for the function works against the real function, wherever it leaks. It is sent only to a host that a profile or
//! the command line names.

use clap::Args;

use super::service_bus::origin_name;
use crate::cli::deployment::standing::Chosen;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Surroundings;
use crate::domain::{Audience, Mode, SubjectKind, SubjectRef, TenantId};
use crate::identity::Resource;
use crate::identity::operator::SignedIn;
use crate::inquiry::function::{self, CheckUrl, FunctionCheck, FunctionPolicy};

/// Which function is meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Function")]
pub(crate) struct Function {
    /// The function's own self-check, which tells its policy; without it `EVICT_CHECK_URL` counts, then the profile.
    #[arg(long, value_name = "URL")]
    url: Option<CheckUrl>,
    /// The application that callers of the function get their tokens for; without it `EVICT_HTTP_AUDIENCE` counts, then the profile.
    /// Without any the function is asked without a token.
    #[arg(long, value_name = "ID")]
    audience: Option<Audience>,
    /// This host is the function's, so that your token may go to it. The host of a profile's address needs no such word.
    #[arg(long, value_name = "HOST")]
    trust_host: Option<String>,
}

pub(crate) struct Target {
    pub(crate) url: CheckUrl,
    audience: Option<Audience>,
    is_trusted: bool,
}

pub(crate) enum CheckReply {
    Answer {
        with_token: bool,
        check: FunctionCheck,
    },
    /// No request was sent, for this reason.
    NotAsked(String),
}

impl Function {
    /// The function that the command line, a variable or the profile names. No request is sent.
    pub(crate) fn target(&self, surroundings: &Surroundings) -> Result<Option<Target>, Failure> {
        let standing = surroundings.standing()?;
        let url = match (&self.url, &standing.url) {
            (Some(url), _) => url.clone(),
            (None, Some(chosen)) => read(chosen)?,
            (None, None) => return Ok(None),
        };
        let audience = match (&self.audience, &standing.audience) {
            (Some(audience), _) => Some(audience.clone()),
            (None, Some(chosen)) => Some(read(chosen)?),
            (None, None) => None,
        };
        let of_profile = standing.profile.and_then(|profile| profile.url);
        let trusted = of_profile.and_then(|url| url.parse::<CheckUrl>().ok());
        let is_trusted = trusted.is_some_and(|trusted| trusted.host() == url.host())
            || self
                .trust_host
                .as_ref()
                .is_some_and(|host| host.eq_ignore_ascii_case(url.host()));
        Ok(Some(Target {
            url,
            audience,
            is_trusted,
        }))
    }
}

fn read<T: std::str::FromStr<Err = &'static str>>(chosen: &Chosen) -> Result<T, Failure> {
    chosen.text.parse().map_err(|reason| {
        let place = origin_name(chosen);
        Failure::new(Exit::Usage, format!("{place}: {reason}"))
    })
}

impl Target {
    /// A function that a person names for a profile, which makes its host trusted.
    pub(crate) fn trusted(url: CheckUrl, audience: Option<Audience>) -> Self {
        Self {
            url,
            audience,
            is_trusted: true,
        }
    }

    pub(crate) async fn ask(&self, signed_in: &SignedIn) -> CheckReply {
        let Self { url, .. } = self;
        let token = match &self.audience {
            None => None,
            Some(audience) => {
                if !self.is_trusted {
                    return CheckReply::NotAsked(format!(
                        "no token for {audience} is sent to {host}, which neither a profile nor --trust-host names: whoever has it could \
                         use it against the function. Next: if {host} is the function's host, add --trust-host {host}, or make a \
                         profile with `evict profile add`.",
                        host = url.host()
                    ));
                }
                let resource = match Resource::application(audience) {
                    Ok(resource) => resource,
                    Err(reason) => {
                        return CheckReply::NotAsked(format!(
                            "{audience} is {reason}: no token for it is sent to {url}. Next: give the function's own application by \
                             --audience."
                        ));
                    }
                };
                match signed_in.token_for(&resource).await {
                    Ok(token) => Some(token),
                    Err(problem) => {
                        return CheckReply::NotAsked(format!(
                            "getting a token for {audience}, with which {url} was to be asked. Nothing was sent there. {problem}"
                        ));
                    }
                }
            }
        };
        CheckReply::Answer {
            with_token: token.is_some(),
            check: function::ask(signed_in.http(), url, token.as_ref()).await,
        }
    }

    /// The policy of the function, which must act in this tenant; otherwise the reason, as sentences.
    pub(crate) async fn policy(
        &self,
        signed_in: &SignedIn,
        tenant: Option<TenantId>,
    ) -> Result<FunctionPolicy, String> {
        let (with_token, check) = match self.ask(signed_in).await {
            CheckReply::Answer { with_token, check } => (with_token, check),
            CheckReply::NotAsked(why) => return Err(why),
        };
        let url = &self.url;
        match check {
            FunctionCheck::Well {
                policy: Some(policy),
                ..
            }
            | FunctionCheck::NotWell {
                policy: Some(policy),
                ..
            } => match tenant {
                Some(tenant) if tenant != policy.tenant => Err(format!(
                    "{url} acts in the tenant {}, and this command in {tenant}. Next: name the function of this tenant.",
                    policy.tenant
                )),
                Some(_) | None => Ok(policy),
            },
            FunctionCheck::Well { .. } | FunctionCheck::NotWell { .. } => Err(format!(
                "{url} does not tell its policy. Next: bring the function to the version of this command."
            )),
            FunctionCheck::NotLetIn { status, said } => {
                Err(not_let_in(url, with_token, status, said))
            }
            FunctionCheck::Otherwise { what } => Err(otherwise(url, &what)),
            FunctionCheck::Silent { reason } => Err(silent(url, &reason)),
        }
    }
}

/// What a function will do with a message, as far as its policy shows before the directory is asked.
pub(crate) struct Foreseen {
    /// Notices for the person, a sentence each.
    pub(crate) notices: Vec<String>,
    /// Whether the function protects every user of the message.
    pub(crate) nobody_is_cut: bool,
}

/// Predicts what a function with this policy does with these subjects. A message lifts none of its guards.
pub(crate) fn foresee(policy: &FunctionPolicy, subjects: &[SubjectRef], expects: bool) -> Foreseen {
    let users: Vec<&SubjectRef> = subjects
        .iter()
        .filter(|subject| subject.kind == SubjectKind::User)
        .collect();
    let is_protected = |subject: &&&SubjectRef| {
        subject.id.is_some_and(|id| policy.protects_id(id))
            || subject
                .upn
                .as_ref()
                .is_some_and(|name| policy.protects_name(name))
    };
    let protected: Vec<&&SubjectRef> = users.iter().filter(is_protected).collect();
    let mut notices: Vec<String> = protected
        .iter()
        .map(|subject| {
            format!(
                "{} is protected by the function, which will not cut this user.",
                subject.written()
            )
        })
        .collect();
    let most = policy.max_users_per_alert;
    if users.len() > most && !expects {
        notices.push(format!(
            "{} users are named, and the function cuts at most {most} of one message.",
            users.len()
        ));
    }
    if policy.mode == Mode::Observe {
        notices.push(
            "The function only observes: it says whom it would cut, and cuts nobody.".to_owned(),
        );
    }
    Foreseen {
        notices,
        nobody_is_cut: !users.is_empty() && protected.len() == users.len(),
    }
}

pub(crate) fn not_let_in(
    url: &CheckUrl,
    with_token: bool,
    status: u16,
    said: Option<String>,
) -> String {
    let said = said.unwrap_or_else(|| {
        "It says no more, as the Functions host does where a function key is asked for, which this command does not \
         take. Next: set EVICT_HTTP_AUDIENCE and EVICT_ALLOWED_CALLERS in the app and give --audience, or open the \
         self-check from the Azure portal."
            .to_owned()
    });
    let with = if with_token { "your token" } else { "no token" };
    format!("asking {url} for its self-check, with {with}: it answered {status}. {said}")
}

pub(crate) fn otherwise(url: &CheckUrl, what: &str) -> String {
    format!(
        "asking {url} for its self-check: it answered {what}. Next: see that the address is the app's, with /api/check at its end, \
         and look at the app's log."
    )
}

pub(crate) fn silent(url: &CheckUrl, reason: &str) -> String {
    format!(
        "asking {url} for its self-check: {reason}. Next: see whether the app is running, and whether it can be reached from here \
         (private endpoint, VPN, access restrictions)."
    )
}
