//! The one outgoing HTTP client: it sends a request once and reads one answer of bounded size.
//!
//! It knows no service, no retry and no token's meaning: what to send and what an answer says is the caller's to decide.

pub(crate) mod azure;
mod bearer;
mod client;

pub(crate) use client::{Answer, Bounds};
pub(crate) use reqwest::{Method, Request as HttpRequest, Url, header};

pub use bearer::Bearer;
pub use client::{HttpClient, HttpFailure, HttpSetupError};
