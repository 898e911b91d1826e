//! Who is spared, and how many may be cut.

pub(crate) mod caps;
pub(crate) mod properties;
pub(crate) mod protection;
