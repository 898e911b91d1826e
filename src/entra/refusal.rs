//! Reads what Graph says when it does not do what was asked ("Microsoft Graph error responses and resource types").
//!
//! Only the code and the request's id are kept. The message is for people, changes, and may hold a user's name.

use serde::Deserialize;

use super::transport::Answer;

/// An answer of Graph that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The most detailed code, such as `Authorization_RequestDenied`.
    pub(super) code: Option<String>,
    /// The id by which Microsoft's support finds the request.
    pub(super) request_id: Option<String>,
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

/// Reads an answer. Whatever its body is, the status is told.
pub(super) fn read(answer: &Answer) -> Refusal {
    let envelope: Option<Envelope> = answer
        .body
        .as_ref()
        .ok()
        .and_then(|body| serde_json::from_slice(body).ok());
    let mut code = None;
    let mut inner_id = None;
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
pub(super) fn request_id(answer: &Answer) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

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
