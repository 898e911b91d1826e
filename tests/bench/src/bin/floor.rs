//! The floor: a bare axum server without any work, built by the same profile as the handler. Every custom handler in
//! Rust costs at least this much.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;

/// The number of the handler's threads.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    match runtime.map(|runtime| runtime.block_on(serve())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the host names the port in the environment, and this program is nothing but that"
)]
async fn serve() -> std::io::Result<()> {
    let port = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let router = Router::new()
        .route("/", get(|| async {}))
        .route(
            "/RevokeFromQueue",
            post(|_: axum::body::Bytes| async { "{}" }),
        )
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, router).await
}
