//! Spans of time as templates and host.json write them.

use std::time::Duration;

/// Reads `hh:mm:ss`, or an ISO 8601 span of days, hours, minutes and seconds such as `P7D` or `PT1M30S`.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    match text.strip_prefix('P') {
        Some(rest) => iso(rest),
        None => clock(text),
    }
}

fn clock(text: &str) -> Option<Duration> {
    let [hours, minutes, seconds]: [&str; 3] =
        text.split(':').collect::<Vec<_>>().try_into().ok()?;
    let [hours, minutes, seconds] = [hours, minutes, seconds].map(|it| it.parse::<u64>().ok());
    Some(Duration::from_secs(
        hours? * 3_600 + minutes? * 60 + seconds?,
    ))
}

fn iso(rest: &str) -> Option<Duration> {
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let seconds = sum(days, &[('D', 86_400)])? + sum(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    (!rest.is_empty()).then(|| Duration::from_secs(seconds))
}

/// The seconds in a row of numbers with a unit each.
fn sum(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut seconds = 0;
    while !text.is_empty() {
        let end = text.find(|it: char| !it.is_ascii_digit())?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let (_, length) = units.iter().find(|(it, _)| *it == unit)?;
        seconds += number.parse::<u64>().ok()? * length;
        text = rest.get(1..)?;
    }
    Some(seconds)
}
