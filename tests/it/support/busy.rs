//! How much slower this machine is for being busy. Where a test cannot make its time stand still, because the program under test
//! is a process of its own, what that program gets for its work, and how long the test waits at most, grow with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a look at the machine takes.
const A_LOOK: Duration = Duration::from_millis(300);

/// Where a kernel's account does not move, the look ends all the same.
const MOST_READINGS: usize = 1_000_000;

/// The most that was seen so far, times a thousand. A test may have begun when there was more to wait for than at its end.
static WORST: AtomicU64 = AtomicU64::new(1_000);

/// How much longer work takes than it would if nothing else ran on the machine: what a busy thread waits for a processor, told by
/// the kernel. 1 where it does not tell, and at most 10.
pub(crate) fn slower() -> f64 {
    let slower = look().map_or(1.0, |slower| slower.clamp(1.0, 10.0));
    let thousandths = Duration::from_secs_f64(slower).as_millis();
    let thousandths = u64::try_from(thousandths).unwrap();
    WORST.fetch_max(thousandths, Ordering::Relaxed);
    slower
}

/// The most that was seen by now, a look of this moment included.
pub(crate) fn slower_at_worst() -> f64 {
    slower();
    let worst = Duration::from_millis(WORST.load(Ordering::Relaxed));
    worst.as_secs_f64()
}

/// What takes so long at most on a machine with nothing else to do.
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
    // By the kernel's own account, since a test's clock may stand still.
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
