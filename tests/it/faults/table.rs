//! The table of faults: the promises of a row, and how a test compares itself with them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::tenant::CallRecord;
use serde_json::Value;
use tokio::time::Instant;

use super::rows::ROWS;
use crate::support::app::{Answer, App};
use crate::support::busy;

/// One fault. The test checks everything but the words under `fault` and `happens`.
pub(super) struct Row {
    /// The fault.
    pub(super) fault: &'static str,
    /// Its effect.
    pub(super) happens: &'static str,
    /// The final report of caller, receipts and queues.
    pub(super) told: &'static str,
    /// The time limit in seconds, on an idle machine.
    pub(super) within: u64,
    /// The number of calls to Graph.
    pub(super) calls: Calls,
    /// The test, as the test runner prints it.
    pub(super) test: &'static str,
}

/// A number of calls to Graph.
#[derive(Clone, Copy)]
pub(super) enum Calls {
    /// Always this number.
    Exactly(usize),
    /// At most this number, because it depends on concurrency.
    AtMost(usize),
}

impl Calls {
    fn fit(self, calls: usize) -> bool {
        match self {
            Self::Exactly(number) => calls == number,
            Self::AtMost(most) => calls <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Exactly(number) => number.to_string(),
            Self::AtMost(most) => format!("≤ {most}"),
        }
    }
}

/// Watches a test from the beginning of the fault.
pub(crate) struct Watch {
    started: Instant,
    calls: usize,
}

impl Watch {
    pub(crate) fn start(app: &App) -> Self {
        Self {
            started: Instant::now(),
            calls: app.tenant.calls().len(),
        }
    }

    /// Compares what was seen with the row of the test, by the reply to the HTTP caller.
    pub(crate) fn holds_for_caller(&self, test: &str, app: &App, answer: &Answer) {
        let receipts = answer.body["receipts"].as_array().cloned();
        let told = match receipts {
            Some(receipts) => format!("{}: {}", answer.status, summary(&receipts)),
            None => answer.status.to_string(),
        };
        self.holds(test, app, &told);
    }

    /// Compares what was seen with the row of the test, by the published receipts and the queues.
    pub(crate) fn holds_for_queue(&self, test: &str, app: &App) {
        let mut told = summary(&app.receipts());
        for (queue, count) in [
            (
                "in `evict-rejected`",
                app.host.messages("evict-rejected").len(),
            ),
            ("dead-lettered", app.host.queue("evict").dead_lettered.len()),
        ] {
            if count > 0 {
                let and = if told.is_empty() { "" } else { "; " };
                write!(told, "{and}{count} {queue}").unwrap();
            }
        }
        self.holds(test, app, &told);
    }

    /// Compares what was seen with the row of the test.
    pub(crate) fn holds(&self, test: &str, app: &App, told: &str) {
        let calls = app.tenant.calls();
        let lines: Vec<String> = calls
            .iter()
            .skip(self.calls)
            .map(CallRecord::line)
            .collect();
        self.holds_with(test, &lines, told);
    }

    /// The same for a test without a simulated tenant, with one line per call to Graph.
    pub(crate) fn holds_with(&self, test: &str, calls: &[String], told: &str) {
        let row = row(test);
        let elapsed = self.started.elapsed();
        assert_eq!(told, row.told, "{test}");
        assert!(
            row.calls.fit(calls.len()),
            "{test}: {} calls to Graph:\n{}",
            calls.len(),
            calls.join("\n")
        );
        let within = Duration::from_secs(row.within);
        if elapsed > within {
            let slower = busy::slower_at_worst();
            assert!(
                elapsed.as_secs_f64() <= within.as_secs_f64() * slower,
                "{test}: {elapsed:?} on a machine that is {slower:.1} times slower for being busy"
            );
        }
    }

    /// For a test without a simulated tenant.
    pub(crate) fn without_tenant() -> Self {
        Self {
            started: Instant::now(),
            calls: 0,
        }
    }
}

fn row(test: &str) -> &'static Row {
    let named = |row: &&Row| row.test.rsplit("::").next() == Some(test);
    ROWS.iter()
        .find(named)
        .unwrap_or_else(|| panic!("{test} has no row"))
}

/// The summary of receipts, with equal ones counted; sorted, because simultaneous alerts end in any order.
fn summary(receipts: &[Value]) -> String {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for receipt in receipts {
        let mut text = receipt["outcome"].as_str().unwrap().to_owned();
        if let Some(verified) = receipt["verified"].as_bool() {
            text.push_str(if verified {
                ", verified"
            } else {
                ", not verified"
            });
        }
        for more in ["reason", "fix"] {
            if let Some(more) = receipt[more].as_str() {
                write!(text, " ({more})").unwrap();
            }
        }
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => groups.push((text, 1)),
        }
    }
    groups.sort();
    let groups: Vec<String> = groups
        .into_iter()
        .map(|(text, count)| {
            if count == 1 {
                text
            } else {
                format!("{count} × {text}")
            }
        })
        .collect();
    groups.join("; ")
}

fn table() -> String {
    let mut table = String::from(
        "| what goes wrong | what happens | what is told in the end | within | calls to Graph | test |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in ROWS {
        writeln!(
            table,
            "| {} | {} | {} | {} s | {} | `{}` |",
            row.fault,
            row.happens,
            row.told,
            row.within,
            row.calls.text(),
            row.test
        )
        .unwrap();
    }
    table
}

#[test]
fn the_page_shows_every_fault() {
    crate::support::golden::hold_block("tests/it/faults/README.md", "faults", &table());
}

#[test]
fn every_row_names_a_test_that_holds_itself_against_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for row in ROWS {
        let (modules, name) = row.test.rsplit_once("::").unwrap();
        let path = root.join(modules.replace("::", "/")).with_extension("rs");
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let at = text
            .find(&format!("fn {name}()"))
            .unwrap_or_else(|| panic!("there is no {}", row.test));
        let before = text[..at].trim_end().trim_end_matches("async").trim_end();
        assert!(
            before.ends_with("#[test]")
                || before.ends_with("#[tokio::test]")
                || before.ends_with("worker_threads = 2)]"),
            "{} is no test",
            row.test
        );
        assert!(
            text[at..].contains(&format!("\"{name}\"")),
            "{} does not hold itself against its row",
            row.test
        );
    }
}

#[test]
fn every_test_of_a_fault_has_a_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults");
    let files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("table.rs"))
        .collect();
    for path in files {
        let module = path.file_stem().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        for after in source.split("test]\n").skip(1) {
            let name = after
                .split_once("fn ")
                .unwrap()
                .1
                .split_once('(')
                .unwrap()
                .0;
            let test = format!("faults::{module}::{name}");
            assert!(ROWS.iter().any(|row| row.test == test), "{test} has no row");
        }
    }
}
