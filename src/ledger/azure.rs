//! The blob in Azure Storage, through `azure_storage_blob`.
//!
//! The crate's own retries are off, because the ledger handles a refused or lost write by reading again. The crate
//! sends a credential over https only. Over http, which [`LedgerEndpoint`] permits on this machine alone, requests
//! carry none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Etag, RequestContent, Url};
use azure_storage_blob::models::{BlobClientDownloadOptions, BlockBlobClientUploadOptions};
use azure_storage_blob::{BlobClient, BlobClientOptions};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::book::LARGEST;
use super::problem::LedgerProblem;
use super::store::{Blob, Over, Reading, Store, Written};
use crate::domain::LedgerEndpoint;
use crate::http::azure::{self, AzureFailure, AzureHttp};
use crate::http::{Bounds, HttpClient, HttpFailure};
use crate::identity::{IdentityProblem, ManagedIdentity};

/// The time limit of one answer. The account is in the app's region, and answers within some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The version of the protocol. Conditional reads and writes are much older; this version also exists in the clouds
/// that receive new versions last.
const VERSION: &str = "2021-12-02";

/// The blob at an address.
pub(super) struct AzureStore {
    client: BlobClient,
}

impl fmt::Debug for AzureStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AzureStore")
            .field(&self.client.url().as_str())
            .finish()
    }
}

impl AzureStore {
    /// Creates the client. Nothing is sent yet.
    pub(super) fn new(
        endpoint: &LedgerEndpoint,
        http: HttpClient,
        identity: ManagedIdentity,
    ) -> Result<Self, LedgerProblem> {
        let credential = endpoint
            .takes_a_token()
            .then(|| Arc::new(identity.within(TIMEOUT)) as Arc<dyn TokenCredential>);
        let bounds = Bounds {
            time: TIMEOUT,
            bytes: 2 * LARGEST,
        };
        let url = Url::parse(endpoint.url()).map_err(|_| {
            LedgerProblem::NoAnswer("EVICT_LEDGER_URL is not an address".to_owned())
        })?;
        let options = BlobClientOptions {
            client_options: AzureHttp::new(http, bounds).into_options(),
            version: VERSION.to_owned(),
        };
        let client = BlobClient::new(url, credential, Some(options))
            .map_err(|error| LedgerProblem::NoAnswer(error.to_string()))?;
        Ok(Self { client })
    }

    async fn get(&self) -> Result<Reading, LedgerProblem> {
        let options = BlobClientDownloadOptions {
            // One byte more than the limit, so that a larger blob is recognised.
            range: Some((0..LARGEST as u64 + 1).into()),
            ..BlobClientDownloadOptions::default()
        };
        let answer = match self.client.download(Some(options)).await {
            Ok(answer) => answer,
            Err(error) => return no_blob(&error),
        };
        let date = date(&answer.headers)?;
        let etag = answer.properties.etag.ok_or(LedgerProblem::Lacks("ETag"))?;
        let bytes = answer
            .body
            .collect()
            .await
            .map_err(|error| problem(&error))?;
        Ok(Reading {
            blob: Some(Blob {
                etag: etag.into(),
                bytes: bytes.into(),
            }),
            date,
        })
    }

    async fn put(&self, bytes: Vec<u8>, over: Over) -> Result<Written, LedgerProblem> {
        let (if_match, if_none_match) = match over {
            Over::Nothing => (None, Some(Etag::from("*"))),
            Over::Etag(etag) => (Some(Etag::from(etag)), None),
        };
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            if_match,
            if_none_match,
            ..BlockBlobClientUploadOptions::default()
        };
        let content = RequestContent::from(bytes);
        let answer = self
            .client
            .upload(content, Some(options))
            .await
            .map_err(|error| changed(problem(&error)))?;
        Ok(Written {
            date: date(answer.raw_response.headers())?,
            etag: answer.etag.ok_or(LedgerProblem::Lacks("ETag"))?.into(),
        })
    }
}

impl Store for AzureStore {
    fn read(&self) -> BoxFuture<'_, Result<Reading, LedgerProblem>> {
        Box::pin(self.get())
    }

    fn write(&self, bytes: Vec<u8>, over: Over) -> BoxFuture<'_, Result<Written, LedgerProblem>> {
        Box::pin(self.put(bytes, over))
    }
}

/// Maps an error to the ledger's terms: no token, no answer, or an answer of the service.
fn problem(error: &azure_core::Error) -> LedgerProblem {
    if let Some(identity) = azure::cause::<IdentityProblem>(error) {
        return LedgerProblem::NoToken(identity.to_string());
    }
    if let Some(failure) = azure::cause::<AzureFailure>(error) {
        return no_answer(failure);
    }
    let Some(ErrorKind::HttpResponse {
        status,
        error_code,
        raw_response,
    }) = azure::answered(error)
    else {
        return LedgerProblem::NoAnswer("its answer cannot be read".to_owned());
    };
    let headers = raw_response.as_ref().map(|response| response.headers());
    let header = |name| headers.and_then(|headers| text(headers, name));
    LedgerProblem::Answered {
        status: (*status).into(),
        code: header("x-ms-error-code").or_else(|| error_code.clone()),
        request_id: header("x-ms-request-id"),
        retry_after: header("retry-after")
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs),
    }
}

fn no_answer(failure: &AzureFailure) -> LedgerProblem {
    LedgerProblem::NoAnswer(match failure {
        AzureFailure::Http(HttpFailure::TimedOut(time)) => {
            format!("none came within {} s", time.as_secs())
        }
        AzureFailure::Http(HttpFailure::Connect(reason) | HttpFailure::Broken(reason)) => {
            reason.clone()
        }
        AzureFailure::Http(HttpFailure::TooLarge(_)) => "the answer was too large".to_owned(),
        AzureFailure::NoManagedIdentity | AzureFailure::NotSent(_) => failure.to_string(),
    })
}

/// A missing blob is an answer; a missing container is a problem.
fn no_blob(error: &azure_core::Error) -> Result<Reading, LedgerProblem> {
    let found = problem(error);
    let is_absent = matches!(
        &found,
        LedgerProblem::Answered { status: 404, code: Some(code), .. } if code == "BlobNotFound"
    );
    if !is_absent {
        return Err(found);
    }
    let ErrorKind::HttpResponse {
        raw_response: Some(response),
        ..
    } = error.kind()
    else {
        return Err(found);
    };
    Ok(Reading {
        blob: None,
        date: date(response.headers())?,
    })
}

/// Maps the refusals of a write which mean that another instance wrote first ("Specifying conditional headers for Blob
/// service operations"; a blob that was deleted meanwhile is one too).
fn changed(problem: LedgerProblem) -> LedgerProblem {
    let LedgerProblem::Answered { status, code, .. } = &problem else {
        return problem;
    };
    match (status, code.as_deref()) {
        (412, Some("ConditionNotMet") | None)
        | (409, Some("BlobAlreadyExists"))
        | (404, Some("BlobNotFound")) => LedgerProblem::Changed,
        (_, _) => problem,
    }
}

fn date(headers: &Headers) -> Result<Timestamp, LedgerProblem> {
    text(headers, "date")
        .and_then(|date| {
            rfc2822::DateTimeParser::new()
                .parse_timestamp(date.trim())
                .ok()
        })
        .ok_or(LedgerProblem::Lacks("Date"))
}

fn text(headers: &Headers, name: &'static str) -> Option<String> {
    headers.get_optional_string(&HeaderName::from_static(name))
}
