//! Plain values that every room speaks in: identifiers, the alert, the subject, the user, the outcome, the receipt.
//!
//! A type's name says how far its values are trusted: a [`SubjectRef`] is an account as a sender wrote it, a [`User`]
//! is an answer of the directory. Nothing here does I/O or names another room.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod accounts;
pub mod alert;
pub mod caller;
pub mod clock;
pub mod cloud;
pub mod incident;
pub mod ledger;
pub mod ledger_endpoint;
pub mod outcome;
pub mod policy;
pub mod receipt;
pub mod severity;
pub mod still_alive;
pub mod untrusted;
pub mod urgency;

pub use accounts::identifiers::{
    AccountName, GroupId, IdentifierError, MailAddress, TenantId, UserId, UserPrincipalName,
};
pub use accounts::mention::{
    Cleared, ClearedAs, Flag, Mention, MentionedAs, State, Subject, WrittenBy,
};
pub use accounts::salted_hash::{log_hash, protection_hash_of_id, protection_hash_of_name};
pub use accounts::security_identifier::SecurityIdentifier;
pub use accounts::subject::{SubjectKind, SubjectRef};
pub use accounts::user::{FoundBy, HomeTenant, User};
pub use alert::{
    Alert, AlertHeader, HandedOn, IncidentQuestion, Malformed, NothingToDo, NothingToDoReason,
    Parsed, Shape, Unread,
};
pub use caller::{Audience, Caller, CallerPolicy};
pub use clock::{Clock, Deadline, SystemClock};
pub use cloud::{ArmEndpoint, Cloud, GraphEndpoint, LoginEndpoint};
pub use incident::{
    CommentBy, CommentState, IncidentLabel, IncidentNote, IncidentStatus, IncidentTask,
    SentinelWorkspace, Story, Told,
};
pub use ledger::{Admission, Kept, Ledger, LedgerState, Wanted};
pub use ledger_endpoint::LedgerEndpoint;
pub use outcome::{Fix, Outcome, WithholdReason};
pub use policy::{Mode, Policy, ProtectedUser};
pub use receipt::{
    Call, Correlation, Masked, Receipt, ReceiptUser, SessionsValidFrom, StillAlive, Times,
};
pub use severity::Severity;
pub use still_alive::{cut_at, still_alive};
pub use untrusted::{is_invisible, json_without_controls};
pub use urgency::Urgency;
