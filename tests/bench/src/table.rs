//! The figures as a table in Markdown: a row for each measurement, a column for each program. The value of another
//! program is followed by its multiple of Evict's.

use crate::figures::{Figures, Measured, Point};
use crate::measure::memory;
use crate::samples::Spread;

/// One row: its name, and its text for a program compared with the first one.
type Row = (String, fn(&Figures, &Figures) -> Option<String>);

fn rows() -> Vec<Row> {
    vec![
        (
            "process start to the first answered probe".to_owned(),
            |of, first| Some(spread(of.start_to_probe?, first.start_to_probe)),
        ),
        (
            "process start to the first user cut".to_owned(),
            |of, first| Some(spread(of.start_to_cut?, first.start_to_cut)),
        ),
        ("memory at rest".to_owned(), |of, first| {
            Some(value(of.memory_at_rest?, first.memory_at_rest, "MiB"))
        }),
        (
            format!(
                "memory, {} alerts of {} users at once",
                memory::ALERTS,
                memory::USERS
            ),
            |of, first| {
                Some(value(
                    of.memory_under_storm?,
                    first.memory_under_storm,
                    "MiB",
                ))
            },
        ),
        (
            "added to an alert besides Graph's time, half of them".to_owned(),
            |of, first| Some(value(of.added?.p50, first.added.map(|it| it.p50), "ms")),
        ),
        ("the same, 99 of 100".to_owned(), |of, first| {
            Some(value(of.added?.p99, first.added.map(|it| it.p99), "ms"))
        }),
        ("alerts a second on one core".to_owned(), |of, first| {
            let other = first.rate.map(|rate| rate.a_processor_second);
            Some(value(of.rate?.a_processor_second, other, ""))
        }),
        ("reading an incident of 10 MB".to_owned(), |of, first| {
            let other = first.parse_megabytes_a_second;
            Some(value(of.parse_megabytes_a_second?, other, "MB/s"))
        }),
        (
            "alert received to revocation on the wire".to_owned(),
            |of, _| {
                let it = of.to_revocation?;
                let trips = if it.round_trips == 1 { "trip" } else { "trips" };
                Some(format!(
                    "{} round {trips} + {} ms",
                    it.round_trips,
                    short(it.milliseconds)
                ))
            },
        ),
        (
            "processor time for each user, 100 in one alert".to_owned(),
            |of, first| a_user(of, first, 100),
        ),
        ("the same, 10,000 in one alert".to_owned(), |of, first| {
            a_user(of, first, 10_000)
        }),
        ("deployed".to_owned(), |of, _| {
            let size = of.size.as_ref()?;
            Some(format!("{} MiB ({})", short(size.mebibytes), size.of))
        }),
    ]
}

/// The names of the rows, in their order.
#[must_use]
pub fn row_names() -> Vec<String> {
    rows().into_iter().map(|(name, _)| name).collect()
}

/// The rows for README.
const FOR_README: [&str; 3] = [
    "alert received to revocation on the wire",
    "added to an alert besides Graph's time, half of them",
    "memory at rest",
];

/// The table.
#[must_use]
pub fn table(measured: &Measured) -> String {
    table_of(measured, rows())
}

/// The table of three rows.
#[must_use]
pub fn three_figures(measured: &Measured) -> String {
    let mut all = rows();
    let chosen = FOR_README.iter().filter_map(|name| {
        let place = all.iter().position(|(row, _)| row == name)?;
        Some(all.swap_remove(place))
    });
    let chosen: Vec<Row> = chosen.collect();
    table_of(measured, chosen)
}

fn table_of(measured: &Measured, rows: Vec<Row>) -> String {
    let names: Vec<&str> = measured
        .programs
        .iter()
        .map(|program| program.name.as_str())
        .collect();
    let mut lines = vec![
        format!("| | {} |", names.join(" | ")),
        format!("| --- |{}", " --- |".repeat(names.len())),
    ];
    if let Some(first) = measured.programs.first() {
        for (name, cell) in rows {
            let cells = measured
                .programs
                .iter()
                .map(|program| cell(program, first).unwrap_or_else(|| "—".to_owned()));
            let cells: Vec<String> = cells.collect();
            lines.push(format!("| {name} | {} |", cells.join(" | ")));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn a_user(of: &Figures, first: &Figures, users: usize) -> Option<String> {
    let at = |figures: &Figures| -> Option<f64> {
        let is_meant = |point: &&Point| point.users == users;
        let point = figures.growth.iter().find(is_meant)?;
        Some(point.processor_milliseconds_a_user)
    };
    Some(value(at(of)?, at(first), "ms"))
}

fn value(value: f64, first: Option<f64>, unit: &str) -> String {
    let text = format!("{} {unit}", short(value));
    format!("{}{}", text.trim_end(), times(value, first))
}

fn spread(spread: Spread, first: Option<Spread>) -> String {
    format!(
        "{} ms ({}–{}){}",
        short(spread.median),
        short(spread.least),
        short(spread.greatest),
        times(spread.median, first.map(|first| first.median))
    )
}

/// The multiple of the first program's value; empty for the first program itself.
fn times(value: f64, first: Option<f64>) -> String {
    match first {
        Some(first) if first > 0.0 && (value - first).abs() > f64::EPSILON => {
            format!(", {} ×", short(value / first))
        }
        Some(_) | None => String::new(),
    }
}

/// A number for people: two significant digits, and all of those before the point.
#[must_use]
pub fn short(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 9.95 || value == 0.0 => 0,
        value if value >= 0.995 => 1,
        value if value >= 0.0995 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some(_) => text,
        None => grouped(&text),
    }
}

/// Whole numbers with a comma between thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_may_be() {
        let texts: Vec<String> = [
            0.0, 0.01234, 0.0996, 0.5, 0.999, 1.26, 9.96, 12.4, 1234.5, 1e6,
        ]
        .into_iter()
        .map(short)
        .collect();
        assert_eq!(
            texts,
            [
                "0",
                "0.012",
                "0.10",
                "0.50",
                "1.0",
                "1.3",
                "10",
                "12",
                "1,234",
                "1,000,000"
            ]
        );
    }
}
