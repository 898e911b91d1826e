//! Which deployment is meant: profiles in a file of the person, and what a flag, a variable and a profile say together.

pub(crate) mod profiles;
pub(crate) mod standing;
