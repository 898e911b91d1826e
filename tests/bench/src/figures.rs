//! What was measured, as it is kept in `measured.json`. Times are in milliseconds and sizes in MiB unless a name says
//! otherwise; a figure that does not apply, or could not be taken, is left out.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::samples::{Spread, Tail};

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measured {
    /// The day.
    pub date: jiff::civil::Date,
    /// Where.
    pub machine: Machine,
    /// The programs, in the table's order. The handler is the first, the bare server the second.
    pub programs: Vec<Figures>,
}

/// What was measured of one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// What people call it.
    pub name: String,
    /// From the start of the process to its first answer to the host's probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_to_probe: Option<Spread>,
    /// From the start of the process to the arrival of the first revocation at Graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_to_cut: Option<Spread>,
    /// Resident memory when ready and idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_at_rest: Option<f64>,
    /// The most resident memory with many alerts at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_under_storm: Option<f64>,
    /// What an alert takes besides the time in which Graph works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Tail>,
    /// How many alerts one core does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How fast an incident of 10 MB is read, in MB a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_megabytes_a_second: Option<f64>,
    /// From the arrival of an alert to the revocation on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_revocation: Option<ToRevocation>,
    /// What has to be deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// How cost grows with the number of users in one alert.
    pub growth: Vec<Point>,
}

/// How many alerts of one user one core does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// For each second that the program was on the processor: what one core does when nothing holds it back.
    pub a_processor_second: f64,
    /// For each second that passed, with the simulated tenant and the sender of the alerts on the other cores.
    pub a_second: f64,
    /// Whether the program really had one core to itself.
    pub pinned: bool,
}

/// From the arrival of an alert to the revocation on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToRevocation {
    /// How many answers of Graph have to be waited for, one after the other.
    pub round_trips: usize,
    /// The time besides these, the median.
    pub milliseconds: f64,
}

/// The size of what has to be deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Size {
    /// In MiB.
    pub mebibytes: f64,
    /// What it is the size of.
    pub of: String,
}

/// The cost of one alert of so many users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Point {
    /// How many users it names.
    pub users: usize,
    /// Milliseconds that pass for each user, with a Graph that answers at once.
    pub milliseconds_a_user: f64,
    /// Milliseconds on the processor for each user.
    pub processor_milliseconds_a_user: f64,
}

impl Figures {
    /// Figures of a program of which nothing is known yet.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            start_to_probe: None,
            start_to_cut: None,
            memory_at_rest: None,
            memory_under_storm: None,
            added: None,
            rate: None,
            parse_megabytes_a_second: None,
            to_revocation: None,
            size: None,
            growth: Vec::new(),
        }
    }
}
