//! Questions of an operator: what an account reaches, what Entra ID reports of it, and what the deployed function says of
//! itself. Nothing here changes anything, and the handler is built without it.

pub mod access;
pub mod function;
pub mod function_apps;
pub mod reports;
