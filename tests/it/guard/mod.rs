//! Who is protected, and how many users may be cut.

pub(crate) mod caps;
pub(crate) mod properties;
pub(crate) mod protection;
