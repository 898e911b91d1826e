//! Reads what Graph says when it does not do what was asked ("Microsoft Graph error responses and resource types").
//!
//! Only the code and the request's id are kept. The message is for people, changes, and may hold a user's name; where it alone
//! tells why something is denied it is kept too, without anything that may be a name.

use serde::Deserialize;

use crate::http::Answer;

/// An answer of Graph that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The most detailed code, such as `Authorization_RequestDenied`.
    pub(crate) code: Option<String>,
    /// The id by which Microsoft's support finds the request.
    pub(crate) request_id: Option<String>,
    /// Why it is denied, in Graph's own words; only of a 403, and of a write.
    pub(crate) message: Option<String>,
}

/// The codes by which Graph says that what was asked for is not there: the directory's own ("Microsoft Graph error responses
/// and resource types"; the answers recorded of users and groups), and the one that is documented for other resources.
const ABSENT: [&str; 2] = ["Request_ResourceNotFound", "ResourceNotFound"];

impl Refusal {
    /// Whether Graph itself says that what was asked for is not there. A 404 of any other form is not an answer to that: a
    /// gateway gives one, and Graph does for things that exist (microsoftgraph/microsoft-graph-docs, issues 2290 and 11430).
    pub(super) fn says_absent(&self) -> bool {
        self.status == 404
            && self
                .code
                .as_deref()
                .is_some_and(|code| ABSENT.contains(&code))
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default)]
    message: serde_json::Value,
    #[serde(rename = "request-id", default)]
    request_id: serde_json::Value,
    // Written `innerError` on the wire and `innererror` in the documentation's table.
    #[serde(rename = "innerError", alias = "innererror")]
    inner: Option<Box<Problem>>,
}

/// Reads an answer. The status counts, whatever the body is.
pub(crate) fn read(answer: &Answer) -> Refusal {
    let envelope: Option<Envelope> = answer
        .body
        .as_ref()
        .ok()
        .and_then(|body| serde_json::from_slice(body).ok());
    let mut code = None;
    let mut inner_id = None;
    let message = envelope
        .as_ref()
        .filter(|_| answer.status == 403)
        .and_then(|envelope| envelope.error.message.as_str())
        .and_then(nameless);
    let mut problem = envelope.as_ref().map(|envelope| &envelope.error);
    while let Some(deeper) = problem {
        // The inner code of a throttled answer is the bare status, which says less than the outer one.
        let named = deeper.code.as_str().and_then(plain);
        code = named
            .and_then(|named| told_by_pim(&named, deeper).or(Some(named)))
            .filter(|code| !code.bytes().all(|b| b.is_ascii_digit()))
            .or(code);
        inner_id = inner_id.or_else(|| deeper.request_id.as_str().and_then(plain));
        problem = deeper.inner.as_deref();
    }
    Refusal {
        status: answer.status,
        code,
        request_id: request_id(answer).or(inner_id),
        message,
    }
}

/// Privileged Identity Management says its code inside the message, as a JSON document, under the outer code `UnknownError`
/// (microsoftgraph/microsoft-graph-docs-contrib, issue 17).
fn told_by_pim(code: &str, problem: &Problem) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inside {
        error_code: String,
    }
    if code != "UnknownError" {
        return None;
    }
    let inside: Inside = serde_json::from_str(problem.message.as_str()?).ok()?;
    plain(&inside.error_code)
}

/// The id by which Microsoft's support finds the request: Graph's header, or else Azure Resource Manager's.
pub(crate) fn request_id(answer: &Answer) -> Option<String> {
    ["request-id", "x-ms-request-id"]
        .iter()
        .find_map(|name| answer.header(name))
        .and_then(plain)
}

/// The text, if it is a short plain word: it goes into log lines and receipts.
fn plain(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!text.is_empty() && text.len() <= 80 && text.chars().all(allowed)).then(|| text.to_owned())
}

/// The most characters of a message that are kept.
const LONGEST_MESSAGE: usize = 200;

/// A message on one line, without words that hold an address, a path or a quotation: those may name somebody. `None` if it is
/// a document, or nothing is left.
fn nameless(text: &str) -> Option<String> {
    let is_plain = |word: &&str| {
        word.chars().all(|c| {
            c.is_alphanumeric()
                || matches!(c, '.' | ',' | ';' | ':' | '-' | '_' | '(' | ')' | '!' | '?')
        })
    };
    if text.trim_start().starts_with(['{', '[', '<']) {
        return None;
    }
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| if is_plain(&word) { word } else { "…" })
        .collect();
    let message: String = words.join(" ").chars().take(LONGEST_MESSAGE).collect();
    message
        .chars()
        .any(char::is_alphanumeric)
        .then_some(message)
}

#[cfg(test)]
mod tests {
    use crate::http::header::HeaderMap;

    use super::*;

    fn refusal(body: &str) -> Refusal {
        read(&Answer {
            status: 429,
            headers: HeaderMap::new(),
            body: Ok(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn what_is_no_short_plain_word_is_no_code() {
        let code = |code: &str| refusal(&format!(r#"{{"error":{{"code":"{code}"}}}}"#)).code;
        assert_eq!(code(&"a".repeat(80)), Some("a".repeat(80)));
        for text in [&"a".repeat(81), "two words", "<b>", ""] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn only_graphs_own_word_says_that_something_is_not_there() {
        let says_absent = |status: u16, body: &str| {
            read(&Answer {
                status,
                headers: HeaderMap::new(),
                body: Ok(body.as_bytes().to_vec()),
            })
            .says_absent()
        };
        let code = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"x"}}}}"#);
        assert!(says_absent(404, &code("Request_ResourceNotFound")));
        assert!(says_absent(404, &code("ResourceNotFound")));
        assert!(!says_absent(400, &code("Request_ResourceNotFound")));
        for body in [
            &code("UnknownError"),
            &code(""),
            "",
            "<html>404</html>",
            "{}",
        ] {
            assert!(!says_absent(404, body), "{body}");
        }
    }

    #[test]
    fn why_it_is_denied_is_told_without_a_name() {
        let message = |status: u16, message: &str| {
            let body = serde_json::json!({"error": {"code": "Authorization_RequestDenied", "message": message}});
            read(&Answer {
                status,
                headers: HeaderMap::new(),
                body: Ok(body.to_string().into_bytes()),
            })
            .message
        };
        let denied = "Access to invalidate refresh tokens operation is denied.";
        assert_eq!(message(403, denied).as_deref(), Some(denied));
        assert_eq!(message(404, denied), None);
        assert_eq!(
            message(403, "User 'alice' (alice@contoso.com)\nis\u{7} denied").as_deref(),
            Some("User … … … denied")
        );
        for nothing in ["", "{\"a\": 1}", "<b>", "''"] {
            assert_eq!(message(403, nothing), None, "{nothing}");
        }
        let long = message(403, &"word ".repeat(100)).map(|text| text.chars().count());
        assert_eq!(long, Some(LONGEST_MESSAGE));
    }

    #[test]
    fn the_inner_code_is_more_detailed_unless_it_is_a_bare_status() {
        let body = r#"{"error":{"code":"badRequest","innererror":{"code":"cannotDoThis","request-id":"a-1","innerError":{}}}}"#;
        assert_eq!(refusal(body).code.as_deref(), Some("cannotDoThis"));
        assert_eq!(refusal(body).request_id.as_deref(), Some("a-1"));
        let body = r#"{"error":{"code":"TooManyRequests","innerError":{"code":"429"}}}"#;
        assert_eq!(refusal(body).code.as_deref(), Some("TooManyRequests"));
    }

    #[test]
    fn a_code_inside_the_message_is_the_most_detailed_one() {
        let message = r#"{\"errorCode\":\"PermissionScopeNotGranted\",\"message\":\"x\"}"#;
        let body = format!(r#"{{"error":{{"code":"UnknownError","message":"{message}"}}}}"#);
        let code = refusal(&body).code;
        assert_eq!(code.as_deref(), Some("PermissionScopeNotGranted"));
        let body = r#"{"error":{"code":"UnknownError","message":"{}"}}"#;
        assert_eq!(refusal(body).code.as_deref(), Some("UnknownError"));
    }

    #[test]
    fn a_body_of_another_form_leaves_the_status() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"error":"x"}"#,
            r#"{"error":{"code":7}}"#,
            r#"{"error":{"code":"a\nb"}}"#,
        ] {
            let read = refusal(body);
            assert_eq!(
                (read.status, read.code, read.request_id),
                (429, None, None),
                "{body}"
            );
        }
    }
}
