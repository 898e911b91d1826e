//! Profiles: named deployments for the operator's command, in one file of the person that holds no secret. A token is sent
//! only to hosts of a profile or the command line, so a file that everybody may write is not read.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::domain::{Audience, Cloud, TenantId};

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 256 * 1024;

const KEYS: [&str; 5] = ["tenant", "cloud", "namespace", "url", "audience"];

/// A deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// The cloud.
    pub cloud: Option<Cloud>,
    /// The Service Bus namespace, as written.
    pub namespace: Option<String>,
    /// The address of the function's self-check, as written.
    pub url: Option<String>,
    /// The application that callers of the function get their tokens for.
    pub audience: Option<Audience>,
}

/// The file of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFile(PathBuf);

/// Why the profiles cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {wrong}\nNext: {next}")]
pub struct ProfileProblem {
    path: String,
    wrong: String,
    next: String,
}

impl ProfileFile {
    /// The file of the person who runs this: below `XDG_CONFIG_HOME`, or `.config` of the home directory ("XDG Base
    /// Directory Specification"); on Windows below `APPDATA`. `None` without any of these.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the room that reads the environment"
    )]
    pub fn of_process() -> Option<Self> {
        let folder = |name: &str| {
            let folder = PathBuf::from(std::env::var_os(name)?);
            // "All paths set in these environment variables must be absolute."
            folder.is_absolute().then_some(folder)
        };
        let base = base(&folder)?;
        Some(Self::at(base.join("evict").join("config.toml")))
    }

    /// The file at this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The names of the profiles, in the file's order; none without a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ProfileProblem> {
        let document = self.document()?;
        Ok(tables(&document).map(|(name, _)| name.to_owned()).collect())
    }

    /// The profile of this name, or without a name the file's default; `None` if the file has no default.
    ///
    /// # Errors
    /// The file cannot be read, holds what no profile has, or has no such profile.
    pub fn read(&self, name: Option<&str>) -> Result<Option<Profile>, ProfileProblem> {
        let document = self.document()?;
        let usual = document.get("default");
        if usual.is_some_and(|usual| usual.as_str().is_none()) {
            return Err(self.wrong("default is not the name of a profile"));
        }
        let Some(name) = name.or_else(|| usual.and_then(Item::as_str)) else {
            return Ok(None);
        };
        if let Some((_, table)) = tables(&document).find(|(known, _)| *known == name) {
            return self.profile(name, table).map(Some);
        }
        let known: Vec<&str> = tables(&document).map(|(known, _)| known).collect();
        let known = match known.as_slice() {
            [] => "there is none".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        Err(self.problem(
            format!("it has no profile {name:?}; {known}"),
            "give one of these, or make it with `evict profile add`.",
        ))
    }

    /// Writes a profile, in place of one of the same name, and leaves everything else unchanged. The first profile becomes
    /// the default.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn put(&self, profile: &Profile) -> Result<(), ProfileProblem> {
        let mut document = self.document()?;
        if document.get("default").is_none() && tables(&document).next().is_none() {
            document.insert("default", value(profile.name.as_str()));
        }
        let written = [
            profile.tenant.map(|tenant| tenant.to_string()),
            profile.cloud.map(|cloud| cloud.as_str().to_owned()),
            profile.namespace.clone(),
            profile.url.clone(),
            profile.audience.as_ref().map(ToString::to_string),
        ];
        let mut table = Table::new();
        for (key, text) in KEYS.into_iter().zip(written) {
            if let Some(text) = text {
                table.insert(key, value(text));
            }
        }
        let all = document
            .entry("profile")
            .or_insert_with(|| {
                let mut all = Table::new();
                all.set_implicit(true);
                Item::Table(all)
            })
            .as_table_mut()
            .ok_or_else(|| self.wrong("profile is no table"))?;
        all.insert(&profile.name, Item::Table(table));
        self.write(&document.to_string())
    }

    fn profile(&self, name: &str, table: &Table) -> Result<Profile, ProfileProblem> {
        for (key, item) in table {
            if !KEYS.contains(&key) {
                let known = KEYS.join(", ");
                let wrong = format!("the profile {name} has {key:?}; a profile has {known}");
                return Err(self.wrong(&wrong));
            }
            if item.as_str().is_none() {
                return Err(self.wrong(&format!("{key} of the profile {name} is no text")));
            }
        }
        let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
        let unread = |key: &str| self.wrong(&format!("{key} of the profile {name} cannot be read"));
        let cloud = |text: String| {
            let known = Cloud::ALL.iter().map(|(_, cloud)| *cloud);
            known
                .into_iter()
                .find(|cloud| cloud.as_str().eq_ignore_ascii_case(&text))
                .ok_or_else(|| unread("cloud"))
        };
        Ok(Profile {
            name: name.to_owned(),
            tenant: text("tenant")
                .map(|text| text.parse().map_err(|_| unread("tenant")))
                .transpose()?,
            cloud: text("cloud").map(cloud).transpose()?,
            namespace: text("namespace"),
            url: text("url"),
            audience: text("audience")
                .map(|text| text.parse().map_err(|_| unread("audience")))
                .transpose()?,
        })
    }

    fn document(&self) -> Result<DocumentMut, ProfileProblem> {
        let file = match fs::metadata(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(DocumentMut::new()),
            Err(error) => return Err(self.wrong(&error.to_string())),
            Ok(file) => file,
        };
        if file.len() > MOST_BYTES {
            return Err(self.wrong(&format!("it is longer than {MOST_BYTES} bytes")));
        }
        if is_writable_by_all(&file) {
            return Err(self.problem(
                "everybody on this machine may write it, and it says to whom tokens go".to_owned(),
                "see what stands in it, and take that right away: chmod go-w.",
            ));
        }
        let text = fs::read_to_string(&self.0).map_err(|error| self.wrong(&error.to_string()))?;
        text.parse()
            .map_err(|error: toml_edit::TomlError| self.wrong(error.to_string().trim_end()))
    }

    /// Writes a new file and renames it, so that no reader finds half of it.
    fn write(&self, text: &str) -> Result<(), ProfileProblem> {
        let failed = |error: std::io::Error| self.wrong(&error.to_string());
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let beside = self.0.with_extension("toml.new");
        let mut file = fs::File::create(&beside).map_err(failed)?;
        take_rights(&file).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&beside, &self.0).map_err(failed)
    }

    fn wrong(&self, wrong: &str) -> ProfileProblem {
        self.problem(
            wrong.to_owned(),
            "correct the file, or run the command without it.",
        )
    }

    fn problem(&self, wrong: String, next: &str) -> ProfileProblem {
        ProfileProblem {
            path: self.0.display().to_string(),
            wrong,
            next: next.to_owned(),
        }
    }
}

#[cfg(not(windows))]
fn base(folder: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
}

#[cfg(windows)]
fn base(folder: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    folder("APPDATA")
}

fn tables(document: &DocumentMut) -> impl Iterator<Item = (&str, &Table)> {
    document
        .get("profile")
        .and_then(Item::as_table)
        .into_iter()
        .flat_map(Table::iter)
        .filter_map(|(name, item)| Some((name, item.as_table()?)))
}

#[cfg(unix)]
fn is_writable_by_all(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn is_writable_by_all(_file: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn take_rights(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn take_rights(_file: &fs::File) -> std::io::Result<()> {
    Ok(())
}
