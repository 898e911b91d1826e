//! What the handler costs, in one run and as ratios: beside a bare axum server (the floor), and beside the same job as a
//! custom handler in Python and in Node.js, written with Microsoft's SDKs as a user would write it.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`program`] | the programs that are measured: built, installed, started |
//! | [`child`] | one running program: its port, its memory, its time on the processor |
//! | [`scene`] | the simulated tenant, the alerts, and what the tenant's journal says of them |
//! | [`measure`] | one file for each kind of measurement |
//! | [`figures`] | what was measured, as it is kept |
//! | [`samples`] | many values, said in one |
//! | [`table`], [`plot`], [`readme`] | the figures for people |
//! | [`bounds`] | what must hold |
//! | [`machine`] | where it was measured |
//!
//! All traffic goes to loopback. Nothing here is about whether the handler is right: the tests say that.

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

/// Says something to a person; data alone goes to standard output.
pub fn say(text: &str) {
    // Nobody is left to tell if standard error is gone.
    let _told = writeln!(std::io::stderr(), "{text}");
}
