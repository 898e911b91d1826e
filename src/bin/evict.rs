//! The operator's command: `evict::cli`, connected to the process.

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;

use evict::cli::{Console, Surroundings, run};

fn main() -> ExitCode {
    let mut console = Console {
        input: &mut stdin().lock(),
        output: &mut stdout().lock(),
        // Not locked, because a progress bar draws from a thread of its own.
        errors: &mut stderr(),
        surroundings: Surroundings::of_process(),
    };
    run(std::env::args_os(), &mut console).into()
}
