//! Times in the forms that senders really write.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Forms without a zone, besides ISO 8601. Such times are UTC.
const FORMS: [&str; 4] = [
    // "3/22/2019 1:36:31 PM": search results and diagnostic settings.
    "%m/%d/%Y %I:%M:%S %p",
    // "10/04/2026 15:31:55": what a .NET host writes in its invariant culture.
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M",
];

/// Parses an instant. `None` for the year 1, which .NET writes for "unknown".
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        let plain = text.strip_suffix([' ', 'Z', 'z']).unwrap_or(text);
        let civil = plain.parse::<DateTime>().ok().or_else(|| {
            FORMS
                .iter()
                .find_map(|form| DateTime::strptime(form, text).ok())
        })?;
        TimeZone::UTC.to_timestamp(civil).ok()
    });
    let instant = instant
        .or_else(|| of_javascript(text))
        .or_else(|| Some(rfc2822::parse(text).ok()?.timestamp()))?;
    (instant > UNKNOWN).then_some(instant)
}

/// "/Date(1790948191000)/", with or without a zone: what Windows PowerShell's ConvertTo-Json and .NET's
/// `DataContractJsonSerializer` write. The number is milliseconds since 1970 in UTC, whatever the zone ("Stand-Alone
/// JSON Serialization", .NET documentation).
fn of_javascript(text: &str) -> Option<Timestamp> {
    let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let zone = inside
        .char_indices()
        .skip(1)
        .find(|(_, sign)| matches!(sign, '+' | '-'));
    let milliseconds = zone.map_or(inside, |(place, _)| &inside[..place]);
    Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()
}

/// Midnight of the second day of the year 1. The "unknown" of every time zone is earlier.
const UNKNOWN: Timestamp = Timestamp::constant(-62_135_510_400, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_occurs() {
        for text in [
            "2026-10-02T13:36:31Z",
            "2026-10-02T13:36:31.0000000Z",
            "2026-10-02T15:36:31+02:00",
            "2026-10-02T13:36:31",
            "2026-10-02 13:36:31Z",
            "2026-10-02 13:36:31",
            "10/2/2026 1:36:31 PM",
            "10/02/2026 01:36:31 pm",
            "10/02/2026 13:36:31",
            "/Date(1790948191000)/",
            "/Date(1790948191000+0200)/",
            "Fri, 02 Oct 2026 15:36:31 +0200",
            "Fri, 2 Oct 2026 13:36:31 GMT",
        ] {
            assert_eq!(
                read(text).map(|time| time.to_string()).as_deref(),
                Some("2026-10-02T13:36:31Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_names_no_instant_is_unknown() {
        for text in [
            "",
            "yesterday",
            "0001-01-01T00:00:00Z",
            "0001-01-02T00:00:00Z",
            "1/1/0001 12:00:00 AM",
            "2026-13-02T00:00:00Z",
            "42",
            "/Date()/",
            "/Date(soon)/",
            "/Date(é+0200)/",
            "/Date(-62135596800000)/",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
