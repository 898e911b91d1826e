//! Limits the memory that posted bodies take at once.
//!
//! A body grows to many times its size while it is parsed. A dozen large ones at the same time would take the whole
//! instance down, with every alert in work. A body that does not fit waits unread on its connection, which holds its
//! sender back. Small bodies have a budget of their own, so that an alert about one user never waits behind a crowd's.
//!
//! A body needs budget twice. While it is read, it counts by its bytes. The host sends no length, so a body counts as
//! small until it proves to be larger. Then, until its values are extracted, it counts by what these may take. After
//! that it counts only what is kept of it, however long the work takes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body of an invocation, in bytes: 64 MiB.
///
/// An alert of 10 MB becomes about 15 MB when the host encodes it twice (each quote in it takes four bytes), and as
/// much again as metadata, which repeats its top-level properties; a message of 256 KB is far below. Service Bus
/// Premium would carry 100 MB, but nothing that large is an alert: it is refused and goes to the dead-letter queue.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// How long a body may take to arrive once it has budget. It comes from a process on the same machine.
const ARRIVAL: Duration = Duration::from_mins(1);

/// The largest body that counts as small, in KiB. A message of 256 KB, which is Service Bus's limit below Premium,
/// stays below it when the host has encoded it twice and repeated it as metadata.
const SMALL: u32 = 1024;

/// The budget for small bodies that are read or worked on, in KiB. An alert on 25 users, which is the default cap,
/// keeps about 100 KiB while it waits for its turn, and host.json lets 256 of them wait.
const SMALL_AT_ONCE: u32 = 64 * 1024;

/// The budget for small bodies that are parsed, in KiB.
const SMALL_TAKEN_APART: u32 = 16 * 1024;

/// The budget for large bodies, in KiB. A body larger than this is admitted alone.
const LARGE_AT_ONCE: u32 = 16 * 1024;

/// The memory that parsing takes per JSON value, besides its text, in bytes.
const EACH_VALUE: u64 = 256;

/// The budgets for bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    read: Room,
    taken_apart: Room,
}

#[derive(Debug)]
struct Room {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            read: Room::of(SMALL_AT_ONCE),
            taken_apart: Room::of(SMALL_TAKEN_APART),
        }
    }
}

/// The share of one body, freed on drop.
#[derive(Debug, Default)]
pub(super) struct Place(Option<OwnedSemaphorePermit>);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    Broken,
}

impl Unread {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

impl Bodies {
    /// Reads a body as soon as it has budget.
    pub(super) async fn read(&self, body: Body) -> Result<(Bytes, Place), Unread> {
        let told = body.size_hint().exact();
        if told.is_some_and(|bytes| bytes > BODY_LIMIT as u64) {
            return Err(Unread::TooLarge);
        }
        let small = u64::from(SMALL) * 1024;
        let mut place = self.read.place(told.unwrap_or(small)).await;
        let mut stream = body.into_data_stream();
        let mut read = Vec::with_capacity(told.map_or(0, usize_of));
        let first = told.unwrap_or(small);
        if !arrive(&mut stream, &mut read, usize_of(first)).await? {
            if told.is_some() {
                return Err(Unread::Broken);
            }
            // It may have any length from here on. The part already read waits with it, outside of the small budget.
            drop(place);
            place = self.read.place(u64::MAX).await;
            if !arrive(&mut stream, &mut read, BODY_LIMIT).await? {
                return Err(Unread::TooLarge);
            }
        }
        place.shrink_to(read.len() as u64);
        Ok((read.into(), place))
    }

    /// Waits for the budget that the values of a text may take while they are extracted.
    pub(super) async fn take_apart(&self, text: &[u8]) -> Place {
        self.taken_apart.place(weight(text)).await
    }
}

/// Reads until the body ends. Returns false as soon as it has more than `most` bytes.
async fn arrive(
    stream: &mut BodyDataStream,
    read: &mut Vec<u8>,
    most: usize,
) -> Result<bool, Unread> {
    let all = async {
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|_| Unread::Broken)?;
            read.extend_from_slice(&bytes);
            if read.len() > most {
                return Ok(false);
            }
        }
        Ok(true)
    };
    tokio::time::timeout(ARRIVAL, all)
        .await
        .unwrap_or(Err(Unread::TooSlow))
}

/// The most that the values of a JSON text may take besides it: each value begins after one of these characters.
/// Characters within texts count too, so the estimate may be too high but never too low.
fn weight(text: &[u8]) -> u64 {
    let begins = |byte: &&u8| matches!(**byte, b',' | b':' | b'[' | b'{');
    let values = text.iter().filter(begins).count() as u64;
    (text.len() as u64).saturating_add(values.saturating_mul(EACH_VALUE))
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

impl Room {
    /// Creates budgets with `small` KiB for small bodies.
    fn of(small: u32) -> Self {
        let room = |kib: u32| Arc::new(Semaphore::new(usize_of(kib.into())));
        Self {
            small: room(small),
            large: room(LARGE_AT_ONCE),
        }
    }

    async fn place(&self, bytes: u64) -> Place {
        let kib = kib(bytes);
        let room = if kib <= SMALL {
            &self.small
        } else {
            &self.large
        };
        let wanted = kib.min(LARGE_AT_ONCE);
        let permit = Arc::clone(room).acquire_many_owned(wanted).await;
        // The semaphores are never closed.
        Place(permit.ok())
    }
}

impl Place {
    /// Frees what exceeds this many bytes.
    fn shrink_to(&mut self, bytes: u64) {
        if let Some(permit) = &mut self.0 {
            let more = permit
                .num_permits()
                .saturating_sub(usize_of(kib(bytes).into()));
            drop(permit.split(more));
        }
    }
}

/// How an invocation arrived: when, and the share that its body has until it is parsed.
#[derive(Clone, Default)]
pub struct Arrival {
    at: Option<Duration>,
    place: Option<Arc<Mutex<Place>>>,
}

impl Arrival {
    pub(super) fn new(at: Option<Duration>, place: Place) -> Self {
        Self {
            at,
            place: Some(Arc::new(Mutex::new(place))),
        }
    }

    /// An arrival at this time, by the handler's clock, without a share.
    #[must_use]
    pub fn begun(at: Duration) -> Self {
        Self {
            at: Some(at),
            place: None,
        }
    }

    /// When it began to arrive, by [`Handler::elapsed`](super::Handler::elapsed); `None` if the handler has no clock.
    /// Waiting for budget counts, because its sender waited too.
    #[must_use]
    pub fn at(&self) -> Option<Duration> {
        self.at
    }

    /// Reduces the share to this many bytes, which are kept after parsing; the rest is free for other bodies.
    pub fn keeps(&self, bytes: usize) {
        if let Some(place) = &self.place {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            place.shrink_to(bytes as u64);
        }
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("at", &self.at)
            .field("has_place", &self.place.is_some())
            .finish()
    }
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Arrival {}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt as _;
    use futures_util::stream;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn large_bodies_wait_for_each_other_and_small_ones_for_none_of_them() {
        let room = Room::of(SMALL_AT_ONCE);
        let first = room.place(10 * MIB).now_or_never();
        assert!(first.is_some());
        assert!(room.place(10 * MIB).now_or_never().is_none());
        assert!(room.place(u64::MAX).now_or_never().is_none());
        assert!(room.place(256 * 1024).now_or_never().is_some());
        drop(first);
        assert!(room.place(10 * MIB).now_or_never().is_some());
        assert!(room.place(u64::MAX).now_or_never().is_some());
    }

    #[test]
    fn there_is_room_for_sixty_four_mebibytes_of_small_bodies_and_sixteen_of_large_ones() {
        let room = Room::of(SMALL_AT_ONCE);
        let small: Vec<_> = (0..64).map(|_| room.place(MIB).now_or_never()).collect();
        assert!(small.iter().all(Option::is_some));
        assert!(room.place(1).now_or_never().is_none());
        let large: Vec<_> = (0..2).map(|_| room.place(8 * MIB).now_or_never()).collect();
        assert!(large.iter().all(Option::is_some));
        assert!(room.place(MIB + 1).now_or_never().is_none());
    }

    #[test]
    fn a_body_larger_than_all_the_room_is_alone() {
        let room = Room::of(SMALL_AT_ONCE);
        let alone = room.place(64 * MIB).now_or_never();
        assert!(alone.is_some());
        assert!(room.place(2 * MIB).now_or_never().is_none());
    }

    /// A body without a length, in pieces of a mebibyte.
    fn without_length(mebibytes: usize) -> Body {
        let piece = Bytes::from(vec![b' '; 1024 * 1024]);
        Body::from_stream(stream::iter(
            std::iter::repeat_n(piece, mebibytes).map(Ok::<_, Infallible>),
        ))
    }

    #[tokio::test]
    async fn a_body_that_tells_no_length_is_small_until_it_is_seen_to_be_larger() {
        let bodies = Bodies::default();
        let small = Body::from_stream(stream::iter([Ok::<_, Infallible>("{}")]));
        let (read, place) = bodies.read(small).await.unwrap();
        assert_eq!(&read[..], b"{}");
        // It frees what it did not need.
        assert_eq!(place.0.as_ref().unwrap().num_permits(), 1);

        let (read, held) = bodies.read(without_length(10)).await.unwrap();
        assert_eq!(read.len() as u64, 10 * MIB);
        assert_eq!(held.0.as_ref().unwrap().num_permits(), 10 * 1024);
        // A second large body needs the whole large budget before it is read on; small bodies do not.
        assert!(bodies.read(without_length(2)).now_or_never().is_none());
        for _ in 0..64 {
            let small = bodies.read(Body::from("{}")).now_or_never();
            assert!(small.is_some_and(|read| read.is_ok()));
        }
        drop(held);
        assert!(bodies.read(without_length(2)).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_not_kept() {
        let bodies = Bodies::default();
        let told = Body::from(vec![b' '; BODY_LIMIT + 1]);
        assert_eq!(bodies.read(told).await.unwrap_err(), Unread::TooLarge);
        assert_eq!(
            bodies.read(without_length(65)).await.unwrap_err(),
            Unread::TooLarge
        );
        assert_eq!(
            bodies.read(without_length(64)).await.unwrap().0.len(),
            BODY_LIMIT
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_gives_its_place_back() {
        let bodies = Bodies::default();
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(bodies.read(never).await.unwrap_err(), Unread::TooSlow);
        let all: Vec<_> = (0..64)
            .map(|_| bodies.read.place(MIB).now_or_never())
            .collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn what_is_kept_of_a_body_keeps_its_part_of_the_place() {
        let room = Room::of(SMALL_AT_ONCE);
        let place = room.place(u64::MAX).now_or_never().unwrap();
        let arrival = Arrival::new(None, place);
        assert!(room.place(2 * MIB).now_or_never().is_none());
        arrival.keeps(15 * 1024 * 1024);
        assert!(room.place(MIB + 1).now_or_never().is_none());
        arrival.keeps(0);
        // A share never grows again.
        arrival.keeps(16 * 1024 * 1024);
        assert!(room.place(u64::MAX).now_or_never().is_some());
        let held = room.place(u64::MAX).now_or_never();
        assert!(held.is_some());
    }

    #[test]
    fn many_small_values_weigh_more_than_one_long_text() {
        let text = format!("{{\"reason\":\"{}\"}}", "x".repeat(900 * 1024));
        assert!(kib(weight(text.as_bytes())) <= SMALL);
        let zeros = format!("{{\"users\":[{}0]}}", "0,".repeat(500 * 1024));
        assert!(kib(weight(zeros.as_bytes())) > LARGE_AT_ONCE);
    }
}
