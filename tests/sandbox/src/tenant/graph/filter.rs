//! `$filter` on users, as far as Graph supports it: `eq`, `in`, `startsWith`, `any`, `and`, `or`, parentheses. A table
//! says which filters each property supports ("Advanced query capabilities on Microsoft Entra ID objects").

use serde_json::Value;

use super::properties::{exists, still_value};
use crate::tenant::answer::Answer;
use crate::tenant::directory::User;

/// Filters that work by default.
const PLAIN: [&str; 9] = [
    "id",
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "mailNickname",
    "userType",
    "accountEnabled",
];
/// Filters that need `ConsistencyLevel: eventual` and `$count=true`.
const ADVANCED: [&str; 1] = ["onPremisesSamAccountName"];

/// A parsed filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    /// The property is one of the values.
    OneOf(String, Vec<String>),
    StartsWith(String, String),
    /// The list holds the value.
    Any(String, String),
}

impl Filter {
    /// Parses a filter.
    pub(super) fn read(text: &str, advanced: bool) -> Result<Self, Answer> {
        let tokens = tokens(text).ok_or_else(|| syntax(text, text.len()))?;
        let mut reader = Reader { tokens, at: 0 };
        let filter = reader
            .any_of()
            .filter(|_| reader.at == reader.tokens.len())
            .ok_or_else(|| syntax(text, reader.at))?;
        filter.check(advanced)?;
        Ok(filter)
    }

    fn check(&self, advanced: bool) -> Result<(), Answer> {
        let name = match self {
            Self::Or(parts) | Self::And(parts) => {
                return parts.iter().try_for_each(|part| part.check(advanced));
            }
            Self::OneOf(name, _) | Self::StartsWith(name, _) | Self::Any(name, _) => name.as_str(),
        };
        if !exists(name) {
            let message = format!(
                "Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.user'."
            );
            return Err(Answer::error(400, "BadRequest", &message));
        }
        let is_list = name == "proxyAddresses";
        let fits = is_list == matches!(self, Self::Any(..));
        let supported = PLAIN.contains(&name) || (advanced && ADVANCED.contains(&name));
        if fits && supported {
            return Ok(());
        }
        // Several public issues quote this text, among others for onPremisesSamAccountName without ConsistencyLevel.
        let message = format!(
            "Unsupported or invalid query filter clause specified for property '{name}' of resource 'User'."
        );
        Err(Answer::error(400, "Request_UnsupportedQuery", &message))
    }

    /// Whether the filter uses only the basic profile.
    pub(super) fn is_basic(&self) -> bool {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().all(Self::is_basic),
            Self::OneOf(name, _) | Self::StartsWith(name, _) | Self::Any(name, _) => {
                ["id", "userPrincipalName", "mail"].contains(&name.as_str())
            }
        }
    }

    /// Whether a user matches. Text is compared in any casing.
    pub(super) fn fits(&self, user: &User, domain: &str) -> bool {
        let text = |name: &str| match still_value(user, name, domain) {
            Value::String(text) => Some(text.to_lowercase()),
            Value::Bool(answer) => Some(answer.to_string()),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.fits(user, domain)),
            Self::And(parts) => parts.iter().all(|part| part.fits(user, domain)),
            Self::OneOf(name, wanted) => text(name)
                .is_some_and(|text| wanted.iter().any(|wanted| wanted.to_lowercase() == text)),
            Self::StartsWith(name, start) => {
                text(name).is_some_and(|text| text.starts_with(&start.to_lowercase()))
            }
            Self::Any(_, wanted) => user
                .proxy_addresses()
                .iter()
                .any(|address| address.to_lowercase() == wanted.to_lowercase()),
        }
    }
}

fn syntax(text: &str, at: usize) -> Answer {
    let message = format!("Invalid filter clause: Syntax error at position {at} in '{text}'.");
    Answer::error(400, "BadRequest", &message)
}

/// A token of a filter.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// Splits a filter into its tokens; `None` if a text is not terminated. A quote within a text is doubled.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' => {}
            '\'' => {
                let mut literal = String::new();
                loop {
                    match rest.next()? {
                        '\'' if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        '\'' => break,
                        other => literal.push(other),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            '(' | ')' | ',' | ':' | '/' => tokens.push(Token::Sign(c)),
            _ => {
                let mut word = c.to_string();
                while let Some(next) = rest.next_if(|c| !" '(),:/".contains(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

/// Reads tokens in sequence; each method returns `None` for unexpected text.
struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    fn word(&mut self) -> Option<String> {
        match self.next()? {
            Token::Word(word) => Some(word.clone()),
            Token::Text(_) | Token::Sign(_) => None,
        }
    }

    fn value(&mut self) -> Option<String> {
        match self.next()? {
            Token::Text(text) => Some(text.clone()),
            Token::Word(word) if word == "true" || word == "false" => Some(word.clone()),
            Token::Word(_) | Token::Sign(_) => None,
        }
    }

    fn sign(&mut self, wanted: char) -> Option<()> {
        (*self.next()? == Token::Sign(wanted)).then_some(())
    }

    fn skip(&mut self, wanted: &Token) -> bool {
        let is = self.tokens.get(self.at) == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn skip_word(&mut self, wanted: &str) -> bool {
        self.skip(&Token::Word(wanted.to_owned()))
    }

    fn any_of(&mut self) -> Option<Filter> {
        let mut parts = vec![self.all_of()?];
        while self.skip_word("or") {
            parts.push(self.all_of()?);
        }
        one_or(parts, Filter::Or)
    }

    fn all_of(&mut self) -> Option<Filter> {
        let mut parts = vec![self.clause()?];
        while self.skip_word("and") {
            parts.push(self.clause()?);
        }
        one_or(parts, Filter::And)
    }

    fn clause(&mut self) -> Option<Filter> {
        if self.skip(&Token::Sign('(')) {
            let inner = self.any_of()?;
            self.sign(')')?;
            return Some(inner);
        }
        let name = self.word()?;
        if name.eq_ignore_ascii_case("startswith") {
            self.sign('(')?;
            let property = self.word()?;
            self.sign(',')?;
            let start = self.value()?;
            self.sign(')')?;
            return Some(Filter::StartsWith(property, start));
        }
        if self.skip(&Token::Sign('/')) {
            return self.any(name);
        }
        match self.word()?.as_str() {
            "eq" => Some(Filter::OneOf(name, vec![self.value()?])),
            "in" => {
                self.sign('(')?;
                let mut values = vec![self.value()?];
                while self.skip(&Token::Sign(',')) {
                    values.push(self.value()?);
                }
                self.sign(')')?;
                Some(Filter::OneOf(name, values))
            }
            _ => None,
        }
    }

    /// `any(x:x eq 'value')`, after the property and its slash.
    fn any(&mut self, property: String) -> Option<Filter> {
        if self.word()? != "any" {
            return None;
        }
        self.sign('(')?;
        let variable = self.word()?;
        self.sign(':')?;
        if self.word()? != variable || self.word()? != "eq" {
            return None;
        }
        let value = self.value()?;
        self.sign(')')?;
        Some(Filter::Any(property, value))
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Option<Filter> {
    if parts.len() == 1 {
        parts.pop()
    } else {
        Some(many(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::answer::Body;
    use crate::tenant::directory::Directory;
    use crate::tenant::world::World;

    fn found(filter: &str) -> Vec<String> {
        let now = "2026-10-07T05:23:30Z".parse().unwrap();
        let directory = Directory::new(World::default_contoso().unwrap(), now);
        let filter = Filter::read(filter, true).unwrap();
        directory
            .users
            .iter()
            .filter(|user| filter.fits(user, "contoso.com"))
            .map(|user| user.entry.user_principal_name.clone())
            .collect()
    }

    fn refused(filter: &str, advanced: bool) -> String {
        match Filter::read(filter, advanced).unwrap_err().body {
            Body::Error { code, message } => format!("{code}: {message}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn filters_find_whom_they_name() {
        let alice = ["alice@contoso.com"];
        let bob = ["bob.stone@contoso.com"];
        assert_eq!(found("userPrincipalName eq 'ALICE@contoso.com'"), alice);
        assert_eq!(found("mail eq 'b.stone@contoso.com'"), bob);
        assert_eq!(
            found("proxyAddresses/any(p:p eq 'smtp:B.STONE@contoso.com')"),
            bob
        );
        assert_eq!(
            found(
                "onPremisesSecurityIdentifier eq 'S-1-5-21-898359651-226337246-2910964862-58829'"
            ),
            ["henry.okafor@contoso.com"]
        );
        assert_eq!(
            found("onPremisesSamAccountName eq 'svc_backup'"),
            ["svc_backup@contoso.com"]
        );
        assert_eq!(
            found("userPrincipalName eq 'kira.o''neil@contoso.com'"),
            ["kira.o'neil@contoso.com"]
        );
        assert_eq!(found("mail eq 'front.desk@contoso.com'").len(), 2);
        assert_eq!(
            found("(mail eq 'x@y' or startsWith(mail,'alice')) and accountEnabled eq true"),
            alice
        );
        assert_eq!(
            found("id in ('6cace4d5-19d5-4695-92e7-4f7bfab36728')"),
            alice
        );
    }

    #[test]
    fn what_graph_does_not_filter_is_refused() {
        let unsupported = "Request_UnsupportedQuery: Unsupported or invalid query filter clause specified for property";
        for (filter, advanced) in [
            ("onPremisesSamAccountName eq 'svc_backup'", false),
            ("onPremisesDomainName eq 'contoso.com'", true),
            ("signInSessionsValidFromDateTime eq '2026'", true),
            ("proxyAddresses eq 'smtp:a@b'", true),
        ] {
            let text = refused(filter, advanced);
            assert!(text.starts_with(unsupported), "{filter}: {text}");
        }
        assert!(refused("nickname eq 'x'", false).contains("'nickname'"));
        for filter in [
            "mail eq 'o'neil@contoso.com'",
            "mail eq 'x",
            "mail",
            "",
            "mail eq x",
            "mail eq 'a' or",
        ] {
            let text = refused(filter, false);
            assert!(text.contains("Syntax error"), "{filter}: {text}");
        }
    }
}
