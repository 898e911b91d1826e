//! The functions' configuration for the host: `<script root>/<Name>/function.json`. Only the HTTP access level is read.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

/// Which callers the host admits to a function (`authLevel` of an `httpTrigger`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthLevel {
    /// Everybody.
    Anonymous,
    /// Callers with a key of the function or of the app. It is the default ("Azure Functions HTTP trigger").
    Function,
    /// Callers with the app's master key.
    Admin,
}

/// An HTTP function, and which callers the host admits to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFunction {
    /// Its folder's name.
    pub name: String,
    /// Which callers the host admits.
    pub auth_level: AuthLevel,
}

/// Why a `function.json` cannot be read.
#[derive(Debug)]
pub struct ManifestError {
    function: String,
    reason: String,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/function.json cannot be read: {}",
            self.function, self.reason
        )
    }
}

impl std::error::Error for ManifestError {}

/// The HTTP functions of a script root, by name; `None` if the folder is not a script root, because it has no
/// `host.json` or no HTTP function in a folder below it.
///
/// # Errors
/// A `function.json` cannot be read.
pub fn http_functions(script_root: &Path) -> Result<Option<Vec<HttpFunction>>, ManifestError> {
    if !script_root.join("host.json").is_file() {
        return Ok(None);
    }
    let unlisted = |error: io::Error| ManifestError {
        function: "*".to_owned(),
        reason: error.to_string(),
    };
    let mut functions = Vec::new();
    for entry in fs::read_dir(script_root).map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path().join("function.json");
        if !path.is_file() {
            continue;
        }
        let refused = |reason: String| ManifestError {
            function: name.clone(),
            reason,
        };
        let text = fs::read(&path).map_err(|error| refused(error.to_string()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        let trigger = manifest
            .bindings
            .iter()
            .find(|binding| binding.kind.eq_ignore_ascii_case("httpTrigger"));
        if let Some(trigger) = trigger {
            functions.push(HttpFunction {
                auth_level: match trigger.auth_level {
                    Some(LevelWire::Anonymous) => AuthLevel::Anonymous,
                    Some(LevelWire::Function) | None => AuthLevel::Function,
                    Some(LevelWire::Admin) => AuthLevel::Admin,
                },
                name,
            });
        }
    }
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Some(functions).filter(|functions| !functions.is_empty()))
}

#[derive(Deserialize)]
struct Manifest {
    bindings: Vec<Binding>,
}

#[derive(Deserialize)]
struct Binding {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "authLevel")]
    auth_level: Option<LevelWire>,
}

#[derive(Clone, Copy, Deserialize)]
enum LevelWire {
    #[serde(alias = "anonymous", alias = "ANONYMOUS")]
    Anonymous,
    #[serde(alias = "function", alias = "FUNCTION")]
    Function,
    #[serde(alias = "admin", alias = "ADMIN")]
    Admin,
}
