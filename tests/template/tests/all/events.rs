//! The reader of the sources' log macros finds what they say.

use std::collections::BTreeSet;

use template::events::events_in;

use crate::kql_vocabulary::events;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn fields_are_found_in_each_way_of_writing_them() {
    let found = events_in(
        r#"
        tracing::warn!(operation, faas.outcome = "a, (b", status = f(1, 2), %error, ?why, problem = %x, "it failed");
        tracing::info!("alone");
        let _ = tracing::field::display;
        let span = tracing::error_span!("invocation", faas.coldstart = !x.swap(true, Relaxed),);
        "#,
    );
    assert_eq!(
        found.events["it failed"],
        set(&[
            "operation",
            "faas.outcome",
            "status",
            "error",
            "why",
            "problem"
        ])
    );
    assert_eq!(found.events["alone"], set(&[]));
    assert_eq!(found.events.len(), 2);
    assert_eq!(found.span_fields, set(&["faas.coldstart"]));
}

#[test]
fn an_event_that_is_written_twice_has_the_fields_of_both() {
    let mut found = events_in(r#"tracing::error!(a, "refused")"#);
    found.extend(events_in(r#"tracing::error!(b = 1, "refused")"#));
    assert_eq!(found.events["refused"], set(&["a", "b"]));
}

#[test]
fn the_handlers_own_events_are_found() {
    let found = events();
    assert_eq!(
        found.events["invocation.ended"],
        set(&[
            "faas.outcome",
            "res.status",
            "messages.receipts",
            "messages.rejected",
            "messages.handover",
        ])
    );
    assert_eq!(found.events["receipt.made"], set(&["receipt"]));
    assert!(found.span_fields.contains("faas.invocation_id"));
    assert!(found.events["a call to Graph failed"].contains("error"));
    assert!(found.events.len() > 20, "{:?}", found.events.keys());
}
