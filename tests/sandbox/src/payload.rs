//! Reads the alert to send.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use sandbox::send::Alert;

/// The alert of a file, or of standard input for `-`; the sample if there is none.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Alert> {
    let Some(path) = path else {
        return Ok(Alert::sample());
    };
    if path == Path::new("-") {
        let mut body = Vec::new();
        std::io::stdin()
            .read_to_end(&mut body)
            .context("reading standard input")?;
        return Ok(Alert {
            name: "The alert".to_owned(),
            body,
        });
    }
    let body = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Alert {
        name: name.into_owned(),
        body,
    })
}
