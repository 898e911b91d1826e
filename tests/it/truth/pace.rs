//! Virtual time together with real sockets. The runtime's clock is paused, and jumps to the next timer when no task is
//! ready and the sockets have no data. Loopback delivers within the sender's own call, so an answer on its way is there
//! when they are polled. A very busy machine is the exception: if nothing has moved on the wire since the last time,
//! the runtime waits a moment before it polls the sockets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sandbox::tenant::Lobby;
use tokio::runtime::Runtime;

/// The moment, in real time, once per jump.
const GRACE: Duration = Duration::from_micros(20);

#[derive(Default)]
struct Pace {
    wire: OnceLock<Arc<Lobby>>,
    seen: AtomicU64,
}

impl Pace {
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
pub(crate) fn runtime(port: u16, identity_header: &str) -> (Runtime, Arc<Lobby>) {
    let pace = Arc::new(Pace::default());
    let parked = Arc::clone(&pace);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(move || parked.before_park())
        .build()
        .unwrap();
    let lobby = runtime
        .block_on(Lobby::open(port, identity_header))
        .unwrap();
    let lobby = Arc::new(lobby);
    assert!(pace.wire.set(Arc::clone(&lobby)).is_ok(), "it is set once");
    (runtime, lobby)
}
