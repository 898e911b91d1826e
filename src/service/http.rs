//! The HTTP trigger, answered in the caller's time: 200 when every subject is final, 202 when the rest was handed to the
//! queue, 400 for what cannot be read. The status tells how the call went, not whether everybody was cut: a caller that
//! tried again on an error would sign the others out once more, so that is what `summary` and the receipts are for.

use std::time::Duration;

use serde_json::json;

use crate::alert;
use crate::domain::{Correlation, Deadline, Outcome, Parsed, Receipt};
use crate::host::{HttpReply, HttpRequest, OutputBinding, Reply};
use crate::receipt::{self, AlertReport, EventKey};

use super::{Delivery, Service, say_what_stays_alive};

pub(super) const JSON: &str = "application/json; charset=utf-8";

/// What is left of the caller's time for handing over and answering.
const MARGIN: Duration = Duration::from_secs(2);

impl Service {
    pub(super) async fn revoke_from_alert(
        &self,
        invocation: String,
        request: HttpRequest,
    ) -> Reply {
        let Some(body) = request.body else {
            return without_body();
        };
        let parsed = alert::parse(&body);
        let header = parsed.header();
        let correlation = Correlation {
            alert_id: header.alert_id.clone(),
            incident_id: header.incident_id.clone(),
            invocation_id: invocation,
            ..Correlation::default()
        };
        let deadline = Deadline::after(&*self.clock, self.settings.http_deadline);
        let delivery = Delivery {
            // A request always cuts: whoever asks knows of sessions that live now.
            enqueued_at: None,
            correlation: correlation.clone(),
            deadline: deadline.earlier_by(MARGIN),
        };
        let mut receipts = self.contain(&parsed, delivery).await;
        receipts.iter_mut().for_each(hand_over);

        let report = AlertReport {
            parsed: &parsed,
            receipts: &receipts,
            mode: self.settings.mode,
        };
        let handover = receipt::handover(&report);
        let status = match &parsed {
            Parsed::Malformed(_) => 400,
            Parsed::Alert(_) | Parsed::NothingToDo(_) if handover.is_empty() => 200,
            Parsed::Alert(_) | Parsed::NothingToDo(_) => 202,
        };
        let key = EventKey::Invocation(&correlation.invocation_id);
        let reply = Reply::completed()
            .with_http(HttpReply {
                status,
                content_type: JSON,
                body: receipt::reply_json(&report),
            })
            .with_messages(
                OutputBinding::Receipts,
                receipt::events(&report, &self.source(), key),
            )
            .with_messages(OutputBinding::Handover, handover);
        receipts
            .iter()
            .map(receipt::log_line)
            .fold(reply, Reply::with_log)
    }
}

/// What is not final by the deadline goes to the queue, and says so.
fn hand_over(receipt: &mut Receipt) {
    if receipt.outcome.is_final() {
        return;
    }
    receipt.outcome = Outcome::HandedOver;
    say_what_stays_alive(receipt);
    tracing::info!(receipt = receipt::log_line(receipt), "receipt.handed_over");
}

fn without_body() -> Reply {
    let body = json!({
        "error": {
            "path": "$",
            "problem": "The request has no Content-Length (it was sent chunked), and the Functions host leaves the body of \
                        such a request out.",
            "next": "Send the same body with a Content-Length header, not with Transfer-Encoding: chunked."
        }
    });
    Reply::completed().with_http(HttpReply {
        status: 400,
        content_type: JSON,
        body: body.to_string(),
    })
}
