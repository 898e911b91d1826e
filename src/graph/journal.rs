//! The requests that were sent for one question, each with what is known of its end. It sends nothing itself.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::Moment;

/// One request that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// When it was sent, on Graph's clock as far as that was known then.
    pub(crate) moment: Moment,
    /// When it was answered or given up, on Graph's clock where it said.
    pub(crate) ended: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    /// The id that we gave it, by which Microsoft's support finds it even if its answer was lost.
    pub(crate) client_request_id: Uuid,
    /// Whether it may have been carried out although it was not answered with a success.
    pub(crate) unclear: bool,
}

/// The requests that were sent for one question.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Vec<Sent>>);

impl Journal {
    pub(super) fn note(&self, sent: Sent) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sent);
    }

    pub(super) fn len(&self) -> u32 {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        u32::try_from(sent.len()).unwrap_or(u32::MAX)
    }

    /// The id that we gave the last request.
    pub(super) fn last_client_request_id(&self) -> Option<String> {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.last().map(|last| last.client_request_id.to_string())
    }

    pub(crate) fn into_sent(self) -> Vec<Sent> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
