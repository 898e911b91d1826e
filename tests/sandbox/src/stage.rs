//! Assembles a package as it is deployed: host.json, `<Name>/function.json` and the handler side by side. The Functions
//! host looks for functions one level down and nowhere else, so the repository's `function` folder disappears.
//!
//! host.json cannot hold comments, so the reasons for its values stand here:
//!
//! - `extensionBundle` `[4.*, 5.0.0)`: the Service Bus extension comes from it; a custom handler cannot bring its own.
//! - `defaultExecutablePath` `handler`, without a path: relative to the app's root, where the package step puts it.
//! - No `enableForwardingHttpRequest`: HTTP functions get the same kind of invocation as the queue function, with the
//!   caller's identities, and one parser reads both.
//! - `functionTimeout` six minutes: above the longest delivery, which is `EVICT_QUEUE_DEADLINE_SECONDS` and a minute's
//!   wait before redelivery, and no more, because the host then kills the whole handler and restarts it: a hanging
//!   handler is back by then.
//! - `maxAutoLockRenewalDuration` eight minutes: the host waits for a reply one minute longer than the function may
//!   take, and a lock that ends before the reply would deliver the message a second time meanwhile.
//! - `maxConcurrentCalls` 256: a waiting message costs no call, and waits in the handler, which knows its urgency. The
//!   broker does not: messages on the queue are served in their order.
//! - `prefetchCount` zero: a prefetched message's lock runs while it waits its turn.
//! - `autoCompleteMessages`: 200 completes, anything else abandons; the handler has no Service Bus client.
//! - Sampling off: the receipts in the log are evidence, and one that was sampled away would be missing.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use zip::ZipArchive;

/// Stages the package of a repository in a folder, which may not exist yet, and returns it as an absolute path. The
/// handler is there under the name `handler` with mode 0755.
///
/// # Errors
/// A file is missing or cannot be copied.
pub fn stage(
    repository_root: &Path,
    handler_binary: &Path,
    into: &Path,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(into).with_context(|| format!("making {}", into.display()))?;
    let into = std::path::absolute(into)?;
    copy(&repository_root.join("host.json"), &into.join("host.json"))?;
    let functions = repository_root.join("function");
    let mut staged = 0;
    for entry in
        std::fs::read_dir(&functions).with_context(|| format!("reading {}", functions.display()))?
    {
        let entry = entry?;
        let source = entry.path().join("function.json");
        if source.is_file() {
            let folder = into.join(entry.file_name());
            std::fs::create_dir_all(&folder)?;
            copy(&source, &folder.join("function.json"))?;
            staged += 1;
        }
    }
    ensure!(staged > 0, "no function in {}", functions.display());
    place(handler_binary, &into.join("handler"))?;
    Ok(into)
}

/// Unpacks a deployable package, as the platform does, and returns the folder as an absolute path.
///
/// # Errors
/// It cannot be read, or holds a path outside of the folder.
pub fn unpack(package: &Path, into: &Path) -> anyhow::Result<PathBuf> {
    let into = std::path::absolute(into)?;
    let file =
        std::fs::File::open(package).with_context(|| format!("opening {}", package.display()))?;
    let mut archive =
        ZipArchive::new(file).with_context(|| format!("reading {}", package.display()))?;
    archive
        .extract(&into)
        .with_context(|| format!("unpacking {}", package.display()))?;
    Ok(into)
}

/// Whether the staged functions admit everybody, so that callers have to authenticate to the handler.
///
/// # Errors
/// A `function.json` cannot be read.
pub fn is_open(staged: &Path) -> anyhow::Result<bool> {
    let mut open = false;
    for entry in std::fs::read_dir(staged)? {
        let path = entry?.path().join("function.json");
        if path.is_file() {
            let manifest: Value = serde_json::from_slice(&std::fs::read(&path)?)
                .with_context(|| format!("reading {}", path.display()))?;
            let bindings = manifest["bindings"].as_array();
            open |= bindings
                .into_iter()
                .flatten()
                .any(|binding| binding["authLevel"] == "anonymous");
        }
    }
    Ok(open)
}

/// Opens the HTTP functions of a staged package to everybody, as in the package for callers that authenticate to the
/// handler with Entra tokens.
///
/// # Errors
/// A `function.json` cannot be read or written.
pub fn open_http(staged: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(staged)? {
        let path = entry?.path().join("function.json");
        if !path.is_file() {
            continue;
        }
        let text = std::fs::read(&path)?;
        let mut manifest: Value =
            serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?;
        let bindings = manifest["bindings"].as_array_mut();
        for binding in bindings.into_iter().flatten() {
            if binding["type"] == "httpTrigger" {
                binding["authLevel"] = "anonymous".into();
            }
        }
        std::fs::write(&path, format!("{manifest:#}\n"))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::copy(from, to)
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Puts the handler in place. It is linked if that gives the right mode, because a file that was just written cannot be
/// started while another thread's new process still holds it open; otherwise copied.
fn place(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        std::fs::remove_file(to).with_context(|| format!("replacing {}", to.display()))?;
    }
    if is_executable(from)? && std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)?;
    make_executable(to)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> anyhow::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let data = std::fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(data.permissions().mode() & 0o777 == 0o755)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {} executable", path.display()))
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> anyhow::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}
