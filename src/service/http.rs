//! The HTTP trigger, answered in the caller's time: 200 when every subject is final, 202 when the rest was handed to the
//! queue, 400 for what cannot be read. The status tells how the call went, not whether everybody was cut: a caller that
//! tried again on an error would sign the others out once more, so that is what `summary` and the receipts are for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::domain::{Caller, CommentBy, Correlation, HandedOn, Parsed};
use crate::host::{Arrival, HttpReply, HttpRequest, OutputBinding, Reply};
use crate::receipt::{self, AlertReport, EventKey};

use super::incident::Telling;
use super::reading::Looked;
use super::{Delivery, Joined, Service, deadline, hand_over, kept};

/// What is left of the caller's time for handing over and answering.
const MARGIN: Duration = Duration::from_secs(2);

impl Service {
    pub(super) async fn revoke_from_alert(
        &self,
        invocation: String,
        request: HttpRequest,
        requested_by: Option<Caller>,
        arrival: Arrival,
    ) -> Reply {
        let lacks_length = request.lacks_length();
        let Some(body) = request.body else {
            return without_body(lacks_length);
        };
        let (parsed, mut left_out) = self.read(&body);
        drop(body);
        arrival.keeps(kept(&parsed));
        let received_at = self.clock.now();
        let header = parsed.header();
        let correlation = Correlation {
            alert_id: header.alert_id.clone(),
            incident_id: header.incident_id.clone(),
            invocation_id: invocation,
            ..Correlation::default()
        };
        let deadline = deadline(&*self.clock, &arrival, self.settings.http_deadline);
        let looked = self.look_at_incident(parsed, None, deadline.earlier_by(MARGIN));
        let (Looked::Ready(mut parsed) | Looked::Pending(mut parsed)) = looked.await;
        left_out = left_out.saturating_add(self.shorten(&mut parsed));
        let delivery = Delivery {
            // A request always cuts: the caller knows of sessions that live now.
            enqueued_at: None,
            received_at: Some(received_at),
            message: None,
            correlation: correlation.clone(),
            requested_by,
            deadline: deadline.earlier_by(MARGIN),
            cleared: Arc::default(),
            joined: Joined::default(),
            ended: Arc::new(|_, _| ()),
        };
        let key = EventKey::Invocation(&correlation.invocation_id);
        let telling = Telling {
            key,
            usually: CommentBy::Caller,
            deadline,
        };
        let worked = self.contain_and_tell(&parsed, left_out, delivery, &telling);
        let mut receipts = worked.await;
        receipts.iter_mut().for_each(hand_over);
        self.log(&receipts);
        let told = self
            .tell_incident(&mut parsed, &mut receipts, &telling)
            .await;
        if self.incidents.is_some() {
            // What goes on is on the queue, where this program writes the comment unless somebody says otherwise.
            let header = parsed.header_mut();
            let by = header.comment_by.unwrap_or(CommentBy::Caller);
            header.comment_by = header.incident_id.as_ref().map(|_| by);
        }

        let report = AlertReport {
            parsed: &parsed,
            receipts: &receipts,
            mode: self.settings.mode,
            requested_by,
        };
        let handed_on = HandedOn {
            alert_at: parsed.header().alert_at(),
            source: Some(parsed.header().source()),
            story: told,
            ..HandedOn::default()
        };
        let handover = receipt::handover(&report, Some(&handed_on));
        let status = match &parsed {
            Parsed::Malformed(_) => 400,
            Parsed::Alert(_) | Parsed::NothingToDo(_) if handover.is_empty() => 200,
            Parsed::Alert(_) | Parsed::NothingToDo(_) => 202,
        };
        Reply::completed()
            .with_http(HttpReply::json(status, receipt::reply_json(&report)))
            .with_messages(
                OutputBinding::Receipts,
                receipt::events(&report, &self.source(), key),
            )
            .with_messages(OutputBinding::Handover, handover)
    }
}

/// The host leaves the body out when the request tells no length, and when it tells that there is none.
fn without_body(lacks_length: bool) -> Reply {
    let (problem, next) = if lacks_length {
        (
            "The request has no Content-Length (it was sent chunked), and the Functions host leaves the body of such a \
             request out.",
            "Send the same body with a Content-Length header, not with Transfer-Encoding: chunked.",
        )
    } else {
        (
            "The request's body is empty.",
            "Send the alert, the incident or the entity as the request's body.",
        )
    };
    let body = json!({
        "error": {
            "path": "$",
            "problem": problem,
            "next": next,
        }
    });
    Reply::completed().with_http(HttpReply::json(400, body.to_string()))
}
