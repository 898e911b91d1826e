//! Extracts the single bearer token from a request's `Authorization` headers.

use super::refusal::Refusal;

/// The longest token that is read. Those of Entra ID take a few KiB; the Functions host refuses headers of 32 KiB.
const LONGEST: usize = 16 * 1024;

/// The token, if there is exactly one. Several headers, or several tokens in one header, are refused: an intermediary
/// may have chosen another one than this program would.
pub(super) fn only_one<'a>(authorization: &[&'a str]) -> Result<&'a str, Refusal> {
    let value = match authorization {
        [] => return Err(Refusal::NoToken),
        [value] => value.trim(),
        _ => return Err(Refusal::SeveralTokens),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoToken);
    }
    let token = token.trim_start();
    if token.is_empty() {
        return Err(Refusal::NoToken);
    }
    if token.contains([' ', ',', '\t']) {
        return Err(Refusal::SeveralTokens);
    }
    if token.len() > LONGEST {
        return Err(Refusal::NoEntraToken);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_token_is_taken() {
        assert_eq!(only_one(&["Bearer a.b.c"]), Ok("a.b.c"));
        assert_eq!(only_one(&["bearer  a.b.c "]), Ok("a.b.c"));
        for none in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Basic YTpi"],
            &["a.b.c"],
        ] {
            assert_eq!(only_one(none), Err(Refusal::NoToken), "{none:?}");
        }
        for several in [
            &["Bearer a.b.c", "Bearer a.b.c"][..],
            &["Bearer a.b.c, Bearer d.e.f"],
            &["Bearer a.b.c Bearer d.e.f"],
            &["Bearer a.b.c,d.e.f"],
        ] {
            assert_eq!(
                only_one(several),
                Err(Refusal::SeveralTokens),
                "{several:?}"
            );
        }
        let large = format!("Bearer {}", "a".repeat(1024 * 1024));
        assert_eq!(only_one(&[&large]), Err(Refusal::NoEntraToken));
    }
}
