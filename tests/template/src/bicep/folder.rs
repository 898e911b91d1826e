//! A folder of Bicep files, and all checks of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;

use super::declaration::Declarations;
use super::finding::Finding;
use super::shape::Fault;
use super::syntax::Syntax;
use super::types::Types;
use super::{module, names, parameter, resource};

/// One file.
pub struct Document {
    syntax: Syntax,
    /// What it declares.
    pub declarations: Declarations,
}

/// Bicep files by their path within the folder, with `/` between its parts.
#[derive(Default)]
pub struct Folder {
    documents: BTreeMap<String, Document>,
}

impl Folder {
    /// Reads every `.bicep` file of a folder and the folders in it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut folder = Self::default();
        let mut waiting = vec![root.to_path_buf()];
        while let Some(place) = waiting.pop() {
            for entry in fs::read_dir(&place).with_context(|| place.display().to_string())? {
                let path = entry?.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if path.extension().is_some_and(|it| it == "bicep") {
                    let text = fs::read_to_string(&path)?;
                    folder.add(&slashed(path.strip_prefix(root)?), &text)?;
                }
            }
        }
        Ok(folder)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// If the parser cannot be set up.
    pub fn add(&mut self, file: &str, text: &str) -> anyhow::Result<()> {
        let syntax = Syntax::parse(text)?;
        let declarations = Declarations::read(&syntax);
        let document = Document {
            syntax,
            declarations,
        };
        self.documents.insert(file.to_owned(), document);
        Ok(())
    }

    /// The files with their paths.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.documents.iter().map(|(file, it)| (file.as_str(), it))
    }

    /// What a file declares.
    #[must_use]
    pub fn declarations(&self, file: &str) -> Option<&Declarations> {
        Some(&self.documents.get(file)?.declarations)
    }

    /// All that is wrong in the folder, in the order of the files and lines.
    #[must_use]
    pub fn check(&self, types: &Types) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (file, document) in &self.documents {
            let broken = document.syntax.broken_lines();
            let faults = if broken.is_empty() {
                self.check_document(file, document, types)
            } else {
                broken.into_iter().map(not_bicep).collect()
            };
            findings.extend(faults.into_iter().map(|fault| Finding {
                file: file.clone(),
                line: fault.line,
                subject: fault.path,
                problem: fault.problem,
            }));
        }
        findings.sort();
        findings
    }

    fn check_document(&self, file: &str, document: &Document, types: &Types) -> Vec<Fault> {
        let Document {
            syntax,
            declarations,
        } = document;
        let mut known = parameter::known(declarations);
        for local in names::local_names(syntax) {
            known.remove(&local);
        }
        let mut faults = names::check(syntax, declarations);
        for it in &declarations.parameters {
            let default = it.default.as_ref();
            if let Some(problem) = default.and_then(|value| parameter::misfit(value, it, &known)) {
                faults.push(Fault {
                    line: it.line,
                    path: format!("param {}", it.name),
                    problem,
                });
            }
        }
        for it in &declarations.resources {
            faults.extend(resource::check(it, types, &known));
        }
        let uses = names::output_uses(syntax, declarations);
        for call in &declarations.modules {
            let Some(called) = self.called(file, &call.path) else {
                faults.push(Fault {
                    line: call.line,
                    path: format!("module {}", call.symbol),
                    problem: format!("there is no file {}", call.path),
                });
                continue;
            };
            faults.extend(module::check(call, called, &known));
            for it in uses.iter().filter(|it| it.module == call.symbol) {
                if !called.outputs.iter().any(|output| output.name == it.output) {
                    faults.push(Fault {
                        line: it.line,
                        path: format!("{}.outputs.{}", it.module, it.output),
                        problem: format!("{} has no such output", call.path),
                    });
                }
            }
        }
        faults
    }

    /// What the file declares that is called from another by a relative path.
    fn called(&self, file: &str, path: &str) -> Option<&Declarations> {
        let mut place = PathBuf::from(file);
        place.pop();
        for part in Path::new(path).components() {
            match part {
                Component::ParentDir => {
                    place.pop();
                }
                Component::Normal(name) => place.push(name),
                _ => {}
            }
        }
        self.declarations(&slashed(&place))
    }
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|it| it.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn not_bicep(line: usize) -> Fault {
    Fault {
        line,
        path: "syntax".to_owned(),
        problem: "this cannot be read as Bicep".to_owned(),
    }
}
