//! Spans of time are read, and what is none is not.

use std::time::Duration;

use template::duration::parse;

#[test]
fn both_forms_are_read() {
    for (text, seconds) in [
        ("00:10:00", 600),
        ("01:02:03", 3_723),
        ("PT1M", 60),
        ("PT5M30S", 330),
        ("P7D", 604_800),
        ("P1DT2H", 93_600),
    ] {
        assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
    }
}

#[test]
fn what_is_no_span_is_not_read() {
    for text in ["", "P", "10", "00:10", "PT5", "P5M", "7D", "PTxM"] {
        assert_eq!(parse(text), None, "{text}");
    }
}
