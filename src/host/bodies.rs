//! How much of what is posted is in memory at once.
//!
//! A body becomes many times its size while it is read, so a dozen large ones at the same time would take the whole
//! instance down, and with it every alert that is in work. What does not fit waits unread on its connection, which holds
//! its sender back. Small bodies have room of their own, so that an alert about one user never waits behind a crowd's.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body that counts as small, in KiB. A message of 256 KB, which is Service Bus's limit below Premium, stays
/// below it when the host has encoded it twice and repeated it as metadata.
const SMALL: u32 = 1024;

/// The most of small bodies at once, in KiB.
const SMALL_AT_ONCE: u32 = 16 * 1024;

/// The most of large bodies at once, in KiB. One that is larger still is read alone.
const LARGE_AT_ONCE: u32 = 16 * 1024;

/// The room for bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// The place of one body. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(super) fn new() -> Self {
        let room = |kib: u32| Arc::new(Semaphore::new(usize::try_from(kib).unwrap_or(usize::MAX)));
        Self {
            small: room(SMALL_AT_ONCE),
            large: room(LARGE_AT_ONCE),
        }
    }

    /// Waits until there is room for a body of so many bytes. One that tells no length may be of any.
    pub(super) async fn place(&self, bytes: Option<u64>) -> Place {
        let kib = bytes
            .and_then(|bytes| u32::try_from(bytes.div_ceil(1024)).ok())
            .unwrap_or(u32::MAX);
        let (room, most) = if kib <= SMALL {
            (&self.small, SMALL_AT_ONCE)
        } else {
            (&self.large, LARGE_AT_ONCE)
        };
        let permit = Arc::clone(room).acquire_many_owned(kib.min(most)).await;
        Place {
            // The semaphores are never closed.
            _permit: permit.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn large_bodies_wait_for_each_other_and_small_ones_for_none_of_them() {
        let bodies = Bodies::new();
        let first = bodies.place(Some(10 * MIB)).now_or_never();
        assert!(first.is_some());
        assert!(bodies.place(Some(10 * MIB)).now_or_never().is_none());
        assert!(bodies.place(None).now_or_never().is_none());
        assert!(bodies.place(Some(256 * 1024)).now_or_never().is_some());
        drop(first);
        assert!(bodies.place(Some(10 * MIB)).now_or_never().is_some());
        assert!(bodies.place(None).now_or_never().is_some());
    }

    #[test]
    fn each_room_holds_sixteen_mebibytes() {
        let bodies = Bodies::new();
        let small: Vec<_> = (0..16)
            .map(|_| bodies.place(Some(MIB)).now_or_never())
            .collect();
        assert!(small.iter().all(Option::is_some));
        assert!(bodies.place(Some(1)).now_or_never().is_none());
        let large: Vec<_> = (0..2)
            .map(|_| bodies.place(Some(8 * MIB)).now_or_never())
            .collect();
        assert!(large.iter().all(Option::is_some));
        assert!(bodies.place(Some(MIB + 1)).now_or_never().is_none());
    }

    #[test]
    fn a_body_larger_than_all_the_room_is_read_alone() {
        let bodies = Bodies::new();
        let alone = bodies.place(Some(64 * MIB)).now_or_never();
        assert!(alone.is_some());
        assert!(bodies.place(Some(2 * MIB)).now_or_never().is_none());
    }
}
