//! A message that was given up, as it is shown.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::alert;
use crate::cli::terminal::escape::Escaped;
use crate::domain::{
    AccountName, MailAddress, Parsed, SecurityIdentifier, SubjectRef, UserPrincipalName,
};
use crate::service_bus::{QueuePath, Received};

/// A message that was given up, in short.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Letter")]
pub(super) struct Letter {
    /// The queue in which it lies.
    pub(super) queue: String,
    /// Its message id.
    pub(super) message_id: String,
    /// The message id that the sender gave, where the function made a message of its own of what it received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_as: Option<String>,
    /// Its number in the queue.
    pub(super) sequence_number: i64,
    /// The id that the receipts repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// Since when it lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    enqueued_at: Option<Timestamp>,
    /// How often it was delivered, looks counted.
    deliveries: u32,
    /// How many looks are left before the queue gives it up into its own dead letters; absent where it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    looks_left: Option<u32>,
    /// Why it lies there: in the broker's words, or in the function's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) because: Option<String>,
    /// Whom it asks for.
    subjects: Vec<String>,
    /// The same as the function will read them.
    #[serde(skip)]
    pub(super) asked: Vec<SubjectRef>,
    /// Whether it says how many users are meant.
    #[serde(skip)]
    pub(super) expects: bool,
    /// What a replay of it would lose.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) loses: Vec<String>,
    /// Why the function could not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unreadable: Option<String>,
    /// What the function received, if it wrapped what it could not read.
    #[serde(skip)]
    pub(super) received: Option<Vec<u8>>,
}

impl Letter {
    pub(super) fn of(queue: &QueuePath, message: &Received) -> Self {
        // A letter may hold anything; a body that is not JSON was not wrapped by the function.
        let json: Option<Value> = serde_json::from_slice(&message.body).ok();
        let text = |path: &str| json.as_ref()?.pointer(path)?.as_str().map(str::to_owned);
        let received = text("/receivedBody").map(String::into_bytes).or_else(|| {
            let encoded = text("/receivedBodyBase64")?;
            STANDARD.decode(encoded).ok()
        });
        let wrapped = received.as_ref().map(|_| {
            let at = text("/problem/path").unwrap_or_default();
            let problem = text("/problem/expected").unwrap_or_default();
            format!("at {at}: {problem}")
        });
        let parsed = alert::parse(&message.body);
        let malformed = match &parsed {
            Parsed::Alert(_) | Parsed::NothingToDo(_) => None,
            Parsed::Malformed(problem) => {
                Some(format!("at {}: {}", problem.path, problem.expected))
            }
        };
        Self {
            queue: queue.to_string(),
            message_id: message.message_id.clone(),
            sent_as: text("/rejectedFrom/messageId"),
            sequence_number: message.sequence_number,
            correlation_id: message.correlation_id.clone(),
            enqueued_at: message.enqueued_at,
            deliveries: message.delivery_count,
            looks_left: None,
            because: text("/rejectedBecause").or_else(|| message.dead_letter_reason()),
            subjects: parsed.accounts().iter().map(name).collect(),
            asked: parsed.accounts(),
            expects: parsed.header().expect.is_some(),
            loses: losses(message),
            unreadable: wrapped.or(malformed),
            received,
        }
    }

    /// The letter in a queue with a maximum delivery count. Dead letters have none.
    pub(super) fn given_up_after(mut self, most: u32) -> Self {
        if !self.queue.ends_with("/$deadletterqueue") {
            self.looks_left = Some(most.saturating_sub(self.deliveries));
        }
        self
    }

    pub(super) fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// The name for a person: the message id, or the number.
    pub(super) fn name(&self) -> String {
        if self.message_id.is_empty() {
            format!("#{}", self.sequence_number)
        } else {
            Escaped(&self.message_id).to_string()
        }
    }

    pub(super) fn write_facts(&self, output: &mut dyn Write) -> io::Result<()> {
        let at = self.enqueued_at.map(|at| at.to_string());
        let subjects = self.subjects.join(", ");
        let looks = self.looks_left.map(|left| left.to_string());
        let loses = format!("loses {}", self.loses.join("; "));
        for (label, value) in [
            ("in", Some(self.queue.as_str())),
            ("number", Some(self.sequence_number.to_string().as_str())),
            ("since", at.as_deref()),
            ("sent as", self.sent_as.as_deref()),
            ("deliveries", Some(self.deliveries.to_string().as_str())),
            ("looks left", looks.as_deref()),
            ("about", self.correlation_id.as_deref()),
            ("because", self.because.as_deref()),
            ("unreadable", self.unreadable.as_deref()),
            (
                "asks for",
                Some(subjects.as_str()).filter(|text| !text.is_empty()),
            ),
            (
                "a replay",
                Some(loses.as_str()).filter(|_| !self.loses.is_empty()),
            ),
        ] {
            if let Some(value) = value {
                writeln!(output, "   {label:<10}  {}", Escaped(value))?;
            }
        }
        Ok(())
    }
}

/// The identifier that a person knows best.
fn name(subject: &SubjectRef) -> String {
    let upn = subject.upn.as_ref().map(UserPrincipalName::as_str);
    let mail = subject.mail.as_ref().map(MailAddress::as_str);
    let account = subject.account.as_ref().map(AccountName::as_str);
    let sid = subject.sid.as_ref().map(SecurityIdentifier::as_str);
    let known = upn.or(mail).or(account).or(subject.name.as_deref());
    known
        .map(str::to_owned)
        .or_else(|| subject.id.map(|id| id.to_string()))
        .or_else(|| sid.map(str::to_owned))
        .unwrap_or_else(|| "somebody without a name".to_owned())
}

/// What a copy loses; a person is told before it is made.
fn losses(message: &Received) -> Vec<String> {
    let mut losses = Vec::new();
    if !message.not_to_be_sent.is_empty() {
        losses.push(format!(
            "the properties {}, for HTTP has headers of these names",
            message.not_to_be_sent.join(", ")
        ));
    }
    let named = message.senders_properties();
    if named.keys().any(|name| !name.starts_with("evict-")) {
        losses.push("capital letters in the names of its properties".to_owned());
    }
    losses
}
