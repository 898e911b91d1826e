//! What only an operator asks: what an account reaches, what Entra ID reports of it, and what the deployed function says of
//! itself. It changes nothing, and the handler has none of it.

pub mod access;
pub mod function;
pub mod reports;
