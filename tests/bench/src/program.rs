//! The measured programs: how each is built or installed, and how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use sandbox::handler::{build_program, repository_root};
use sandbox::stage;
use tokio::process::Command;

use crate::figures::Size;

/// A program that does the job, or the floor, which does nothing.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name for people.
    pub name: &'static str,
    /// Its kind, which decides the extent of its measurements.
    pub kind: Kind,
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working folder.
    pub directory: PathBuf,
    /// The file for its standard error.
    pub last_words: PathBuf,
    /// The size of its deployment.
    pub size: Size,
}

/// The kind of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Evict's handler.
    Handler,
    /// A bare server.
    Floor,
    /// The same job in an interpreted language.
    Peer,
}

/// The folder for everything that is built, installed and measured.
#[must_use]
pub fn workplace() -> PathBuf {
    repository_root().join("target/bench")
}

/// Evict's handler, built as for deployment and staged for the host.
///
/// # Errors
/// It does not build.
pub async fn handler(quick: bool) -> anyhow::Result<Program> {
    let built = build_program(
        "handler",
        arguments(
            quick,
            &["-p", "evict", "--no-default-features", "--release"],
        ),
    )
    .await?;
    let staged = stage::stage(&repository_root(), &built, &workplace().join("staged"))?;
    let package = repository_root().join("target/package/evict.zip");
    let size = if quick || !package.is_file() {
        Size {
            mebibytes: bytes(&built)?,
            of: "the handler".to_owned(),
        }
    } else {
        Size {
            mebibytes: bytes(&package)?,
            of: "the package".to_owned(),
        }
    };
    Ok(Program {
        name: "Evict",
        kind: Kind::Handler,
        executable: staged.join("handler"),
        arguments: Vec::new(),
        directory: staged,
        last_words: workplace().join("handler.log"),
        size,
    })
}

/// The bare server, built by the same profile.
///
/// # Errors
/// It does not build.
pub async fn floor(quick: bool) -> anyhow::Result<Program> {
    let built = build_program("floor", arguments(quick, &["-p", "bench", "--release"])).await?;
    Ok(Program {
        name: "bare axum",
        kind: Kind::Floor,
        size: Size {
            mebibytes: bytes(&built)?,
            of: "the program".to_owned(),
        },
        executable: built,
        arguments: Vec::new(),
        directory: workplace(),
        last_words: workplace().join("floor.log"),
    })
}

/// The arguments to cargo. A quick run of a program that was built without optimisation uses the build of the tests, so
/// that nothing is built for it alone; every other run uses the deployed build.
fn arguments<'a>(quick: bool, deployed: &'a [&'a str]) -> &'a [&'a str] {
    if quick && cfg!(debug_assertions) {
        &["--workspace"]
    } else {
        deployed
    }
}

/// The peer in Python, installed with the versions of its `requirements.txt`.
///
/// # Errors
/// There is no `python3`, or the packages cannot be installed.
pub async fn python() -> anyhow::Result<Program> {
    let home = workplace().join("python");
    let interpreter = home.join("bin/python");
    let requirements = peers().join("python/requirements.txt");
    if !installed(&home, &requirements)? {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home))
        .await?;
        let mut pip = Command::new(&interpreter);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--requirement",
        ])
        .arg(&requirements);
        run(&mut pip).await?;
        note_installed(&home, &requirements)?;
    }
    Ok(Program {
        name: "Python",
        kind: Kind::Peer,
        executable: interpreter,
        arguments: vec![peers().join("python/handler.py").display().to_string()],
        directory: workplace(),
        last_words: workplace().join("python.log"),
        size: Size {
            mebibytes: bytes(&home.join("lib"))?,
            of: "the packages".to_owned(),
        },
    })
}

/// The peer in JavaScript, installed with the versions of its lock file.
///
/// # Errors
/// There is no `node` or no `npm`, or the packages cannot be installed.
pub async fn node() -> anyhow::Result<Program> {
    let home = workplace().join("node");
    let lock = peers().join("node/package-lock.json");
    run(Command::new("node").arg("--version")).await?;
    if !installed(&home, &lock)? {
        fs::create_dir_all(&home)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(peers().join("node").join(name), home.join(name))
                .with_context(|| format!("copying {name}"))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&home);
        run(&mut npm).await?;
        note_installed(&home, &lock)?;
    }
    // Node looks for modules beside the program.
    let program = home.join("handler.mjs");
    fs::copy(peers().join("node/handler.mjs"), &program).context("copying handler.mjs")?;
    Ok(Program {
        name: "Node.js",
        kind: Kind::Peer,
        executable: on_path("node").context("there is no node")?,
        arguments: vec![program.display().to_string()],
        directory: home.clone(),
        last_words: workplace().join("node.log"),
        size: Size {
            mebibytes: bytes(&home.join("node_modules"))?,
            of: "the packages".to_owned(),
        },
    })
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Whether the installed packages match the file of versions.
fn installed(home: &Path, versions: &Path) -> anyhow::Result<bool> {
    let wanted = fs::read(versions).with_context(|| format!("reading {}", versions.display()))?;
    Ok(fs::read(home.join("installed")).is_ok_and(|installed| installed == wanted))
}

fn note_installed(home: &Path, versions: &Path) -> anyhow::Result<()> {
    fs::copy(versions, home.join("installed")).context("noting what is installed")?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the interpreter lies is the machine's affair and no setting"
)]
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let what = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("{what} cannot be started"))?;
    ensure!(
        output.status.success(),
        "{what} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// The size of a file, or of all the files in a folder, in MiB.
fn bytes(path: &Path) -> anyhow::Result<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes of files are far below where a float loses whole numbers"
    )]
    let mebibytes = walk(path)? as f64 / 1024.0 / 1024.0;
    Ok(mebibytes)
}

fn walk(path: &Path) -> anyhow::Result<u64> {
    let data =
        fs::symlink_metadata(path).with_context(|| format!("looking at {}", path.display()))?;
    if !data.is_dir() {
        return Ok(data.len());
    }
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        sum += walk(&entry?.path())?;
    }
    Ok(sum)
}
