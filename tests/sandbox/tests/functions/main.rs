//! The simulated Functions host, tested with the scripted worker. Function names of the program under test come only
//! from its function.json files.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

mod delivery;
mod http;
mod outputs;
mod package;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::clock::SandboxClock;
use sandbox::functions::{FunctionsHost, HostOptions, Message};
use sandbox::stage::stage;
use serde_json::{Value, json};

/// Far longer than anything here takes; only a failing test waits so long.
const LONG: Duration = Duration::from_secs(30);

fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A staged package whose handler is the scripted worker, and the options to start it.
struct Package {
    options: HostOptions,
    /// Removed with the package.
    folder: tempfile::TempDir,
}

fn package() -> Package {
    let folder = tempfile::tempdir().unwrap();
    let staged = stage(
        &repository_root(),
        Path::new(env!("CARGO_BIN_EXE_scripted_worker")),
        &folder.path().join("package"),
    )
    .unwrap();
    Package {
        options: HostOptions::new(staged, SandboxClock::new()),
        folder,
    }
}

impl Package {
    fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.options
            .environment
            .push((name.to_owned(), value.to_owned()));
        self
    }

    fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.folder.path().join("package").join(file);
        let mut json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut json);
        std::fs::write(path, json.to_string()).unwrap();
    }

    async fn start(&self) -> FunctionsHost {
        FunctionsHost::start(self.options.clone()).await.unwrap()
    }
}

/// A message that scripts the worker's deliveries.
fn scripted(steps: &[Value]) -> Message {
    Message::json(&json!({"steps": steps}))
}
