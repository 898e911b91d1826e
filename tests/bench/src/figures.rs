//! The figures of a run, as they are kept in `measured.json`. Times are in milliseconds and sizes in MiB unless a name
//! says otherwise; a figure that does not apply, or could not be measured, is left out.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::samples::{Spread, Tail};

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measured {
    /// The day.
    pub date: jiff::civil::Date,
    /// The machine.
    pub machine: Machine,
    /// The programs, in the table's order. The handler is the first, the bare server the second.
    pub programs: Vec<Figures>,
}

/// The figures of one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// Its name for people.
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
    /// The peak resident memory with many alerts at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_under_storm: Option<f64>,
    /// The time of an alert, without the time in which Graph works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Tail>,
    /// The number of alerts that one core processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The parsing speed of a 10 MB incident, in MB per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_megabytes_a_second: Option<f64>,
    /// From the arrival of an alert to the revocation on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_revocation: Option<ToRevocation>,
    /// The size of the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// How cost grows with the number of users in one alert.
    pub growth: Vec<Point>,
}

/// The number of alerts of one user that one core processes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Per second of processor time: the rate of one core without any waiting.
    pub a_processor_second: f64,
    /// Per second of elapsed time, with the simulated tenant and the sender of the alerts on the other cores.
    pub a_second: f64,
    /// Whether the program was really pinned to one core.
    pub pinned: bool,
}

/// From the arrival of an alert to the revocation on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToRevocation {
    /// The number of Graph's answers that are awaited in sequence.
    pub round_trips: usize,
    /// The median time besides these.
    pub milliseconds: f64,
}

/// The size of the deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Size {
    /// In MiB.
    pub mebibytes: f64,
    /// What is counted.
    pub of: String,
}

/// The cost of one alert with this many users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Point {
    /// The number of users that it names.
    pub users: usize,
    /// Elapsed milliseconds per user, with a Graph that answers at once.
    pub milliseconds_a_user: f64,
    /// Processor milliseconds per user.
    pub processor_milliseconds_a_user: f64,
}

impl Figures {
    /// Figures of a program before any measurement.
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
