//! What a payload states about one account, and what follows from it.
//!
//! A payload may hold one alert, or a batch in which the same alert stands several times as it changed. Within one
//! alert or detection (one id) the sender's **latest** statement decides, by its time and not by its place. Statements
//! of the same time, or without a time, all count. Between different alerts the gravest active flag decides. An account
//! whose flags are all over is not acted on. The order of a batch changes nothing.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{Cleared, Flag, MentionedAs, Severity, State, WrittenBy};

/// What one alert, incident or detection states, at one time.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// The id of the alert in lower case; `None` stands for a separate alert.
    pub(crate) source: Option<String>,
    pub(crate) at: Option<Timestamp>,
    /// Whether the alert as a whole is still active.
    pub(crate) state: State,
    /// Its severity, if it states one.
    pub(crate) severity: Option<Severity>,
    /// Who wrote it.
    pub(crate) written_by: WrittenBy,
}

/// Whether an account is flagged or only mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    Subject,
    Mentioned(MentionedAs),
}

/// One mention of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The index of its statement.
    pub(crate) statement: usize,
    /// The role of the account in the statement.
    pub(crate) role: Role,
    /// How the account's own flag ended, such as a dismissed risk.
    pub(crate) cleared: Option<Cleared>,
    /// A severity of the account's own, which replaces the statement's.
    pub(crate) severity: Option<Severity>,
}

/// The conclusion from all statements about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Flagged(Flag),
    Mentioned(MentionedAs),
}

/// The statements of a payload, indexed by the latest one of each alert.
pub(crate) struct Statements<'s> {
    all: &'s [Statement],
    /// How each alert ended, by its latest statement; `None` if it is active.
    ended: HashMap<&'s str, Option<&'s Cleared>>,
}

impl<'s> Statements<'s> {
    /// Finds the latest statement of each alert.
    pub(crate) fn new(all: &'s [Statement]) -> Self {
        let mut latest: HashMap<&str, Option<Timestamp>> = HashMap::new();
        for statement in all {
            if let Some(source) = &statement.source {
                let known = latest.entry(source).or_default();
                *known = (*known).max(statement.at);
            }
        }
        let mut ended: HashMap<&str, Option<&Cleared>> = HashMap::new();
        for statement in all {
            let Some(source) = &statement.source else {
                continue;
            };
            if !is_last(statement.at, latest.get(source.as_str()).copied().flatten()) {
                continue;
            }
            let cleared = statement.state.cleared();
            // One statement that leaves the alert open is enough, whatever others of the same time state.
            ended
                .entry(source)
                .and_modify(|known| *known = known.and(cleared))
                .or_insert(cleared);
        }
        Self { all, ended }
    }

    /// The conclusion for an account with these mentions.
    pub(crate) fn standing(&self, said: &[Said]) -> Standing {
        let mut heard = Heard::default();
        let latest = self.latest_of(said);
        for one in said {
            let Some(statement) = self.all.get(one.statement) else {
                continue;
            };
            let (last, ended) = match &statement.source {
                Some(source) => (
                    latest.get(source.as_str()).copied().flatten(),
                    self.ended.get(source.as_str()).copied().flatten(),
                ),
                None => (statement.at, statement.state.cleared()),
            };
            if is_last(statement.at, last) {
                heard.hear(one, statement, ended);
            }
        }
        heard.standing()
    }

    /// The time of each alert's latest statement about this account.
    fn latest_of(&self, said: &[Said]) -> HashMap<&'s str, Option<Timestamp>> {
        let mut latest: HashMap<&str, Option<Timestamp>> = HashMap::new();
        for statement in said.iter().filter_map(|one| self.all.get(one.statement)) {
            if let Some(source) = &statement.source {
                let known = latest.entry(source).or_default();
                *known = (*known).max(statement.at);
            }
        }
        latest
    }
}

/// Whether nothing later is known than a statement at `at`. A statement without a time is never outdated.
fn is_last(at: Option<Timestamp>, latest: Option<Timestamp>) -> bool {
    at.is_none() || at == latest
}

/// What was read about an account so far.
#[derive(Default)]
struct Heard {
    open: Option<Flag>,
    /// How its own flag ended, by the latest statement.
    cleared: Option<(Cleared, WrittenBy, Option<Severity>)>,
    over: Option<Cleared>,
    mentioned: Option<MentionedAs>,
}

impl Heard {
    fn hear(&mut self, said: &Said, statement: &Statement, ended: Option<&Cleared>) {
        match (&said.role, &said.cleared, ended) {
            (Role::Mentioned(why), _, _) => {
                self.mentioned.get_or_insert_with(|| why.clone());
            }
            (Role::Subject, _, Some(ended)) => self.over = later(self.over.take(), ended),
            (Role::Subject, Some(cleared), None) => {
                let severity = said.severity.or(statement.severity);
                let known = self.cleared.take();
                let is_later = known
                    .as_ref()
                    .is_none_or(|(known, ..)| known.at < cleared.at);
                self.cleared = if is_later {
                    Some((cleared.clone(), statement.written_by, severity))
                } else {
                    known
                };
            }
            (Role::Subject, None, None) => {
                self.flag(said.severity.or(statement.severity), statement.written_by);
            }
        }
    }

    fn flag(&mut self, severity: Option<Severity>, written_by: WrittenBy) {
        self.open = Some(match self.open.take() {
            None => Flag {
                severity,
                ..Flag::open(written_by)
            },
            Some(known) => Flag {
                severity: known
                    .severity
                    .zip(severity)
                    .map(|(one, other)| one.max(other)),
                written_by: match (known.written_by, written_by) {
                    (WrittenBy::Machine, WrittenBy::Machine) => WrittenBy::Machine,
                    (WrittenBy::Person, _) | (_, WrittenBy::Person) => WrittenBy::Person,
                },
                state: State::Open,
            },
        });
    }

    fn standing(self) -> Standing {
        if let Some(flag) = self.open {
            return Standing::Flagged(flag);
        }
        if let Some((cleared, written_by, severity)) = self.cleared {
            return Standing::Flagged(Flag {
                severity,
                state: State::Over(cleared),
                written_by,
            });
        }
        match (self.over, self.mentioned) {
            (Some(over), _) => Standing::Mentioned(MentionedAs::AlertOver(over)),
            (None, Some(why)) => Standing::Mentioned(why),
            (None, None) => Standing::Mentioned(MentionedAs::Part),
        }
    }
}

fn later(known: Option<Cleared>, other: &Cleared) -> Option<Cleared> {
    known
        .filter(|known| known.at >= other.at)
        .or_else(|| Some(other.clone()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ClearedAs;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn cleared(second: Option<i64>) -> Cleared {
        Cleared {
            how: ClearedAs::Dismissed,
            word: "dismissed".to_owned(),
            at: second.and_then(at),
        }
    }

    fn statement(source: &str, second: Option<i64>, severity: Severity) -> Statement {
        Statement {
            source: Some(source.to_owned()),
            at: second.and_then(at),
            state: State::Open,
            severity: Some(severity),
            written_by: WrittenBy::Machine,
        }
    }

    fn flagged(statement: usize) -> Said {
        Said {
            statement,
            role: Role::Subject,
            cleared: None,
            severity: None,
        }
    }

    fn is_open(standing: &Standing) -> bool {
        matches!(standing, Standing::Flagged(flag) if flag.state == State::Open)
    }

    #[test]
    fn the_latest_word_of_one_detection_decides_whatever_its_place() {
        let all = [
            statement("d", Some(2), Severity::High),
            statement("d", Some(1), Severity::High),
        ];
        let cleared_later = Said {
            cleared: Some(cleared(Some(2))),
            ..flagged(0)
        };
        let statements = Statements::new(&all);
        assert!(!is_open(
            &statements.standing(&[cleared_later.clone(), flagged(1)])
        ));
        assert!(!is_open(&statements.standing(&[flagged(1), cleared_later])));
        let came_back = Said {
            cleared: Some(cleared(Some(1))),
            ..flagged(1)
        };
        assert!(is_open(&statements.standing(&[flagged(0), came_back])));
    }

    #[test]
    fn between_different_detections_the_gravest_that_stands_decides() {
        let all = [
            statement("a", Some(1), Severity::Low),
            statement("b", Some(9), Severity::High),
            statement("c", Some(5), Severity::Medium),
        ];
        let over = Said {
            cleared: Some(cleared(Some(9))),
            ..flagged(1)
        };
        let standing = Statements::new(&all).standing(&[flagged(0), over, flagged(2)]);
        let Standing::Flagged(flag) = standing else {
            panic!("it is flagged");
        };
        assert_eq!(flag.severity, Some(Severity::Medium));
    }

    #[test]
    fn an_alert_that_ended_takes_its_accounts_with_it_though_its_last_word_does_not_name_them() {
        let mut all = vec![
            statement("a", Some(1), Severity::High),
            statement("a", Some(2), Severity::High),
        ];
        all[1].state = State::Over(cleared(Some(2)));
        let standing = Statements::new(&all).standing(&[flagged(0)]);
        assert!(matches!(
            standing,
            Standing::Mentioned(MentionedAs::AlertOver(_))
        ));
    }

    #[test]
    fn a_severity_that_is_left_out_spares_nobody() {
        let mut all = vec![
            statement("a", None, Severity::Low),
            statement("b", None, Severity::Low),
        ];
        all[1].severity = None;
        let Standing::Flagged(flag) = Statements::new(&all).standing(&[flagged(0), flagged(1)])
        else {
            panic!("it is flagged");
        };
        assert_eq!(flag.severity, None);
    }

    fn batch() -> impl Strategy<Value = (Vec<Statement>, Vec<Said>)> {
        let one = (
            0_u8..3,
            prop::option::of(0_i64..4),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
        );
        prop::collection::vec(one, 1..10).prop_map(|all| {
            let mut statements = Vec::new();
            let mut said = Vec::new();
            for (index, (source, second, alert_over, own_over, subject)) in
                all.into_iter().enumerate()
            {
                let mut statement = statement(&source.to_string(), second, Severity::High);
                if alert_over {
                    statement.state = State::Over(cleared(second));
                }
                statements.push(statement);
                said.push(Said {
                    statement: index,
                    role: if subject {
                        Role::Subject
                    } else {
                        Role::Mentioned(MentionedAs::Contextual)
                    },
                    cleared: own_over.then(|| cleared(second)),
                    severity: None,
                });
            }
            (statements, said)
        })
    }

    proptest! {
        #[test]
        fn the_order_of_a_batch_changes_nobodys_state((statements, said) in batch(), seed in any::<u64>()) {
            let mut order: Vec<usize> = (0..said.len()).collect();
            order.sort_by_key(|index| (*index as u64 + 1).wrapping_mul(seed | 1));
            let shuffled: Vec<Statement> = order.iter().map(|index| statements[*index].clone()).collect();
            let resaid: Vec<Said> = order
                .iter()
                .enumerate()
                .map(|(place, index)| Said { statement: place, ..said[*index].clone() })
                .collect();
            prop_assert_eq!(
                is_open(&Statements::new(&statements).standing(&said)),
                is_open(&Statements::new(&shuffled).standing(&resaid))
            );
        }
    }
}
