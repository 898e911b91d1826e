//! The slowdown of a busy machine. A test cannot pause time for a program that is a separate process, so that program's
//! time limits, and the test's own waits, grow with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The duration of one measurement.
const A_LOOK: Duration = Duration::from_millis(300);

/// If the kernel's account does not move, the measurement ends all the same.
const MOST_READINGS: usize = 1_000_000;

/// The largest slowdown so far, times a thousand. The machine may have been busier at a test's beginning than at its
/// end.
static WORST: AtomicU64 = AtomicU64::new(1_000);

/// How much longer work takes than on an idle machine: the kernel reports how long a busy thread waits for a processor.
/// 1 if it does not, and at most 10.
pub(crate) fn slower() -> f64 {
    let slower = look().map_or(1.0, |slower| slower.clamp(1.0, 10.0));
    let thousandths = Duration::from_secs_f64(slower).as_millis();
    let thousandths = u64::try_from(thousandths).unwrap();
    WORST.fetch_max(thousandths, Ordering::Relaxed);
    slower
}

/// The largest slowdown so far, including a measurement now.
pub(crate) fn slower_at_worst() -> f64 {
    slower();
    let worst = Duration::from_millis(WORST.load(Ordering::Relaxed));
    worst.as_secs_f64()
}

/// A time limit for an idle machine, extended by the slowdown.
pub(crate) fn patience(of: Duration) -> Duration {
    of.mul_f64(slower())
}

/// The same in whole seconds, as a setting has them.
pub(crate) fn seconds(of: u64) -> String {
    patience(Duration::from_secs(of))
        .as_secs_f64()
        .ceil()
        .to_string()
}

fn look() -> Option<f64> {
    // The first is the time on a processor, the second the time in wait for one, both in nanoseconds.
    let told = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let mut numbers = text.split_whitespace().map(str::parse::<f64>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let then = told()?;
    // By the kernel's own account, because a test's clock may be paused.
    for _ in 0..MOST_READINGS {
        let now = told()?;
        let (worked, waited) = (now.0 - then.0, now.1 - then.1);
        if worked + waited >= A_LOOK.as_secs_f64() * 1e9 {
            return Some((worked + waited) / worked.max(1.0));
        }
    }
    None
}

#[test]
fn a_machine_with_nothing_to_wait_for_is_as_fast_as_it_is() {
    let (slower, worst) = (slower(), slower_at_worst());
    assert!((1.0..=10.0).contains(&slower), "{slower}");
    assert!(worst + 0.001 >= slower, "{worst} {slower}");
    assert!(seconds(5).parse::<u64>().unwrap() >= 5);
}
