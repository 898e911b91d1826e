//! The machine of the measurement: figures without it mean nothing.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine and the relevant versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Machine {
    /// The processor's own name.
    pub processor: String,
    /// The number of cores that this process may use.
    pub cores: usize,
    /// Its memory in GiB.
    pub memory: f64,
    /// The kernel.
    pub kernel: String,
    /// The number of processes that wanted a core in the last minute; more than there are cores makes figures doubtful.
    pub load: f64,
    /// How the programs in Rust were built.
    pub profile: String,
    /// The versions of the compiler and the interpreters that were found.
    pub versions: Vec<String>,
}

impl Machine {
    /// Reads the data of this machine.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned());
        let kibibytes = read("/proc/meminfo")
            .lines()
            .find_map(|line| number(line.strip_prefix("MemTotal:")?.split_whitespace().next()));
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: (kibibytes.unwrap_or_default() / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: number(read("/proc/loadavg").split_whitespace().next()).unwrap_or_default(),
            profile: profile(),
            versions: [("rustc", "rustc"), ("python3", ""), ("node", "node")]
                .into_iter()
                .filter_map(|(program, prefix)| version(program, prefix))
                .collect(),
        }
    }
}

/// The profile that the repository defines, unless the environment overrode it when this program was built: figures of
/// a weaker profile must not pass for those of the deployment.
fn profile() -> String {
    let bent = [
        ("lto", option_env!("CARGO_PROFILE_RELEASE_LTO")),
        (
            "codegen-units",
            option_env!("CARGO_PROFILE_RELEASE_CODEGEN_UNITS"),
        ),
        ("opt-level", option_env!("CARGO_PROFILE_RELEASE_OPT_LEVEL")),
    ];
    let mut profile = if cfg!(debug_assertions) {
        "dev profile".to_owned()
    } else {
        "release profile".to_owned()
    };
    for (name, value) in bent {
        if let Some(value) = value {
            profile = format!("{profile}, {name} {value}");
        }
    }
    profile
}

/// The first two words of a program's version output.
fn version(program: &str, prefix: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().take(2).collect::<Vec<_>>();
    if !prefix.is_empty() && words.first() != Some(&prefix) {
        words.insert(0, prefix);
    }
    Some(words.join(" ")).filter(|text| output.status.success() && !text.is_empty())
}
