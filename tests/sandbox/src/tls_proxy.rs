//! A TLS proxy before a service of the sandbox: TLS and HTTP/2, as the real services have. The plain service behind it
//! keeps all its faults; the proxy adds the faults of HTTP/2. It must not know the content of requests and answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use crate::sync::lock;
use crate::tenant::Pattern;

/// How long a connection stays open after its last answer.
const LINGER: Duration = Duration::from_secs(1);

/// How a connection is closed during a call (RFC 9113, sections 6.8 and 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// GOAWAY during the call, which is answered all the same: the usual end of an old connection.
    Gracefully,
    /// GOAWAY and the end, before the call has had an effect.
    BeforeTheEffect,
    /// GOAWAY and the end, after the call's effect and before its answer.
    AfterTheEffect,
    /// Only the stream is refused, which means that nothing was done (`REFUSED_STREAM`).
    StreamRefused,
}

/// A TLS proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct TlsProxy {
    address: SocketAddr,
    authority: PathBuf,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Shared {
    /// The root URL of the plain service.
    target: String,
    client: reqwest::Client,
    closings: Mutex<Vec<(Pattern, Closing)>>,
    connections: AtomicUsize,
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsProxy {
    /// Opens a proxy on a free port of 127.0.0.1 for the plain service with this root URL.
    ///
    /// # Errors
    /// No port is available, or no certificate can be created.
    pub async fn open(target: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let authority = folder.path().join("authority.pem");
        let acceptor = acceptor(&authority)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("a port for the TLS proxy")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .http1_only()
                .build()?,
            closings: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
        Ok(Self {
            address,
            authority,
            shared,
            task,
            _folder: folder,
        })
    }

    /// The root URL of the service behind this proxy, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate that clients have to trust, in PEM: for `SSL_CERT_FILE`.
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Closes the connection of the next call that matches, once.
    pub fn close_on(&self, on: impl Into<Pattern>, closing: Closing) {
        lock(&self.shared.closings).push((on.into(), closing));
    }
}

/// Creates a certificate for 127.0.0.1, and the file of the authority that signed it.
fn acceptor(authority: &Path) -> anyhow::Result<TlsAcceptor> {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate()?;
    let root_certificate = root.self_signed(&root_key)?;
    std::fs::write(authority, root_certificate.pem())?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()])?
        .signed_by(&key, &Issuer::new(root, root_key))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            if let Err(error) = serve(stream, &acceptor, shared).await {
                tracing::debug!(%error, "a connection to the TLS proxy ended");
            }
        });
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    shared: Arc<Shared>,
) -> anyhow::Result<()> {
    let stream = acceptor.accept(stream).await?;
    let mut connection: Connection<TlsStream<TcpStream>, Bytes> =
        h2::server::handshake(stream).await?;
    shared.connections.fetch_add(1, Ordering::SeqCst);
    while let Some(next) = connection.accept().await {
        let (request, mut respond) = next?;
        match shared.closing(&request) {
            None => drop(tokio::spawn(Arc::clone(&shared).pass(request, respond))),
            Some(Closing::Gracefully) => {
                tokio::spawn(Arc::clone(&shared).pass(request, respond));
                connection.graceful_shutdown();
            }
            Some(Closing::BeforeTheEffect) => connection.abrupt_shutdown(Reason::NO_ERROR),
            Some(Closing::AfterTheEffect) => {
                // The caller never receives this answer: that is the fault.
                drop(shared.ask(request).await?);
                connection.abrupt_shutdown(Reason::NO_ERROR);
            }
            Some(Closing::StreamRefused) => respond.send_reset(Reason::REFUSED_STREAM),
        }
    }
    // An immediate close with unread data would reset the connection and lose its last answer.
    tokio::time::sleep(LINGER).await;
    drop(connection);
    Ok(())
}

impl Shared {
    fn closing(&self, request: &Request<RecvStream>) -> Option<Closing> {
        let mut closings = lock(&self.closings);
        let index = closings
            .iter()
            .position(|(on, _)| on.matches(request.method().as_str(), request.uri().path()))?;
        Some(closings.remove(index).1)
    }

    /// Forwards one call to the service behind the proxy.
    async fn pass(self: Arc<Self>, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let passed = async {
            let (head, body) = self.ask(request).await?;
            let mut sending = respond.send_response(head, body.is_empty())?;
            if !body.is_empty() {
                sending.send_data(body, true)?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = passed.await {
            tracing::debug!(%error, "a call through the TLS proxy failed");
            respond.send_reset(Reason::INTERNAL_ERROR);
        }
    }

    async fn ask(&self, request: Request<RecvStream>) -> anyhow::Result<(Response<()>, Bytes)> {
        let (parts, mut body) = request.into_parts();
        let mut sent = Vec::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            sent.extend_from_slice(&chunk);
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let answer = self
            .client
            .request(parts.method, format!("{}{path}", self.target))
            .headers(parts.headers)
            .body(sent)
            .send()
            .await?;
        let mut head = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            // Framing belongs to each connection.
            if name != "transfer-encoding" && name != "connection" {
                head = head.header(name, value);
            }
        }
        Ok((head.body(())?, answer.bytes().await?))
    }
}
