//! No receipt claims more than is true, no subject is missing, nobody is cut by mistake: held in thousands of random stories.
//!
//! A story is a tenant, a policy, some alerts and what goes wrong meanwhile (`case`, `draw`, `words`). It is played by the
//! real service with the real client on the wire of the sandbox, in virtual time (`pace`, `play`), and then every receipt is
//! held against the sandbox's own record (`judge`, `foretell`). A story that fails is made smaller, printed as text, and
//! kept as a file in `kept` once its cause is mended.
//!
//! `EVICT_TRUTH_CASES` says how many stories are told, `EVICT_TRUTH_SEED` which; both are printed.

mod case;
mod draw;
mod foretell;
mod judge;
mod kills;
mod pace;
mod play;
mod random;
mod tell;
mod words;
