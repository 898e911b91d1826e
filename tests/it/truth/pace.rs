//! Virtual time together with real sockets. The runtime's clock is paused and jumps to the next timer when no task is ready
//! and the sockets have nothing; loopback hands over within the sender's own call, so that an answer on its way is there
//! when they are asked. But for a machine that is very busy: if nothing has moved on the wire since the last time, it is
//! given a moment before the sockets are asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sandbox::tenant::Lobby;
use tokio::runtime::Runtime;

/// The moment. It is real time, spent once for each jump.
const GRACE: Duration = Duration::from_micros(20);

#[derive(Default)]
struct Pace {
    wire: OnceLock<Arc<Lobby>>,
    seen: AtomicU64,
}

impl Pace {
    /// Nothing is ready.
    fn before_park(&self) {
        let Some(wire) = self.wire.get() else { return };
        let traffic = wire.traffic();
        if self.seen.swap(traffic, Ordering::SeqCst) == traffic {
            std::thread::sleep(GRACE);
        }
    }
}

/// A runtime of virtual time, and the address in it at which tenants are.
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
