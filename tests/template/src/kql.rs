//! The Kusto language service, which says what is wrong in a query and what it reads.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::judge::{root, variable};

/// The language service of this machine.
#[derive(Debug)]
pub struct Kusto {
    modules: PathBuf,
}

/// What is said of one query.
#[derive(Debug, Clone, Deserialize)]
pub struct Verdict {
    /// Everything that is wrong, with its line and the service's own code.
    pub problems: Vec<String>,
    /// Each field of JSON that is read.
    pub fields: Vec<Field>,
    /// Each text that something is compared with.
    pub compared: Vec<Compared>,
    /// The names of the columns that come out.
    pub columns: Vec<String>,
}

/// A field of a JSON value that a query reads.
#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    /// The column with the JSON value.
    pub of: String,
    /// The field; `outer.inner` where it is nested.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Which statement of the query, by the place where it begins.
    pub statement: usize,
}

/// A comparison with a text.
#[derive(Debug, Clone, Deserialize)]
pub struct Compared {
    /// What is compared.
    pub column: String,
    /// The text.
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Which statement of the query, by the place where it begins.
    pub statement: usize,
}

impl Kusto {
    /// The service that `tests/template/judges/install` has installed, or that is in the folder that `EVICT_KUSTO` names.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find() -> Result<Self, String> {
        let modules = variable("EVICT_KUSTO").map_or_else(
            || root().join("target/tools/template-judges"),
            PathBuf::from,
        );
        if !modules
            .join("node_modules/@kusto/language-service-next")
            .is_dir()
        {
            return Err("run tests/template/judges/install, which needs npm".to_owned());
        }
        match Command::new("node").arg("--version").output() {
            Ok(output) if output.status.success() => Ok(Self { modules }),
            Ok(_) | Err(_) => Err("it needs Node.js; no `node` was found".to_owned()),
        }
    }

    /// Judges queries, given by name, against the tables of `judges/tables.json`.
    ///
    /// # Errors
    /// The service cannot be asked.
    pub fn judge(
        &self,
        queries: &BTreeMap<String, String>,
    ) -> anyhow::Result<BTreeMap<String, Verdict>> {
        let judges = root().join("tests/template/judges");
        let tables: Value =
            serde_json::from_str(&std::fs::read_to_string(judges.join("tables.json"))?)?;
        let mut child = Command::new("node")
            .arg(judges.join("kql.mjs"))
            .arg(self.modules.canonicalize()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let asked = json!({"tables": tables, "queries": queries}).to_string();
        let mut input = child.stdin.take().context("there is no standard input")?;
        input.write_all(asked.as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
