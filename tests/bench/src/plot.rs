//! The growth of the cost, as a small picture: the processor time per user against the number of users in one alert,
//! both scales logarithmic. A line that does not rise is linear growth or better.

use std::fmt::Write as _;

use crate::figures::{Measured, Point};
use crate::table::short;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 548.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 252.0;

/// One per line; they differ in brightness as well as in hue.
const COLOURS: [&str; 4] = ["#c2410c", "#475569", "#1d4ed8", "#15803d"];

/// The picture as SVG.
#[must_use]
pub fn plot(measured: &Measured) -> String {
    let lines: Vec<(&str, &[Point])> = measured
        .programs
        .iter()
        .filter(|program| !program.growth.is_empty())
        .map(|program| (program.name.as_str(), program.growth.as_slice()))
        .collect();
    let points = || lines.iter().flat_map(|(_, points)| points.iter());
    let costs = || points().map(|point| point.processor_milliseconds_a_user);
    let least = costs().fold(f64::INFINITY, f64::min);
    let most = costs().fold(0.0, f64::max);
    let widest = points().map(|point| point.users).max().unwrap_or(1);
    let across = Scale::of(1.0, number(widest), LEFT, RIGHT);
    let up = Scale::of(least, most, BOTTOM, TOP);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#1f2937\">\n\
         <title>Processor time for each user, by the number of users in one alert</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-weight=\"bold\">Processor time for each user, in milliseconds</text>\n"
    );
    for at in across.powers() {
        let x = across.place(at);
        vertical(&mut svg, x, &plain(at));
    }
    for at in up.powers() {
        let y = up.place(at);
        horizontal(&mut svg, y, &plain(at));
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    push(
        &mut svg,
        format_args!(
            "<text x=\"{middle}\" y=\"288\" text-anchor=\"middle\">users in one alert</text>\n"
        ),
    );
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        line(&mut svg, name, points, colour, &across, &up);
    }
    svg.push_str("</svg>\n");
    svg
}

fn line(svg: &mut String, name: &str, points: &[Point], colour: &str, across: &Scale, up: &Scale) {
    let places: Vec<(f64, f64)> = points
        .iter()
        .map(|point| {
            (
                across.place(number(point.users)),
                up.place(point.processor_milliseconds_a_user),
            )
        })
        .collect();
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    push(
        svg,
        format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            path.join(" ")
        ),
    );
    for (x, y) in &places {
        push(
            svg,
            format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>\n"),
        );
    }
    if let (Some((x, y)), Some(last)) = (places.last(), points.last()) {
        push(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name} {}</text>\n",
                x + 8.0,
                y + 4.0,
                short(last.processor_milliseconds_a_user)
            ),
        );
    }
}

fn vertical(svg: &mut String, x: f64, label: &str) {
    push(
        svg,
        format_args!(
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{BOTTOM}\" stroke=\"#e5e7eb\"/>\n\
             <text x=\"{x:.1}\" y=\"268\" text-anchor=\"middle\">{label}</text>\n"
        ),
    );
}

fn horizontal(svg: &mut String, y: f64, label: &str) {
    push(
        svg,
        format_args!(
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\" stroke=\"#e5e7eb\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
            LEFT - 8.0,
            y + 4.0
        ),
    );
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _written = svg.write_fmt(text);
}

/// A logarithmic scale between two powers of ten.
struct Scale {
    from: i32,
    to: i32,
    begin: f64,
    end: f64,
}

impl Scale {
    /// A scale for both values, on the way from `begin` to `end`.
    fn of(least: f64, most: f64, begin: f64, end: f64) -> Self {
        let exponent = |value: f64| {
            if value > 0.0 && value.is_finite() {
                value.log10()
            } else {
                0.0
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the exponent of a time or of a count is a small whole number after rounding"
        )]
        let (from, to) = (exponent(least).floor() as i32, exponent(most).ceil() as i32);
        Self {
            from,
            to: to.max(from + 1),
            begin,
            end,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        let value = value.max(f64::MIN_POSITIVE).log10().clamp(from, to);
        self.begin + (self.end - self.begin) * (value - from) / (to - from)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power))
    }
}

/// A power of ten without redundant digits.
fn plain(power: f64) -> String {
    if power < 10.0 {
        format!("{power}")
    } else {
        short(power)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of users are far below where a float loses whole numbers"
)]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_runs_from_power_to_power_of_ten() {
        let scale = Scale::of(0.3, 42.0, 0.0, 300.0);
        assert_eq!(
            scale.powers().map(plain).collect::<Vec<_>>(),
            ["0.1", "1", "10", "100"]
        );
        assert!((scale.place(0.1) - 0.0).abs() < 1e-9);
        assert!((scale.place(1.0) - 100.0).abs() < 1e-9);
        assert!((scale.place(100.0) - 300.0).abs() < 1e-9);
        assert!((scale.place(1e9) - 300.0).abs() < 1e-9);
    }
}
