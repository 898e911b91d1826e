//! Why a request is not an invocation. The text names the place and what was expected there, and repeats nothing of the
//! content.

use std::fmt;

/// The error for a request that the Functions host cannot have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    path: String,
    expected: &'static str,
    position: Option<(usize, usize)>,
}

/// The names that may appear in a path. Any other name came from outside, and the path ends before it.
const NAMES: [&str; 15] = [
    "Body",
    "CorrelationId",
    "Data",
    "DeliveryCount",
    "EnqueuedTime",
    "EnqueuedTimeUtc",
    "Headers",
    "LockToken",
    "MessageId",
    "Metadata",
    "Method",
    "SequenceNumber",
    "message",
    "req",
    "X-Azure-Functions-InvocationId",
];

impl InvocationError {
    pub(super) fn at(path: &str, expected: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            expected,
            position: None,
        }
    }

    /// The error for a missing or malformed invocation id.
    pub(super) fn no_id() -> Self {
        Self::at(
            "X-Azure-Functions-InvocationId",
            "the id that the Functions host gives to an invocation: letters, digits, `-`, `_` and `.`, at most 128",
        )
    }

    /// Converts the parser's error. Its own message is dropped, because it may repeat the input.
    pub(super) fn from_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = known(&error.path().to_string());
        let inner = error.inner();
        let expected = if inner.is_data() {
            expected_at(&path)
        } else {
            "JSON in UTF-8, a plain value in it of at most 127 levels, as the Functions host writes it"
        };
        Self {
            path,
            expected,
            position: Some((inner.line(), inner.column())),
        }
    }

    /// The place: a JSON path, or the name of a header. It contains no name that came from outside.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some((line, column)) = self.position {
            write!(f, " (line {line}, column {column})")?;
        }
        write!(f, ": expected {}", self.expected)
    }
}

impl std::error::Error for InvocationError {}

/// The longest prefix of a path that consists of known names; `$` if there is none.
fn known(path: &str) -> String {
    let names: Vec<&str> = path
        .split(['.', '['])
        .take_while(|name| NAMES.contains(name))
        .collect();
    if names.is_empty() {
        "$".to_owned()
    } else {
        names.join(".")
    }
}

fn expected_at(path: &str) -> &'static str {
    match path {
        "$" => "an object with `Data` and `Metadata`",
        "Data" => "an object that holds the trigger's value",
        "Data.req" => {
            "the HTTP request as an object with `Method`; the trigger's binding has to be named `req`"
        }
        "Data.req.Headers" => "an object with a list of texts for each name",
        "Data.req.Method" => "the HTTP method",
        "Metadata" => "an object",
        _ => "a value as the Functions host writes it",
    }
}
