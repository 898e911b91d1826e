//! `evict access`: what an account reaches, so that an analyst knows what was at stake. It changes nothing.
//!
//! `inquiry::access` asks the questions and judges the risk; `document` is the answer for programs, `table` the one for
//! people.

mod document;
mod table;

use clap::Args;

use self::document::AccountAccess;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::look_up::{Unfound, look_up, single_user};
use crate::cli::session::per_user::{Entry, PerUser};
use crate::cli::session::subjects::Users;
use crate::cli::session::{Operator, Session};
use crate::cli::terminal::Console;
use crate::domain::{SubjectRef, User};
use crate::inquiry::access::asking::Survey;
use crate::inquiry::access::reach::UnreadReason;
use crate::inquiry::access::survey::Found;

/// Shows what a user's account reaches, the riskiest first; changes nothing.
///
/// Directory roles (active and eligible, also through groups), groups that are protected or to which directory roles can be
/// given, applications that the account owns or has roles in, and Azure roles in all subscriptions that you can see. What
/// cannot be read is told with the permission that it needs, and hides nothing else.
///
/// Exit code 0 if everything was read, 1 if something was not, or a user was not found, 2 if the work could not be done, 64 for
/// a wrong command line or setting, 65 if a user cannot be understood, 66 and 74 if the list cannot be read, 77 if a permission is
/// missing for all of it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict access alice@contoso.com\n  evict access --json --file users.txt"
)]
pub(crate) struct Access {
    #[command(flatten)]
    users: Users,
    /// Answer with one JSON document: {"users": [...]}.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

pub(crate) type Document = PerUser<AccountAccess>;

impl Access {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let subjects = self.users.read(console.input)?;
        let (runtime, session) = self.operator.begin(&console.surroundings)?;
        let document = runtime.block_on(document(&session, subjects));
        document.answer(self.json, console)
    }
}

async fn document(session: &Session, subjects: Vec<SubjectRef>) -> Document {
    let people: Vec<(SubjectRef, Result<User, Unfound>)> = look_up(session, subjects)
        .await
        .into_iter()
        .map(|(subject, seen)| (subject, single_user(seen)))
        .collect();
    let survey = Survey {
        directory: &session.directory,
        azure: &session.azure,
        protected_groups: &session.settings.policy.protected_groups,
        clock: &*session.clock,
        time: session.settings.http_deadline,
    };
    let mut users = Vec::new();
    let mut common = None;
    for (subject, user) in people {
        let entry = match user {
            Ok(user) => {
                // These questions are asked once, and only if a user exists.
                let common = match &mut common {
                    Some(common) => common,
                    common => common.insert(survey.common().await),
                };
                let found = Box::pin(survey.of_user(common, &user)).await;
                let exit = exit(&found);
                Entry::found(&subject, access_of(user, found), exit)
            }
            Err(unfound) => Entry::unfound(&subject, unfound),
        };
        users.push(entry);
    }
    Document { users }
}

fn exit(found: &Found) -> Exit {
    if found.unread.is_empty() {
        Exit::Success
    } else if found.is_answered {
        Exit::Partly
    } else if found
        .unread
        .iter()
        .any(|it| it.reason == UnreadReason::Permission)
    {
        Exit::NoPermission
    } else {
        Exit::Unable
    }
}

fn access_of(user: User, found: Found) -> AccountAccess {
    AccountAccess {
        id: user.id,
        user_principal_name: user.upn,
        reaches: found.reaches,
        unread: found.unread,
    }
}
