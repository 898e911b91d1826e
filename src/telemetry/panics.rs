//! The log line of a panic.

use std::panic::PanicHookInfo;

/// Logs each panic from now on as an error with its place and its thread, without its message.
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
