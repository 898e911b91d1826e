//! What arrives, in whatever shape, read into one [`Alert`](crate::domain::Alert).
//!
//! Each shape has a file of its own, named as the shape, which says where the shape comes from; `payload` tells them apart.
//! Names of foreign properties stand in those files and nowhere else. Common to all of them are the account in its three
//! dialects (`account`), what is no user (`kind`), lists of entities with their references (`entities`) and the merging
//! of what is one account (`merge`).
//!
//! # Who is a subject
//! Accounts that are given as entities, evidence, risky users, callers, columns, dimensions or entries of a manual message.
//! Owners, assignees, authors of comments, senders and recipients of messages, users who happened to be signed in to a
//! device, and anything in free text are only mentioned: their sessions are not cut.
//!
//! # Three ways to end
//! An alert that names at least one user; nothing to do, with the reason; malformed, with the JSON path and what was
//! expected there. A payload that holds several alerts is one alert with all their subjects, each once, in the payload's
//! order, with the gravest severity, and it is malformed if any of them is.
//!
//! # What must never be
//! Nothing here trusts the text of a payload: it reads any bytes without panicking, in time linear in their number, and
//! its messages do not repeat them. It does not decide what to do about an alert; that is the guard's.

#![deny(clippy::wildcard_enum_match_arm)]

mod account;
mod azure_monitor_activity;
mod azure_monitor_common;
mod cloudevents;
mod defender_for_cloud_export;
mod defender_xdr_legacy_incident;
mod defender_xdr_streaming;
mod draft;
mod entities;
mod entra_diagnostics;
mod event_grid;
mod evidence;
mod graph_alert_v2;
mod graph_incident;
mod graph_risk_detection;
mod graph_risky_user;
mod hygiene;
mod json;
mod kind;
mod logicapp_servicebus;
mod manual;
mod manual_text;
mod mde_alert;
mod merge;
mod node;
mod notification;
mod payload;
mod problem;
mod sentinel_alert_trigger;
mod sentinel_entity_trigger;
mod sentinel_incident_resource;
mod sentinel_incident_trigger;
mod sentinel_securityalert_record;
mod time;

use crate::domain::{Malformed, Parsed, Shape};

use self::draft::{Draft, Failure};

/// Reads a payload: JSON in any of the shapes that are known, or one user principal name or object id as text.
///
/// It takes any bytes. How many there may be is for the caller to limit.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed {
    let read = json::text(body)
        .map_err(|problem| Draft::new(Shape::None).fail(problem))
        .and_then(|text| payload::read_text(text, 0));
    match read {
        Ok(draft) => draft.finish(),
        Err(Failure { header, problem }) => Parsed::Malformed(Malformed {
            header: *header,
            path: problem.path(),
            expected: problem.expected().to_owned(),
        }),
    }
}
