//! Stands in for the guard until it is merged.

/// Leave to change one user, which only the guard can give.
#[derive(Debug)]
pub struct Clearance {
    user: crate::domain::UserId,
}

impl Clearance {
    /// The one user whom this clears.
    #[must_use]
    pub fn user_id(&self) -> crate::domain::UserId {
        self.user
    }
}
