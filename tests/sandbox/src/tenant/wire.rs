//! A listener whose connections can be cut: a simulated service must be able to disappear in the middle of an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener on loopback.
#[derive(Debug)]
pub(crate) struct CuttableListener {
    listener: TcpListener,
    traffic: Traffic,
}

/// Counts all traffic on a listener's connections, so that an observer can detect activity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic(Arc<AtomicU64>);

impl Traffic {
    /// A number that grows with every connection, every read and every write.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    cutter: ConnectionCutter,
    traffic: Traffic,
}

/// A handle that cuts its connection; every request in progress has one.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionCutter(Arc<Cut>);

#[derive(Debug)]
struct Cut {
    /// The number of bytes that still pass.
    left: AtomicU64,
    /// Whether the connection then stays open and silent.
    silent: AtomicBool,
}

impl ConnectionCutter {
    fn new() -> Self {
        Self(Arc::new(Cut {
            left: AtomicU64::new(u64::MAX),
            silent: AtomicBool::new(false),
        }))
    }

    /// Resets the connection after this many more bytes.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.0.left.store(bytes, Ordering::SeqCst);
    }

    /// Stalls the connection after this many more bytes, and keeps it open.
    pub(crate) fn silence_after(&self, bytes: u64) {
        self.0.silent.store(true, Ordering::SeqCst);
        self.cut_after(bytes);
    }
}

impl CuttableListener {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) async fn bind() -> io::Result<Self> {
        Self::bind_to(0).await
    }

    /// Listens on this port of 127.0.0.1.
    pub(crate) async fn bind_to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self {
            listener,
            traffic: Traffic::default(),
        })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }
}

impl Listener for CuttableListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        self.traffic.note();
        let connection = Connection {
            stream,
            cutter: ConnectionCutter::new(),
            traffic: self.traffic.clone(),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for ConnectionCutter {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cutter.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.traffic.note();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.cutter.0.left.load(Ordering::SeqCst);
        if left == 0 && self.cutter.0.silent.load(Ordering::SeqCst) {
            // Nothing wakes this again: the client has to time out by itself.
            return Poll::Pending;
        }
        if left == 0 {
            self.traffic.note();
            // Without a linger time, closing sends a reset instead of an orderly end.
            self.stream.set_zero_linger()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..most]);
        if written.is_ready() {
            self.traffic.note();
        }
        if let Poll::Ready(Ok(count)) = written
            && left != u64::MAX
        {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            self.cutter.cut_after(left.saturating_sub(count));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
