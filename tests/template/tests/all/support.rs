//! Where the repository's files are, and the checker set up with the types that lie beside the tests.

use std::fs;
use std::path::{Path, PathBuf};

use template::bicep::{Folder, Types};

/// A path below the root of the repository.
pub(crate) fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(below)
}

/// A text file of the repository.
pub(crate) fn text(below: &str) -> String {
    fs::read_to_string(path(below)).unwrap()
}

/// A JSON file of the repository.
pub(crate) fn json(below: &str) -> serde_json::Value {
    serde_json::from_str(&text(below)).unwrap()
}

/// Types that a template uses and of which no definition was at hand, so that their bodies are not checked.
pub(crate) const WITHOUT_DEFINITION: &[&str] = &["Microsoft.Web/connections@2016-06-01"];

/// The type definitions.
pub(crate) fn types() -> Types {
    let mut types = Types::read(&path("tests/fixtures/bicep-types")).unwrap();
    for kind in WITHOUT_DEFINITION {
        types.add_open(kind);
    }
    types
}

/// The Bicep files of `infra/`.
pub(crate) fn infra() -> Folder {
    Folder::read(&path("infra")).unwrap()
}

/// What the checker says of these files, one finding a line.
pub(crate) fn check(files: &[(&str, &str)]) -> Vec<String> {
    let mut folder = Folder::default();
    for (file, text) in files {
        folder.add(file, text).unwrap();
    }
    let findings = folder.check(&types());
    findings.iter().map(ToString::to_string).collect()
}

/// What the checker says of one file.
pub(crate) fn check_one(text: &str) -> Vec<String> {
    check(&[("main.bicep", text)])
}
