//! The Bicep compiler, as a process that answers over JSON-RPC: it reads Azure's type definitions once for all questions.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::judge::{files_below, root, variable};

/// The compiler of this machine. It ends with this value.
#[derive(Debug)]
pub struct Bicep {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Bicep {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Bicep {
    /// The compiler that `EVICT_BICEP` names, or the one on the path.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find() -> Result<Self, String> {
        let program = variable("EVICT_BICEP").unwrap_or_else(|| "bicep".to_owned());
        Self::start(&program).map_err(|error| {
            format!(
                "{program}: {error:#}; name the Bicep compiler by EVICT_BICEP, or install it (`az bicep install`)"
            )
        })
    }

    fn start(program: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .args(["jsonrpc", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().context("it has no output")?;
        let output = BufReader::new(output);
        let mut bicep = Self { process, output };
        bicep.ask("bicep/version", &json!({}))?;
        Ok(bicep)
    }

    /// One question, and the answer to it.
    fn ask(&mut self, method: &str, parameters: &Value) -> anyhow::Result<Value> {
        let asked = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
        let asked = asked.to_string();
        let input = self.process.stdin.as_mut().context("it has no input")?;
        write!(input, "Content-Length: {}\r\n\r\n{asked}", asked.len())?;
        input.flush()?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                bail!("it has ended");
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.output.read_exact(&mut answer)?;
        let mut answer: Value = serde_json::from_slice(&answer)?;
        match answer["error"]["message"].as_str() {
            Some(message) => bail!("{message}"),
            None => Ok(answer["result"].take()),
        }
    }

    /// The template that a file below the root is compiled to. What the linter says of it is an error too.
    ///
    /// # Errors
    /// Everything that the compiler says.
    pub fn build(&mut self, file: &str) -> anyhow::Result<Value> {
        let path = root().canonicalize()?.join(file);
        let (answer, made) = if path.extension().is_some_and(|it| it == "bicepparam") {
            let asked = json!({"path": path, "parameterOverrides": {}});
            (self.ask("bicep/compileParams", &asked)?, "parameters")
        } else {
            let asked = json!({"path": path});
            (self.ask("bicep/compile", &asked)?, "contents")
        };
        match (answer["diagnostics"].as_array(), answer[made].as_str()) {
            (Some(none), Some(text)) if none.is_empty() => Ok(serde_json::from_str(text)?),
            _ => bail!("{file}: {:#}", answer["diagnostics"]),
        }
    }

    /// The Bicep files below a folder that are not as the compiler formats them.
    ///
    /// # Errors
    /// The compiler refuses a file.
    pub fn unformatted(&mut self, folder: &str) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for file in files_below(&root().canonicalize()?.join(folder), "bicep")? {
            let answer = self.ask("bicep/format", &json!({"path": file}))?;
            if answer["contents"].as_str() != Some(&fs::read_to_string(&file)?) {
                found.push(file.display().to_string());
            }
        }
        Ok(found)
    }

    /// What a deployment with the parameters of this file would make, at a place that is made up.
    ///
    /// # Errors
    /// Everything that the compiler says, also of the values: names that it refuses, a `fail` that was reached.
    pub fn snapshot(&mut self, parameters: &Path) -> anyhow::Result<Value> {
        let metadata = json!({
            "tenantId": "11111111-1111-4111-8111-111111111111",
            "subscriptionId": "22222222-2222-4222-8222-222222222222",
            "resourceGroup": "rg-evict",
            "location": "westeurope",
            "deploymentName": "evict",
        });
        let path = parameters.canonicalize()?;
        let asked = json!({"path": path, "metadata": metadata, "externalInputs": []});
        let answer = self.ask("bicep/getSnapshot", &asked)?;
        let text = answer["snapshot"].as_str();
        let predicted: Value = serde_json::from_str(text.context("there is no snapshot")?)?;
        match predicted["diagnostics"].as_array() {
            Some(none) if none.is_empty() => Ok(predicted),
            _ => bail!("{}: {:#}", path.display(), predicted["diagnostics"]),
        }
    }
}
