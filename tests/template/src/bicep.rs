//! The Bicep compiler.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::judge::{root, variable};

/// Where a predicted deployment takes place. The ids are made up.
const PLACE: [&str; 10] = [
    "--tenant-id",
    "11111111-1111-4111-8111-111111111111",
    "--subscription-id",
    "22222222-2222-4222-8222-222222222222",
    "--resource-group",
    "rg-evict",
    "--location",
    "westeurope",
    "--deployment-name",
    "evict",
];

/// The compiler of this machine.
#[derive(Debug)]
pub struct Bicep {
    program: PathBuf,
}

impl Bicep {
    /// The compiler that `EVICT_BICEP` names, or the one on the path.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find() -> Result<Self, String> {
        let program = variable("EVICT_BICEP").map_or_else(|| "bicep".into(), PathBuf::from);
        match Command::new(&program).arg("--version").output() {
            Ok(output) if output.status.success() => Ok(Self { program }),
            Ok(output) => Err(format!("{} ends with {}", program.display(), output.status)),
            Err(error) => Err(format!(
                "{}: {error}; name the Bicep compiler by EVICT_BICEP, or install it (`az bicep install`)",
                program.display()
            )),
        }
    }

    fn run<I: AsRef<OsStr>>(&self, arguments: &[I]) -> anyhow::Result<Output> {
        Command::new(&self.program)
            .args(arguments)
            .current_dir(root())
            .output()
            .with_context(|| format!("{} cannot be run", self.program.display()))
    }

    /// The template that a file below the root is compiled to. What the linter says of it is an error too.
    ///
    /// # Errors
    /// Everything that the compiler says.
    pub fn build(&self, file: &str) -> anyhow::Result<Value> {
        let verb = if file.ends_with(".bicepparam") {
            "build-params"
        } else {
            "build"
        };
        let output = self.run(&[verb, file, "--stdout"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !said.trim().is_empty() {
            bail!("{file}: {said}");
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The Bicep files below `folder` that are not as the compiler formats them.
    ///
    /// # Errors
    /// The compiler cannot be run or refuses a file.
    pub fn unformatted(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        let copies = root().join("target/template/formatted");
        if copies.exists() {
            fs::remove_dir_all(&copies)?;
        }
        let files = files_below(&root().join(folder), "bicep")?;
        let mut texts = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let text = fs::read_to_string(file)?;
            // Beside each other, since the compiler takes one pattern for all of them.
            fs::create_dir_all(&copies)?;
            fs::write(copies.join(format!("{number}.bicep")), &text)?;
            texts.push(text);
        }
        let output = self.run(&["format", "--pattern", "target/template/formatted/*.bicep"])?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        let mut found = Vec::new();
        for (number, (file, text)) in files.iter().zip(texts).enumerate() {
            if fs::read_to_string(copies.join(format!("{number}.bicep")))? != text {
                found.push(file.display().to_string());
            }
        }
        Ok(found)
    }

    /// What a deployment with these parameters would make, as the compiler predicts it. The parameters are written as if their
    /// file stood in `tests/template/snapshots`.
    ///
    /// # Errors
    /// Everything that the compiler says, also of the values: names that it refuses, a `fail` that was reached.
    pub fn snapshot(&self, name: &str, parameters: &str) -> anyhow::Result<Value> {
        // As deep below the root, so that the same relative paths lead to the templates.
        let folder = root().join("target/template/snapshots");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{name}.bicepparam"));
        fs::write(&file, parameters)?;
        let mut arguments: Vec<&OsStr> = vec![OsStr::new("snapshot"), file.as_os_str()];
        arguments.extend(["--mode", "overwrite"].map(OsStr::new));
        arguments.extend(PLACE.map(OsStr::new));
        let output = self.run(&arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !said.trim().is_empty() {
            bail!("{name}: {said}");
        }
        let text = fs::read_to_string(folder.join(format!("{name}.snapshot.json")))?;
        let predicted: Value = serde_json::from_str(&text)?;
        match predicted["diagnostics"].as_array() {
            Some(none) if none.is_empty() => Ok(predicted),
            _ => bail!("{name}: {}", predicted["diagnostics"]),
        }
    }
}

/// The files below a folder with this extension, in order.
///
/// # Errors
/// A folder cannot be read.
pub fn files_below(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
