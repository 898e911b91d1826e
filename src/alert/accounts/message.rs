//! The sender and the recipients of a message, as Sentinel and Defender write them. Being one of them flags nobody.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{Node, Object};
use crate::alert::said::Role;
use crate::domain::{MailAddress, MentionedAs, SubjectKind, SubjectRef};

/// Adds the sender and the recipients of a message, as mentioned.
pub(super) fn read(message: &Object, builder: &mut AlertBuilder) {
    for (addresses, why) in [
        (senders(message), MentionedAs::Sender),
        (recipients(message), MentionedAs::Recipient),
    ] {
        for address in addresses {
            let mut account = SubjectRef::new(SubjectKind::User);
            account.mail = Some(address);
            builder.named(account, Role::Mentioned(why.clone()));
        }
    }
}

/// The senders of a message: Sentinel's `Sender`, `P1Sender`, `P2Sender`; Graph's `p1Sender.emailAddress`.
fn senders(message: &Object) -> Vec<MailAddress> {
    addresses(
        message,
        &[
            "sender",
            "p1Sender",
            "p2Sender",
            "senderFromAddress",
            "senderMailFromAddress",
        ],
    )
}

/// The recipients of a message: Sentinel's `Recipient`, Graph's `recipientEmailAddress`.
fn recipients(message: &Object) -> Vec<MailAddress> {
    addresses(
        message,
        &["recipient", "recipients", "recipientEmailAddress"],
    )
}

fn addresses(message: &Object, names: &[&str]) -> Vec<MailAddress> {
    let mut found = Vec::new();
    for name in names {
        match message.get(name) {
            Some(Node::Object(sender)) => found.extend(sender.parse(&["emailAddress"])),
            Some(Node::List(items)) => {
                let texts = items.iter().filter_map(Node::as_text);
                found.extend(texts.filter_map(|text| text.parse().ok()));
            }
            Some(Node::Text(text)) => {
                let parts = text.split([';', ',']);
                found.extend(parts.filter_map(|part| part.parse::<MailAddress>().ok()));
            }
            Some(Node::Null | Node::Bool(_) | Node::Number(_)) | None => {}
        }
    }
    found
}
