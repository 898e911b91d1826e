//! Virtual time together with real sockets. The runtime's clock is paused, and jumps to the next timer when no task is
//! ready and the sockets have no data. Loopback delivers within the sender's own call, so an answer on its way is there
//! when they are polled. A very busy machine is the exception: if nothing has moved on the wire since the last time,
//! the runtime waits a moment before it polls the sockets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sandbox::tenant::SharedAddress;
use tokio::runtime::Runtime;

/// The moment, in real time, once per jump.
const GRACE: Duration = Duration::from_micros(20);

#[derive(Default)]
struct VirtualTime {
    wire: OnceLock<Arc<SharedAddress>>,
    seen: AtomicU64,
}

impl VirtualTime {
    /// Called when no task is ready.
    fn before_park(&self) {
        let Some(wire) = self.wire.get() else { return };
        let traffic = wire.traffic();
        if self.seen.swap(traffic, Ordering::SeqCst) == traffic {
            std::thread::sleep(GRACE);
        }
    }
}

/// A runtime with virtual time, and its address of the tenants.
pub(crate) fn runtime(port: u16, identity_header: &str) -> (Runtime, Arc<SharedAddress>) {
    let time = Arc::new(VirtualTime::default());
    let parked = Arc::clone(&time);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(move || parked.before_park())
        .build()
        .unwrap();
    let address = runtime
        .block_on(SharedAddress::open(port, identity_header))
        .unwrap();
    let address = Arc::new(address);
    assert!(
        time.wire.set(Arc::clone(&address)).is_ok(),
        "it is set once"
    );
    (runtime, address)
}
