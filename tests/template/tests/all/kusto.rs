//! The Kusto language service, which says what is wrong in a query and what it reads.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;
use template::judge::{present, variable};

use crate::support::{self, path};

/// What is said of one query. A line is counted from 1; a statement is known by the place where it begins.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Verdict {
    /// Everything that is wrong, with its line and the service's own code.
    pub(crate) problems: Vec<String>,
    /// Each field of a JSON value that is read; `outer.inner` where it is nested.
    pub(crate) fields: Vec<Field>,
    /// Each text that a column is compared with.
    pub(crate) compared: Vec<Compared>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Field {
    pub(crate) of: String,
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) statement: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Compared {
    pub(crate) column: String,
    pub(crate) value: String,
    pub(crate) line: usize,
    pub(crate) statement: usize,
}

/// The folder of the service, if Node.js can run it: the one that `EVICT_KUSTO` names, or that
/// `tests/template/judges/install` has made.
fn find() -> Result<PathBuf, String> {
    let installed = || path("target/tools/template-judges");
    let modules = variable("EVICT_KUSTO").map_or_else(installed, PathBuf::from);
    if !modules.join("node_modules/@kusto").is_dir() {
        return Err("run tests/template/judges/install, which needs npm".to_owned());
    }
    match Command::new("node").arg("--version").output() {
        Ok(output) if output.status.success() => Ok(modules.canonicalize().unwrap()),
        Ok(_) | Err(_) => Err("it needs Node.js; no `node` was found".to_owned()),
    }
}

/// Judges queries, given by name, against the tables of `judges/tables.json`; nothing where there is no judge.
pub(crate) fn judge(queries: &BTreeMap<String, String>) -> Option<BTreeMap<String, Verdict>> {
    let modules = present("the Kusto language service", find())?;
    let tables = support::json("tests/template/judges/tables.json");
    let mut child = Command::new("node")
        .arg(path("tests/template/judges/kql.mjs"))
        .arg(modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = json!({"tables": tables, "queries": queries}).to_string();
    // Dropped at the end of the statement, which ends the input.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(asked.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
