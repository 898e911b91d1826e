//! Who we are, and what a token is for: the app's managed identity, or the account that is signed in at a shell.
//!
//! `managed` is the one credential of the handler, and one of the operator's; `token_cache` keeps a token until shortly before
//! it ends; `claims` reads what a token says of itself; `resource` is what it is for. It calls no service but those that give
//! tokens.

#![deny(clippy::wildcard_enum_match_arm)]

pub(crate) mod claims;
pub(crate) mod managed;
pub mod operator;
mod resource;
mod sign_in;
mod token_cache;

pub(crate) use token_cache::{Token, Tokens};

pub use claims::TokenFacts;
pub use managed::{FreshToken, IdentityProblem, ManagedIdentity, TokenSource};
pub use resource::Resource;
pub use sign_in::{Credential, SignInProblem};
