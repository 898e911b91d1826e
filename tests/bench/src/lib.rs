//! The costs of the handler, in one run and as ratios: compared with a bare axum server (the floor), and with the same
//! job as a custom handler in Python and in Node.js. Those use Microsoft's SDKs, as a user would.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`program`] | the measured programs: built, installed, started |
//! | [`child`] | one running program: its port, its memory, its time on the processor |
//! | [`scene`] | the simulated tenant, the alerts, and their record in the tenant's journal |
//! | [`measure`] | one file for each kind of measurement |
//! | [`figures`] | the figures, as they are kept |
//! | [`samples`] | summaries of many values |
//! | [`table`], [`plot`], [`readme`] | the figures for people |
//! | [`bounds`] | the limits that must hold |
//! | [`machine`] | the machine of the measurement |
//!
//! All traffic goes to loopback. The tests check correctness; nothing here does.

pub mod bounds;
pub mod child;
pub mod figures;
pub mod machine;
pub mod measure;
pub mod plot;
pub mod program;
pub mod readme;
pub mod samples;
pub mod scene;
pub mod table;

use std::io::Write as _;

/// Prints a message for a person; standard output has data alone.
pub fn say(text: &str) {
    // If standard error is gone, nobody can read the message.
    let _told = writeln!(std::io::stderr(), "{text}");
}
