//! Reads a payload of any known shape into one [`Alert`](crate::domain::Alert).
//!
//! Each shape has a row and a file in `shapes`, with its origin and its signs; `payload` selects the shape. All shapes
//! share the accounts (`accounts`), what was stated about each (`said`), and whether it is still active (`state`).
//!
//! # Who is a subject
//! Accounts that are given as entities, evidence, risky users, callers, columns, dimensions or entries of a manual
//! message, as long as the sender still flags them. Accounts are not subjects if their role or verdict exonerates them,
//! or if their alert or risk is over. Owners, assignees, senders and recipients of messages, and users who were signed
//! in to a device are only mentioned. Free text is not read.
//!
//! # Three ways to end
//! An alert that flags at least one user; nothing to do, with the reason; malformed, with the JSON path and what was
//! expected there. A payload with several alerts becomes one alert with all their subjects, each once, in the payload's
//! order and with its flag. It is malformed if any of them is.
//!
//! # What must never be
//! Nothing here trusts the text of a payload: it reads any bytes without panicking, in time linear in their number, and
//! its messages do not repeat them. It does not decide what to do about an alert; that is the guard's.

#![deny(clippy::wildcard_enum_match_arm)]

mod accounts;
mod builder;
mod comment_by;
mod joined;
mod json;
mod nearest;
mod payload;
mod reason;
mod said;
mod shapes;
mod single;
mod state;
mod told;

pub use joined::joined;
pub use nearest::{Nearest, nearest, table, taken_for};

use crate::domain::{Malformed, Parsed, Shape};

use self::builder::{AlertBuilder, Failure};

/// Reads a payload: JSON in any known shape, or one user principal name or object id as text.
///
/// It accepts any bytes. The caller limits their number.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed {
    let read = json::text(body)
        .map_err(|problem| AlertBuilder::new(Shape::None).fail(problem))
        .and_then(|text| payload::read_text(text, 0));
    match read {
        Ok(builder) => builder.finish(),
        Err(Failure { header, problem }) => Parsed::Malformed(Malformed {
            header: *header,
            path: problem.path(),
            expected: problem.expected().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
