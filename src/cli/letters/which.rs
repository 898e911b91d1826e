//! Which messages are meant: by their ids or sequence numbers, or all of them.

use clap::Args;

use super::Kind;
use super::walk::Step;
use crate::cli::Exit;
use crate::cli::bus::Failure;
use crate::queue::Locked;

/// The messages that are meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Message ids or sequence numbers.
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(super) ids: Vec<String>,
    /// All that is there.
    #[arg(long, conflicts_with = "ids")]
    pub(super) all: bool,
}

impl Which {
    /// What comes after a message that is meant; nothing for one that is not. It is then no longer missing.
    pub(super) fn take(&self, missing: &mut Vec<String>, locked: &Locked) -> Option<Step> {
        if self.all {
            return Some(Step::GiveBack);
        }
        if !missing.iter().any(|id| is_meant(locked, id)) {
            return None;
        }
        missing.retain(|id| !is_meant(locked, id));
        Some(if missing.is_empty() {
            Step::Enough
        } else {
            Step::GiveBack
        })
    }
}

pub(super) fn is_meant(locked: &Locked, id: &str) -> bool {
    let message = locked.message();
    message.message_id == id || message.sequence_number.to_string() == id
}

/// What is told of a message that is not there.
pub(super) fn not_there(kind: Kind, id: &str) -> Failure {
    Failure::new(
        Exit::Partly,
        format!(
            "there is no message {id}\n  Next: `{} list` names what is there; what somebody else has locked shows again within minutes.",
            kind.verb()
        ),
    )
}
