//! Reads the settings in sequence and collects every problem.

use std::time::Duration;

use super::environment::{Content, Environment, PREFIX};
use super::nearest::nearest;
use super::problem::Problem;
use super::registry::{Fallback, Kind, REGISTRY, Setting};

/// A problem was noted, so there is no value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted;

/// Reads settings. Every method fails exactly when it notes a problem.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            problems: Vec::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// A setting with a value of its own or a default. `parse` says what is wrong with a text, without repeating it.
    pub(super) fn value<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Noted> {
        let text = match (self.text(setting)?, setting.fallback) {
            (Some(text), _) | (None, Fallback::Text(text)) => text,
            (None, Fallback::Required { hint }) => {
                return Err(self.note(setting, "it is not set".to_owned(), Some(hint)));
            }
            (None, Fallback::Absent { means }) => {
                let wrong = format!("it is not set, which means {means}");
                return Err(self.note(setting, wrong, None));
            }
        };
        self.parsed(setting, text, parse)
    }

    /// A setting that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Noted> {
        match self.text(setting)? {
            Some(text) => self.parsed(setting, text, parse).map(Some),
            None => Ok(None),
        }
    }

    /// A whole number within the bounds of the registry.
    pub(super) fn whole(&mut self, setting: &Setting) -> Result<u32, Noted> {
        self.value(setting, |text| whole(setting.kind, text))
    }

    /// A time in whole seconds within the bounds of the registry.
    pub(super) fn seconds(&mut self, setting: &Setting) -> Result<Duration, Noted> {
        self.whole(setting)
            .map(|seconds| Duration::from_secs(u64::from(seconds)))
    }

    /// One of the registry's words, in any case.
    pub(super) fn word<T: Copy>(
        &mut self,
        setting: &Setting,
        meanings: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<T, Noted> {
        self.value(setting, |text| one_of(setting.kind, text, meanings, word))
    }

    /// One of the registry's words, in any case, or none.
    pub(super) fn optional_word<T: Copy>(
        &mut self,
        setting: &Setting,
        meanings: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Noted> {
        self.optional(setting, |text| one_of(setting.kind, text, meanings, word))
    }

    /// A list, separated by comma, semicolon or white space. A wrong entry is reported by its position.
    pub(super) fn list<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Noted> {
        self.value(setting, |text| entries(text, parse))
    }

    /// Notes that a setting contradicts another one.
    pub(super) fn refuse(&mut self, setting: &Setting, wrong: &str) -> Noted {
        self.note(setting, wrong.to_owned(), None)
    }

    /// Notes every variable with our prefix that is not in the registry.
    pub(super) fn unknown_names(&mut self) {
        for name in self.environment.unknown_names() {
            let known = REGISTRY
                .iter()
                .filter_map(|setting| setting.name.strip_prefix(PREFIX));
            let expected = match nearest(name.get(PREFIX.len()..).unwrap_or_default(), known) {
                Some(meant) => format!("did you mean {PREFIX}{meant}?"),
                None => "remove it; `evict settings` lists those that there are".to_owned(),
            };
            self.problems
                .push(Problem::new(name, "there is no such setting", expected));
        }
    }

    /// The text of a variable; `None` when it is unset or blank (templates write empty strings for "not set").
    fn text(&mut self, setting: &Setting) -> Result<Option<&'a str>, Noted> {
        match self.environment.get(setting.name) {
            Some(Content::Text(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Content::NotUnicode) => {
                Err(self.note(setting, "it is not Unicode text".to_owned(), None))
            }
            None => Ok(None),
        }
    }

    fn parsed<T>(
        &mut self,
        setting: &Setting,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Noted> {
        parse(text).map_err(|wrong| self.note(setting, wrong, None))
    }

    fn note(&mut self, setting: &Setting, wrong: String, hint: Option<&str>) -> Noted {
        let expected = match hint {
            Some(hint) => format!("expected {}: {hint}", setting.kind.describe()),
            None => format!("expected {}", setting.kind.describe()),
        };
        self.problems
            .push(Problem::new(setting.name, wrong, expected));
        Noted
    }
}

fn whole(kind: Kind, text: &str) -> Result<u32, String> {
    let Kind::Whole { least, most, .. } = kind else {
        return Err("it is no number".to_owned());
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it is not a whole number".to_owned());
    }
    match text.parse::<u32>() {
        Ok(number) if number < least => Err("it is too small".to_owned()),
        Ok(number) if number <= most => Ok(number),
        // Digits alone fail to parse only if the number is too large.
        Ok(_) | Err(_) => Err("it is too large".to_owned()),
    }
}

fn one_of<T: Copy>(
    kind: Kind,
    text: &str,
    meanings: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    meanings
        .iter()
        .copied()
        .find(|meaning| word(*meaning).eq_ignore_ascii_case(text))
        .ok_or_else(|| match nearest(text, kind.words()) {
            Some(meant) => format!("it is none of its words (did you mean {meant}?)"),
            None => "it is none of its words".to_owned(),
        })
}

fn entries<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let mut good = Vec::new();
    let mut wrong = Vec::new();
    let parts = text
        .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .filter(|part| !part.is_empty());
    for (index, part) in parts.enumerate() {
        match parse(part) {
            Some(value) => good.push(value),
            None => wrong.push((index + 1).to_string()),
        }
    }
    let count = good.len() + wrong.len();
    match wrong.as_slice() {
        [] => Ok(good),
        [position] => Err(format!("entry {position} of {count} cannot be read")),
        [first @ .., last] => Err(format!(
            "entries {} and {last} of {count} cannot be read",
            first.join(", ")
        )),
    }
}
