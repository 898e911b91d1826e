//! The line that a panic leaves.

use std::panic::PanicHookInfo;

/// From now on a panic is an error's line with its place and its thread, and nothing of its message.
pub(super) fn install() {
    std::panic::set_hook(Box::new(report));
}

pub(super) fn report(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(
        code.location = place.as_deref(),
        thread.name = thread.name(),
        "process.panicked"
    );
}
