//! The words that the handler writes: what a query may look for, and what it may read.

use std::collections::{BTreeMap, BTreeSet};

/// What stands in the handler's records.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// The fields of receipts as they stand in the log.
    pub receipt_fields: BTreeSet<String>,
    /// Each event with its own fields.
    pub events: BTreeMap<String, BTreeSet<String>>,
    /// Fields that stand in every line, or come from the spans around an event.
    pub line_fields: BTreeSet<String>,
    /// For a column: the words that it can hold.
    pub values: BTreeMap<String, BTreeSet<String>>,
}

impl Vocabulary {
    /// Whether an event has a field. Of no event in particular, some event has to have it.
    pub(super) fn line_has(&self, events: &[&str], field: &str) -> bool {
        let own = |name: &str| self.events.get(name).is_some_and(|own| own.contains(field));
        self.line_fields.contains(field)
            || events.iter().any(|name| own(name))
            || (events.is_empty() && self.events.values().any(|own| own.contains(field)))
    }
}
