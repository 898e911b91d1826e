//! The waits between attempts, where the service asks for none.

use std::time::Duration;

use backon::ExponentialBuilder;

/// The waits between attempts where Graph does not ask for a longer one: about 0.5, 1, 2, 4 and 8 s, each up to twice as
/// long by chance, so that calls that failed together do not come back together. With six attempts that is half a
/// minute at most; what is down for longer is better tried again by the queue.
pub(crate) const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_delay(Duration::from_secs(8))
    .with_max_times(5)
    .with_jitter();
