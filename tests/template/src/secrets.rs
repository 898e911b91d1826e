//! Finds secrets in a text: keys, connection strings, signatures, tokens, and calls that fetch such things while a template
//! is deployed. A finding says what kind of secret stands on which line, and never repeats it.

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: &'static str,
}

/// Words, in lower case, that stand only where a secret follows or is fetched.
const WORDS: &[(&str, &str)] = &[
    ("accountkey=", "a storage connection string"),
    ("defaultendpointsprotocol=", "a storage connection string"),
    ("sharedaccesskey=", "a Service Bus connection string"),
    ("endpoint=sb://", "a Service Bus connection string"),
    ("sharedaccesssignature", "a shared access signature"),
    ("instrumentationkey=", "an instrumentation key"),
    ("-----begin", "a private key or certificate"),
    ("client_secret", "a client secret"),
    ("clientsecret", "a client secret"),
];

/// Words, in lower case, before a value that is a secret if it is long enough to be one.
const BEFORE_A_VALUE: &[(&str, &str)] = &[
    ("sig=", "a shared access signature"),
    ("code=", "a function key"),
    ("x-functions-key", "a function key"),
    ("password", "a password"),
    ("bearer ", "a token"),
];

/// A workflow's own expression for where its trigger is to be called back. It looks like a call that fetches keys, but is
/// evaluated when the workflow runs and not in a deployment, and what it comes to is seen by the caller alone.
const CALLBACK: &str = "@{listCallbackUrl()}";

/// The shortest value that counts as a secret after one of these words.
const SHORTEST: usize = 12;

/// The shortest run of base64 characters that counts as a key: 32 bytes.
const KEY_LENGTH: usize = 43;

/// The secrets in a text.
#[must_use]
pub fn scan(text: &str) -> Vec<Secret> {
    (1..)
        .zip(text.lines())
        .filter_map(|(line, it)| kind_of(it).map(|kind| Secret { line, kind }))
        .collect()
}

fn kind_of(line: &str) -> Option<&'static str> {
    let line = line.replace(CALLBACK, "");
    let lower = line.to_lowercase();
    let by_word = WORDS.iter().find(|(word, _)| lower.contains(word));
    if let Some((_, kind)) = by_word {
        return Some(kind);
    }
    if fetches_keys(&line) {
        return Some("a call that fetches keys");
    }
    let by_value = BEFORE_A_VALUE.iter().find(|(word, _)| {
        lower
            .match_indices(word)
            .any(|(at, _)| is_value(lower.get(at + word.len()..).unwrap_or_default()))
    });
    if let Some((_, kind)) = by_value {
        return Some(kind);
    }
    line.split(|it: char| !is_base64(it)).find_map(key_or_token)
}

/// Whether one of Azure's `list…` functions is called, which return keys.
fn fetches_keys(line: &str) -> bool {
    line.match_indices("list").any(|(at, _)| {
        let before = line.get(..at).and_then(|it| it.chars().next_back());
        let rest = line.get(at + 4..).unwrap_or_default();
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric());
        let name = end.and_then(|end| rest.get(..end)).unwrap_or_default();
        !before.is_some_and(char::is_alphanumeric)
            && name.starts_with(|it: char| it.is_ascii_uppercase())
            && rest.get(name.len()..).is_some_and(|it| it.starts_with('('))
    })
}

/// Whether a value follows, after a separator and quotes, that is long enough and neither an expression nor a blank.
fn is_value(rest: &str) -> bool {
    let value = rest.trim_start_matches(|it: char| {
        it == ':' || it == '=' || it == ' ' || it == '\'' || it == '"'
    });
    let length = value
        .chars()
        .take_while(|it| is_base64(*it) || matches!(it, '%' | '-' | '_' | '.'))
        .count();
    length >= SHORTEST
}

fn key_or_token(run: &str) -> Option<&'static str> {
    let body = run.trim_end_matches('=');
    let has = |test: fn(&char) -> bool| body.chars().any(|it| test(&it));
    let is_mixed =
        has(char::is_ascii_digit) && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    if body.starts_with("eyJ") && body.len() >= 20 {
        return Some("a token");
    }
    (body.len() >= KEY_LENGTH && is_mixed && !body.contains("//")).then_some("a key")
}

fn is_base64(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '=')
}
