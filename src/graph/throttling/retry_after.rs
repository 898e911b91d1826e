//! Reads how long Graph asks to wait.
//!
//! `Retry-After` is a number of seconds or an HTTP date (RFC 9110). Graph's own guidance prints `Retry-After: 2.128`
//! ("Microsoft Graph throttling guidance"), so decimals are read too, and rounded up to the whole second.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// The longest wait that is believed. The longest window over which Graph counts is five minutes ("Microsoft Graph
/// service-specific throttling limits"); a longer wait than twice that is a mistake, and must not silence the app.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// How long to wait, counted from the moment of the answer.
///
/// `None` where the text cannot be read, is negative, or is a moment that has passed: the caller then waits as if there
/// were no such header. A wait over [`LONGEST`] counts as [`LONGEST`].
///
/// `date` is the moment of the answer, by the clock that a date is to be compared with: the answer's own `Date` header.
pub(crate) fn parse(text: &str, date: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds > 0.0 => {
            Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(LONGEST)
        }
        Ok(seconds) if seconds.is_infinite() && seconds.is_sign_positive() => LONGEST,
        Ok(_) => return None,
        Err(_) => {
            let until = http_date(text)?.duration_since(date);
            if until <= SignedDuration::ZERO {
                return None;
            }
            until.unsigned_abs()
        }
    };
    Some(wait.min(LONGEST))
}

/// Reads an HTTP date, such as `Tue, 07 Oct 2025 08:41:03 GMT`.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let date = http_date("Tue, 07 Oct 2025 08:41:03 GMT").unwrap();
        parse(text, date).map(|wait| {
            assert_eq!(wait.subsec_nanos(), 0, "{text}");
            wait.as_secs()
        })
    }

    #[test]
    fn whole_seconds_are_taken_as_they_are() {
        assert_eq!(seconds("12"), Some(12));
        assert_eq!(seconds(" 30 "), Some(30));
    }

    #[test]
    fn decimals_are_rounded_up() {
        assert_eq!(seconds("2.128"), Some(3));
        assert_eq!(seconds("0.001"), Some(1));
        assert_eq!(seconds("2.0"), Some(2));
    }

    #[test]
    fn a_date_counts_from_the_answers_own_date() {
        assert_eq!(seconds("Tue, 07 Oct 2025 08:41:33 GMT"), Some(30));
        assert_eq!(seconds("Tue, 07 Oct 2025 08:41:03 GMT"), None);
        assert_eq!(seconds("Mon, 06 Oct 2025 08:41:33 GMT"), None);
    }

    #[test]
    fn what_makes_no_sense_is_bounded_or_ignored() {
        for text in [
            "999999999999",
            "1e300",
            "inf",
            "Fri, 01 Jan 2100 00:00:00 GMT",
        ] {
            assert_eq!(seconds(text), Some(600), "{text}");
        }
        for text in [
            "",
            "-1",
            "-0.5",
            "0",
            "NaN",
            "-inf",
            "soon",
            "12 s",
            "Tue, 32 Oct 2025 08:41:33 GMT",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_zero_or_longer_than_the_bound(text in "\\PC{0,40}") {
            if let Some(wait) = parse(&text, Timestamp::UNIX_EPOCH) {
                prop_assert!(wait > Duration::ZERO && wait <= LONGEST);
            }
        }

        #[test]
        fn a_number_is_never_cut_short(number in 0.001_f64..600.0) {
            let wait = parse(&number.to_string(), Timestamp::UNIX_EPOCH).unwrap();
            prop_assert!(wait.as_secs_f64() >= number);
        }
    }
}
