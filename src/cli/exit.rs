//! How a command ends.

use std::process::ExitCode;

/// How a command ended, in the numbers of `sysexits.h`: a script tells the cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Success,
    /// 1: some of the work is not done: withheld, not found, not effective, not confirmed.
    Partly,
    /// 2: the work could not be done.
    Unable,
    /// 64: the command line or a setting is wrong.
    Usage,
    /// 65: the input cannot be understood.
    Data,
    /// 66: the file cannot be read.
    NoInput,
    /// 74: reading the standard input or writing the answer failed.
    Io,
    /// 77: a permission is missing.
    NoPermission,
    /// 130: ended by a second Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Partly => 1,
            Self::Unable => 2,
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Io => 74,
            Self::NoPermission => 77,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
