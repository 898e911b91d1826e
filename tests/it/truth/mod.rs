//! No receipt claims more than is true, no subject is missing, nobody is cut by mistake: checked in thousands of random
//! stories.
//!
//! A story is a tenant, a policy, some alerts and some faults (`case`, `strategy`, `people`). The real service plays it
//! with the real client on the wire of the sandbox, in virtual time (`virtual_time`, `play`). Then every receipt is
//! compared with the sandbox's own record (`judge`, `expected`). A failing story is shrunk, printed as text (`report`),
//! and kept as a file in `kept` once its cause is corrected.
//!
//! `EVICT_TRUTH_CASES` sets the number of stories, `EVICT_TRUTH_SEED` selects them; both are printed.

mod case;
mod expected;
mod judge;
mod kill_at_every_call;
mod people;
mod play;
mod random;
mod report;
mod strategy;
mod virtual_time;
