//! What is around the command: the settings' variables, whether a person is there, and how wide the terminal is.

use std::io::{IsTerminal, stderr, stdout};

use super::question;
use crate::config::Environment;
use crate::config::operator::Standing;
use crate::config::profiles::{ProfileFile, ProfileProblem};

/// How wide a table is made where nobody looks at a terminal.
const USUAL_WIDTH: u16 = 100;

/// What is around the command.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The variables that concern this program.
    pub environment: Environment,
    /// The file in which profiles stand; none where there is no home directory.
    pub profiles: Option<ProfileFile>,
    /// The profile that is named on the command line.
    pub profile: Option<String>,
    /// Whether a person can be asked: somebody looks at the standard error, and there is a terminal to answer at. What is piped in
    /// does not matter.
    pub is_attended: bool,
    /// Whether somebody looks at the standard output.
    pub shows_output: bool,
    /// Whether somebody looks at the standard error, so that it can show how far the work is.
    pub shows_progress: bool,
    /// How many columns a table may have.
    pub width: u16,
}

impl Surroundings {
    /// Those of the process.
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
    /// What counts besides the command line: the variables, and the profile.
    pub(crate) fn standing(&self) -> Result<Standing, ProfileProblem> {
        Standing::read(
            &self.environment,
            self.profiles.as_ref(),
            self.profile.as_deref(),
        )
    }
}

impl Default for Surroundings {
    /// No variables, and nobody there.
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
