//! Turns tracing's events into lines.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tracing::field::{Field as TracingField, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::domain::Clock;

use super::line::{Field, line};
use super::sink::{Sink, Stream};

/// Writes each event as a line to the stream of its level.
pub(super) struct Lines<S> {
    pub(super) sink: S,
    pub(super) clock: Arc<dyn Clock>,
}

impl<S, R> Layer<R> for Lines<S>
where
    S: Sink,
    R: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, R>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, R>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, R>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.iter().cloned());
            }
        }
        let level = *event.metadata().level();
        let line = line(self.clock.now(), level, &fields.0);
        self.sink.write(Stream::of(level), &line);
    }
}

/// The fields of an event or a span.
#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    /// Sets a field. A field that is recorded again takes the later value.
    fn set(&mut self, field: &TracingField, value: Value) {
        let name = field.name();
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &TracingField, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &TracingField, value: f64) {
        self.set(field, value.into());
    }
}
