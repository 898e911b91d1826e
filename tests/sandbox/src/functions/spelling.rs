//! The caller's spelling of header names. The host passes it on, but the HTTP library drops it before a request is
//! handled, so the bytes of each connection are recorded as they arrive.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::sync::lock;

/// The most bytes of a caller that are kept: more than the head of any request.
const MOST: usize = 128 * 1024;

/// The bytes from a caller since its last complete request.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Mutex<Vec<u8>>>);

impl Sent {
    /// The last spelling of the name.
    pub(super) fn spelling(&self, name: &str) -> Option<String> {
        let sent = lock(&self.0);
        sent.split(|byte| *byte == b'\n')
            .filter_map(|line| line.get(..name.len()).zip(line.get(name.len())))
            .filter(|(start, next)| **next == b':' && start.eq_ignore_ascii_case(name.as_bytes()))
            .filter_map(|(start, _)| String::from_utf8(start.to_vec()).ok())
            .next_back()
    }

    /// Marks the request as completely read.
    pub(super) fn is_read(&self) {
        lock(&self.0).clear();
    }
}

/// A listener whose connections record the received bytes.
#[derive(Debug)]
pub(super) struct Remembering(pub(super) TcpListener);

/// A connection that records the received bytes.
#[derive(Debug)]
pub(super) struct Remembered {
    stream: TcpStream,
    sent: Sent,
}

impl Listener for Remembering {
    type Io = Remembered;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Remembered, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let sent = Sent::default();
        (Remembered { stream, sent }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Remembering>> for Sent {
    fn connect_info(stream: IncomingStream<'_, Remembering>) -> Self {
        stream.io().sent.clone()
    }
}

impl AsyncRead for Remembered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let mut sent = lock(&self.sent.0);
        let new = into.filled().get(before..).unwrap_or_default();
        let room = MOST.saturating_sub(sent.len()).min(new.len());
        sent.extend_from_slice(new.get(..room).unwrap_or_default());
        drop(sent);
        read
    }
}

impl AsyncWrite for Remembered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
