//! Hashes that stand for an account without naming it: UUIDs of version 5 (RFC 9562) with a salt as their namespace,
//! over the text in lower case.
//!
//! A caller that knows an account can check whether the function protects it, and readers of the answer learn nothing
//! else: each answer has a new salt, so that two answers cannot be correlated. The log's hashes have to be correlated
//! across lines and months, so a tenant has one salt for all of them. Neither is a secret: a reader who guesses a name
//! can check the guess.

use uuid::Uuid;

use super::identifiers::{TenantId, UserId, UserPrincipalName};

/// The hash of an object id under a salt.
#[must_use]
pub fn protection_hash_of_id(salt: Uuid, id: UserId) -> Uuid {
    of_text(salt, &id.to_string())
}

/// The hash of a user principal name under a salt.
#[must_use]
pub fn protection_hash_of_name(salt: Uuid, name: &UserPrincipalName) -> Uuid {
    of_text(salt, name.as_str())
}

/// The tenant's log hash for a text that may name a person: a subject as written, or a remark.
#[must_use]
pub fn log_hash(tenant: TenantId, text: &str) -> Uuid {
    let salt = Uuid::new_v5(&tenant.uuid(), b"evict.log");
    of_text(salt, text)
}

fn of_text(salt: Uuid, text: &str) -> Uuid {
    Uuid::new_v5(&salt, text.to_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_hashes_a_name_in_any_case_to_one_value_for_each_tenant() {
        let tenant = |text: &str| text.parse::<TenantId>().unwrap();
        let ours = tenant("f6fadfa7-e5c1-4b62-9362-da5cc13da58a");
        let hash = log_hash(ours, "alice@contoso.com");
        // The value from Python: uuid5(uuid5(UUID(tenant), "evict.log"), "alice@contoso.com").
        assert_eq!(hash.to_string(), "645a4378-c13e-54d3-a17d-f7ed2db7988c");
        assert_eq!(log_hash(ours, "Alice@Contoso.com"), hash);
        assert_ne!(log_hash(ours, "bob.stone@contoso.com"), hash);
        let other = tenant("1c5989f1-ba2d-4e83-858b-fed0a712755f");
        assert_ne!(log_hash(other, "alice@contoso.com"), hash);
    }
}
