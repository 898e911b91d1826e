//! Writes the outputs of a worker's reply to the function's output bindings. It must not know which worker replied.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{bail, ensure};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::broker::Broker;
use super::events::{Event, Events};
use super::manifest::{Function, Output};
use super::message::Message;
use super::outputs::{HttpAnswer, http_answer, message_bodies};
use crate::sync::lock;

/// The output bindings of an invocation.
pub(super) struct OutputBindings<'a> {
    pub(super) broker: &'a Broker,
    /// The invocation that wrote them.
    pub(super) invocation: Uuid,
    pub(super) events: &'a Events,
    /// How many of the next writes are refused, by the output's name.
    pub(super) refusals: &'a Mutex<BTreeMap<String, usize>>,
}

impl OutputBindings<'_> {
    /// Writes every output, even if one of them fails; one failure fails the invocation.
    pub(super) fn write(
        &self,
        function: &Function,
        outputs: &Map<String, Value>,
    ) -> anyhow::Result<HttpAnswer> {
        for name in outputs.keys() {
            if !function.outputs.iter().any(|output| output.name() == name) {
                self.events.add(Event::UnknownOutput {
                    function: function.name.clone(),
                    output: name.clone(),
                });
            }
        }
        let mut answer = None;
        let mut failures = Vec::new();
        for output in &function.outputs {
            match output {
                Output::Http { binding } => answer = Some(http_answer(outputs.get(binding))),
                Output::ServiceBus {
                    binding,
                    entity,
                    binary,
                } => {
                    let bodies = outputs
                        .get(binding)
                        .map(|value| message_bodies(value, *binary))
                        .unwrap_or_default();
                    if let Err(error) = self.publish(binding, entity, bodies) {
                        failures.push(format!("output {binding}: {error:#}"));
                    }
                }
            }
        }
        ensure!(failures.is_empty(), failures.join("; "));
        Ok(answer.unwrap_or_else(|| http_answer(None)))
    }

    fn publish(&self, binding: &str, entity: &str, bodies: Vec<Vec<u8>>) -> anyhow::Result<()> {
        if bodies.is_empty() {
            return Ok(());
        }
        if let Some(left) = lock(self.refusals).get_mut(binding)
            && *left > 0
        {
            *left -= 1;
            bail!("ServerBusy: refused on purpose");
        }
        for body in bodies {
            let mut message = Message {
                content_type: Some("text/plain".to_owned()),
                ..Message::of(body)
            };
            let parent = Value::from(self.invocation.to_string());
            message
                .application_properties
                .insert("$AzureWebJobsParentId".to_owned(), parent);
            self.broker.send(entity, message)?;
        }
        Ok(())
    }
}

impl Output {
    fn name(&self) -> &str {
        match self {
            Self::Http { binding } | Self::ServiceBus { binding, .. } => binding,
        }
    }
}
