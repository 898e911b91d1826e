//! Chooses messages: by id, by number, or all. An id is any text of a sender: it may look like a number, and several
//! messages may share it. A number belongs to one message.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::Kind;
use super::view::Letter;
use super::walk::Found;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::escape::Escaped;

/// The messages that are meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Message ids, the broker's or the sender's; '#12' is the message with the number 12.
    #[arg(value_name = "ID", required_unless_present_any = ["all", "number"])]
    names: Vec<Name>,
    /// The message with this number, as `list` shows it; once for each.
    #[arg(long, value_name = "N")]
    number: Vec<i64>,
    /// All that is there.
    #[arg(long, conflicts_with_all = ["names", "number"])]
    pub(super) all: bool,
}

/// The one message that is meant.
#[derive(Debug, Args)]
pub(super) struct One {
    /// Its message id, the broker's or the sender's; '#12' is the message with the number 12.
    #[arg(value_name = "ID", required_unless_present = "number")]
    name: Option<Name>,
    /// The message with this number, as `list` shows it.
    #[arg(long, value_name = "N", conflicts_with = "name")]
    number: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Id(String),
    Number(i64),
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('#').map(str::parse) {
            Some(Ok(number)) => Ok(Self::Number(number)),
            // An id may begin with anything.
            Some(Err(_)) | None if !text.is_empty() => Ok(Self::Id(text.to_owned())),
            Some(Err(_)) | None => Err("expected an id, or # and a number"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{}", Escaped(id)),
            Self::Number(number) => write!(f, "#{number}"),
        }
    }
}

impl Name {
    fn fits(&self, letter: &Letter) -> bool {
        match self {
            Self::Id(id) => letter.message_id == *id || letter.sent_as.as_ref() == Some(id),
            Self::Number(number) => letter.sequence_number == *number,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) found: Vec<Found>,
    pub(super) missing: Vec<Name>,
}

impl Which {
    /// Whether a message may be chosen, so that its body is worth keeping.
    pub(super) fn may_mean(&self, letter: &Letter) -> bool {
        self.all || self.names().iter().any(|name| name.fits(letter))
    }

    /// Chooses messages. A name that fits several is refused: nobody knows which one was meant.
    pub(super) fn choose(&self, kind: Kind, found: Vec<Found>) -> Result<Chosen, Failure> {
        if self.all {
            return Ok(Chosen {
                found,
                missing: Vec::new(),
            });
        }
        choose(&self.names(), kind, found)
    }

    fn names(&self) -> Vec<Name> {
        let numbers = self.number.iter().copied().map(Name::Number);
        self.names.iter().cloned().chain(numbers).collect()
    }
}

impl One {
    pub(super) fn may_mean(&self, letter: &Letter) -> bool {
        self.name().is_some_and(|name| name.fits(letter))
    }

    pub(super) fn choose(&self, kind: Kind, found: Vec<Found>) -> Result<Chosen, Failure> {
        let names: Vec<Name> = self.name().into_iter().collect();
        choose(&names, kind, found)
    }

    fn name(&self) -> Option<Name> {
        self.name.clone().or_else(|| self.number.map(Name::Number))
    }
}

fn choose(names: &[Name], kind: Kind, found: Vec<Found>) -> Result<Chosen, Failure> {
    let mut missing = Vec::new();
    for name in names {
        let fitting: Vec<&Found> = found.iter().filter(|one| name.fits(&one.letter)).collect();
        match fitting.as_slice() {
            [] => missing.push(name.clone()),
            [_] => {}
            several => return Err(ambiguous(kind, name, several)),
        }
    }
    let meant = |one: &Found| names.iter().any(|name| name.fits(&one.letter));
    Ok(Chosen {
        found: found.into_iter().filter(|one| meant(one)).collect(),
        missing,
    })
}

fn ambiguous(kind: Kind, name: &Name, several: &[&Found]) -> Failure {
    let places: Vec<String> = several
        .iter()
        .map(|one| format!("#{} in {}", one.letter.sequence_number, one.letter.queue))
        .collect();
    let next = match name {
        Name::Id(_) => format!(
            "`{} show --number N` shows each; name the one that is meant by its number.",
            kind.verb()
        ),
        Name::Number(_) => "name it by its id, or, in the dead letters of a queue, by `evict dead-letters --queue` and that queue."
            .to_owned(),
    };
    Failure::new(
        Exit::Usage,
        format!(
            "{name} fits {} messages, so nothing was done: {}\n  Next: {next}",
            several.len(),
            places.join(", ")
        ),
    )
}

pub(super) fn not_there(kind: Kind, name: &Name, looked_at: usize, is_complete: bool) -> Failure {
    let among = match looked_at {
        0 => "and nothing else either".to_owned(),
        1 => "among the one that could be looked at".to_owned(),
        count => format!("among the {count} that could be looked at"),
    };
    let rest = if is_complete {
        ""
    } else {
        ", and not all could be"
    };
    let hint = match name {
        Name::Id(id) if id.parse::<i64>().is_ok() => {
            format!(" The message with the number {id} is `--number {id}`.")
        }
        Name::Id(_) | Name::Number(_) => String::new(),
    };
    Failure::new(
        Exit::Partly,
        format!(
            "there is no message {name}, {among}{rest}.{hint}\n  Next: `{} list` names what is there; what somebody else has locked shows again within minutes.",
            kind.verb()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_sign_and_everything_else_is_an_id() {
        assert_eq!("#12".parse(), Ok(Name::Number(12)));
        for id in ["12", "INC-4711", "#incident", "-12"] {
            assert_eq!(id.parse(), Ok(Name::Id(id.to_owned())), "{id}");
        }
        assert!("".parse::<Name>().is_err());
    }
}
