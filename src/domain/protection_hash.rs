//! How the function tells whom it protects without naming anybody: a caller who has an account in hand can ask whether it is
//! protected, and whoever reads the answer learns nothing else.

use uuid::Uuid;

use super::identifiers::{UserId, UserPrincipalName};

/// The hash of an object id under a salt: a UUID of version 5 (RFC 9562) with the salt as its namespace, over the id in lower case.
#[must_use]
pub fn protection_hash_of_id(salt: Uuid, id: UserId) -> Uuid {
    Uuid::new_v5(&salt, id.to_string().as_bytes())
}

/// The hash of a user principal name under a salt, over the name in lower case.
#[must_use]
pub fn protection_hash_of_name(salt: Uuid, name: &UserPrincipalName) -> Uuid {
    Uuid::new_v5(&salt, name.as_str().to_lowercase().as_bytes())
}
