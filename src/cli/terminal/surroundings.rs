//! The surroundings of the command: variables, profiles, whether a person is there, and the width of the terminal.

use std::io::{IsTerminal, stderr, stdout};

use super::question;
use crate::cli::deployment::profiles::{ProfileFile, ProfileProblem};
use crate::cli::deployment::standing::Standing;
use crate::config::Environment;

/// The width of a table without a terminal.
const USUAL_WIDTH: u16 = 100;

/// The surroundings of the command.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The variables of this program.
    pub environment: Environment,
    /// The file of profiles; `None` without a home directory.
    pub profiles: Option<ProfileFile>,
    /// The profile of the command line.
    pub profile: Option<String>,
    /// Whether a person can be asked: the standard error is a terminal, and a terminal can be opened for the answer. The
    /// standard input does not matter.
    pub is_attended: bool,
    /// Whether the standard output is a terminal.
    pub shows_output: bool,
    /// Whether the standard error is a terminal, which can show progress.
    pub shows_progress: bool,
    /// The most columns of a table.
    pub width: u16,
}

impl Surroundings {
    /// The surroundings of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let size = terminal_size::terminal_size_of(stdout());
        Self {
            environment: Environment::of_process(),
            profiles: ProfileFile::of_process(),
            profile: None,
            is_attended: stderr().is_terminal() && question::open().is_ok(),
            shows_output: stdout().is_terminal(),
            shows_progress: stderr().is_terminal(),
            width: size.map_or(USUAL_WIDTH, |(terminal_size::Width(width), _)| width),
        }
    }
}

impl Surroundings {
    /// What applies beside the command line: the variables, then the profile.
    pub(crate) fn standing(&self) -> Result<Standing, ProfileProblem> {
        Standing::read(
            &self.environment,
            self.profiles.as_ref(),
            self.profile.as_deref(),
        )
    }
}

impl Default for Surroundings {
    /// No variables and no terminal.
    fn default() -> Self {
        Self {
            environment: Environment::from_pairs::<String, String>([]),
            profiles: None,
            profile: None,
            is_attended: false,
            shows_output: false,
            shows_progress: false,
            width: USUAL_WIDTH,
        }
    }
}
