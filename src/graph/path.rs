//! Puts identifiers into URLs. Nothing else in this room writes a path or a query, and nothing reaches one raw.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{GroupId, UserId, UserPrincipalName};

/// Everything but the unreserved characters of RFC 3986, and `@`, which stands for itself in a path segment and keeps a
/// path readable in Graph's own logs.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The path of a user by object id.
pub(crate) fn user(id: UserId) -> String {
    user_in("/users", id)
}

/// The path of what a collection, whose name is ours, holds of a user.
pub(crate) fn user_in(collection: &'static str, id: UserId) -> String {
    format!("{collection}/{id}")
}

/// The path of a user by user principal name.
///
/// A name that begins with `$` would be taken for a system segment and answered 400, so it is written as a key:
/// `/users('$x@y.com')` ("Get a user", Tip).
pub(crate) fn user_by_name(name: &UserPrincipalName) -> String {
    match name.as_str().strip_prefix('$') {
        Some(rest) => format!("/users('${}')", encoded(&doubled(rest))),
        None => format!("/users/{}", encoded(name.as_str())),
    }
}

/// The path of a group.
pub(crate) fn group(id: GroupId) -> String {
    format!("/groups/{id}")
}

/// A query of system options, such as `?$select=id&$top=2`. Names are ours; values are encoded here.
pub(crate) fn query(options: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (index, (name, value)) in options.iter().enumerate() {
        let mark = if index == 0 { '?' } else { '&' };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{mark}${name}={}", encoded_value(value));
    }
    text
}

/// `property eq 'value'`, with the value as a literal: a quotation mark in it is doubled (OData 4.01 URL conventions).
pub(crate) fn equals(property: &str, value: &str) -> String {
    format!("{property} eq '{}'", doubled(value))
}

fn doubled(value: &str) -> String {
    value.replace('\'', "''")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn encoded_value(text: &str) -> String {
    const VALUE: &AsciiSet = &SEGMENT.remove(b',');
    utf8_percent_encode(text, VALUE).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_name(text: &str) -> String {
        user_by_name(&text.parse().unwrap())
    }

    #[test]
    fn a_plain_name_stays_readable() {
        assert_eq!(by_name("alice@contoso.com"), "/users/alice@contoso.com");
    }

    #[test]
    fn the_hash_of_an_external_user_is_encoded() {
        assert_eq!(
            by_name("AdeleVance_adatum.com#EXT#@contoso.onmicrosoft.com"),
            "/users/AdeleVance_adatum.com%23EXT%23@contoso.onmicrosoft.com"
        );
    }

    #[test]
    fn a_name_that_begins_with_a_dollar_sign_is_written_as_a_key() {
        assert_eq!(by_name("$x@y.com"), "/users('$x@y.com')");
        assert_eq!(by_name("$o'neil@y.com"), "/users('$o%27%27neil@y.com')");
    }

    #[test]
    fn an_apostrophe_is_encoded_in_a_path_and_doubled_in_a_filter() {
        assert_eq!(by_name("o'neil@contoso.com"), "/users/o%27neil@contoso.com");
        assert_eq!(
            query(&[("filter", &equals("mail", "o'neil@contoso.com"))]),
            "?$filter=mail%20eq%20%27o%27%27neil@contoso.com%27"
        );
    }

    #[test]
    fn letters_beyond_ascii_are_encoded() {
        assert_eq!(
            by_name("jürgen@contoso.com"),
            "/users/j%C3%BCrgen@contoso.com"
        );
    }

    #[test]
    fn options_follow_each_other() {
        assert_eq!(
            query(&[("select", "id,mail"), ("top", "2")]),
            "?$select=id,mail&$top=2"
        );
    }

    proptest! {
        #[test]
        fn no_name_steps_out_of_its_segment(text in "[^@]{1,30}@[a-z]{1,8}\\.com") {
            if let Ok(name) = text.parse::<UserPrincipalName>() {
                let url = url::Url::parse(&format!("https://graph.microsoft.com/v1.0{}", user_by_name(&name))).unwrap();
                prop_assert_eq!(url.host_str(), Some("graph.microsoft.com"));
                prop_assert!(url.query().is_none());
                prop_assert!(url.fragment().is_none());
                prop_assert!(url.path().starts_with("/v1.0/users"));
                prop_assert!(url.path().split('/').count() <= 4);
                let last = url.path().rsplit('/').next().unwrap();
                let decoded = percent_encoding::percent_decode_str(last).decode_utf8().unwrap().into_owned();
                let expected = name.as_str().strip_prefix('$').map_or_else(
                    || name.as_str().to_owned(),
                    |rest| format!("users('${}')", rest.replace('\'', "''")),
                );
                prop_assert_eq!(decoded, expected);
            }
        }

        #[test]
        fn no_value_ends_its_literal(text in "\\PC{0,40}") {
            let filter = equals("mail", &text);
            let inner = filter.strip_prefix("mail eq '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
            prop_assert_eq!(inner.replace("''", "").matches('\'').count(), 0);
            let url = url::Url::parse(&format!("https://graph.microsoft.com/v1.0/users{}", query(&[("filter", &filter)]))).unwrap();
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![("$filter".to_owned(), filter)]);
        }
    }
}
