//! Reads whether a service says that the next call is one too many.
//!
//! Azure Resource Manager tells with each answer how many calls are left, in headers that begin with
//! `x-ms-ratelimit-remaining-` ("Request limits and throttling", Azure Resource Manager). Graph sends none of these.

use crate::http::Answer;

const PREFIX: &str = "x-ms-ratelimit-remaining-";

/// Whether one of the limits that an answer tells of has nothing left.
pub(crate) fn are_used_up(answer: &Answer) -> bool {
    answer
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with(PREFIX))
        .filter_map(|(_, value)| value.to_str().ok()?.trim().parse::<i64>().ok())
        .any(|left| left <= 0)
}

#[cfg(test)]
mod tests {
    use crate::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_limit_is_used_up_when_nothing_is_left_of_it() {
        let used_up = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            are_used_up(&Answer {
                status: 200,
                headers: pairs.collect(),
                body: Ok(Vec::new()),
            })
        };
        assert!(used_up(&[
            ("x-ms-ratelimit-remaining-subscription-reads", "249"),
            ("x-ms-ratelimit-remaining-subscription-writes", "0"),
        ]));
        for left in ["1", "11999", "", "many"] {
            assert!(!used_up(&[(
                "x-ms-ratelimit-remaining-subscription-writes",
                left
            )]));
        }
        assert!(!used_up(&[("x-ms-resource-unit", "0")]));
    }
}
