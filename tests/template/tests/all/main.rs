//! The checkers of this package, held against planted mistakes, and then `infra/` held against the checkers.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

mod alert_rules;
mod guide;
mod kql_checker;
mod kql_events;
mod kql_queries;
mod kql_vocabulary;
mod workbook;
