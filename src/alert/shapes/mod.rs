//! The shapes: one row and one file each. A row says who sends the shape, which signs identify it, and how it is read.
//!
//! Names of foreign properties stand in these files, and in those of `accounts`, and nowhere else. A shape is
//! recognised when all of its signs hold. No sign is a single common word: a document of another system may well have a
//! `user` or a `severity`. `evict explain` lists the signs that a payload lacks, and the table of shapes in
//! `function/README.md` is generated from the rows.

mod azure_monitor_activity;
mod azure_monitor_common;
mod cloudevents;
mod columns;
mod defender_for_cloud_export;
mod defender_xdr_legacy_incident;
mod defender_xdr_streaming;
mod entra_diagnostics;
mod event_grid;
mod foreign;
mod graph_alert_v2;
mod graph_incident;
mod graph_risk_detection;
mod graph_risky_user;
mod logicapp_outputs;
mod logicapp_servicebus;
mod manual;
mod manual_text;
mod mde_alert;
mod notification;
mod other_records;
mod own;
mod sentinel_alert_trigger;
mod sentinel_entities;
mod sentinel_entity_trigger;
mod sentinel_incident_resource;
mod sentinel_incident_trigger;
mod sentinel_securityalert_record;

use crate::domain::Shape;

use super::builder::AlertBuilder;
use super::json::{JsonProblem, Object};

pub(crate) use foreign::{sentence as foreign_sentence, text as foreign_text};
pub(crate) use logicapp_servicebus::decoded;
pub(crate) use manual_text::read as read_manual_text;
pub(crate) use other_records::taken_for as other_record;
pub(crate) use own::taken_for as own_output;
pub(crate) use sentinel_entities::{is_list as is_entity_list, read_list as read_entity_list};

/// One sign that identifies a shape.
pub(crate) struct Sign {
    /// What has to be present, in words.
    pub(crate) words: &'static str,
    /// Whether it is present.
    pub(crate) holds: fn(&Object) -> bool,
}

/// How a payload of a shape is read.
pub(crate) enum Reading {
    /// By itself.
    Payload(fn(&Object, &mut AlertBuilder) -> Result<(), JsonProblem>),
    /// As an envelope around another payload.
    Envelope {
        /// Opens it.
        open: fn(&Object, &mut AlertBuilder) -> Result<Inside, JsonProblem>,
        /// The property with the sending time, for a payload that has no time itself.
        sent_at: Option<&'static str>,
    },
}

/// The contents of an envelope.
pub(crate) enum Inside {
    /// The payload under a name.
    Payload(&'static str),
    /// The payload as text, decoded from the value under a name.
    Text(&'static str, String),
    /// No payload: everything has been read.
    Nothing,
}

/// One form of a shape.
pub(crate) struct Row {
    pub(crate) shape: Shape,
    /// The system that sends it.
    pub(crate) sender: &'static str,
    /// The signs that identify it, all of which have to hold.
    pub(crate) signs: &'static [Sign],
    /// A sample of it below `tests/fixtures`.
    pub(crate) sample: &'static str,
    pub(crate) reading: Reading,
}

impl Row {
    /// Whether a payload is of this shape.
    pub(crate) fn is(&self, payload: &Object) -> bool {
        self.signs.iter().all(|sign| (sign.holds)(payload))
    }

    /// The signs that a payload lacks.
    pub(crate) fn lacks(&self, payload: &Object) -> Vec<&'static str> {
        let lacking = self.signs.iter().filter(|sign| !(sign.holds)(payload));
        lacking.map(|sign| sign.words).collect()
    }

    /// Its signs as one phrase.
    pub(crate) fn known_by(&self) -> String {
        let words: Vec<&str> = self.signs.iter().map(|sign| sign.words).collect();
        words.join("; ")
    }
}

/// Every shape. Envelopes come first. Shapes that people write come last, because a system's document that happens to
/// have a `user` is not a person's order.
pub(crate) const ROWS: &[Row] = &[
    cloudevents::ROW,
    event_grid::ROW,
    logicapp_servicebus::ROW,
    logicapp_outputs::ROW,
    azure_monitor_activity::ROW,
    azure_monitor_common::ROW,
    sentinel_incident_trigger::ROW,
    sentinel_entity_trigger::ROW,
    sentinel_incident_resource::ROW,
    sentinel_entities::ACCOUNTS,
    sentinel_entities::ANSWER,
    sentinel_entities::WITH_INCIDENT,
    sentinel_entities::ENTITY,
    sentinel_securityalert_record::ROW,
    defender_for_cloud_export::ARM,
    defender_for_cloud_export::EXPORT,
    defender_xdr_streaming::ROW,
    defender_xdr_streaming::FLAT,
    entra_diagnostics::ROW,
    sentinel_alert_trigger::ROW,
    notification::ROW,
    graph_risk_detection::ROW,
    graph_risky_user::ROW,
    graph_incident::ROW,
    mde_alert::ROW,
    defender_xdr_legacy_incident::ROW,
    defender_xdr_legacy_incident::ALERT,
    graph_alert_v2::ROW,
    manual::ROW,
];

/// The row of a payload's shape.
pub(crate) fn row(payload: &Object) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.is(payload))
}

/// Whether the object has a property with any of these names.
fn has_any(payload: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| payload.has(name))
}

/// Whether a property has this value, in any case.
fn says(payload: &Object, name: &str, word: &str) -> bool {
    payload
        .text(name)
        .is_some_and(|text| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
