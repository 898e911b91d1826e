//! The required outcomes of a story without faults, by the contract (`function/README.md`) and not by the program.

use std::collections::BTreeSet;

use serde_json::Value;

use super::case::{AlertOf, Case, Form};
use super::people::{Changed, Subject, Target};
use super::play::{Done, Played};

pub(crate) fn is_protected_by_name(case: &Case, person: usize) -> bool {
    case.policy
        .people
        .iter()
        .any(|(protected, _)| *protected == person)
}

/// Whether a group protects the person, directly or by nesting.
pub(crate) fn is_protected_by_group(case: &Case, person: usize) -> bool {
    let groups = case.policy.groups.iter().copied();
    is_in(case, person, groups.collect())
}

/// The same, by a group whose members the app may see.
fn is_seen_in_a_group(case: &Case, person: usize) -> bool {
    let is_seen = |group: &usize| !is_hidden(case, *group);
    let groups = case.policy.groups.iter().copied().filter(is_seen);
    is_in(case, person, groups.collect())
}

/// Whether the app may not see the group's members.
fn is_hidden(case: &Case, group: usize) -> bool {
    !case.policy.sees_hidden && case.groups.get(group).is_some_and(|group| group.hidden)
}

/// Whether one of the protected groups hides its members from the app.
pub(crate) fn hides_a_group(case: &Case) -> bool {
    let mut groups = case.policy.groups.iter();
    groups.any(|group| is_hidden(case, *group))
}

fn is_in(case: &Case, person: usize, mut open: Vec<usize>) -> bool {
    let mut seen = BTreeSet::new();
    open.retain(|group| *group < case.groups.len());
    while let Some(group) = open.pop() {
        if !seen.insert(group) {
            continue;
        }
        if case.groups[group].people.contains(&person) {
            return true;
        }
        open.extend(&case.groups[group].groups);
    }
    false
}

/// Whether the setting names a group that does not exist.
pub(crate) fn lacks_a_group(case: &Case) -> bool {
    case.policy
        .groups
        .iter()
        .any(|group| *group >= case.groups.len())
}

/// Whether the alert's severity is below the minimum. A person's request counts at any severity.
pub(crate) fn is_below(case: &Case, alert: &AlertOf) -> bool {
    let by_hand = matches!(alert.shape, Form::Manual | Form::Text);
    match (case.policy.least, alert.grade) {
        (Some(least), Some(grade)) => !by_hand && grade < least,
        _ => false,
    }
}

/// Whether the message states its number of users. The app's own messages do if the first one did.
pub(crate) fn expects(case: &Case, done: &Done) -> bool {
    match done.alert {
        Some(alert) => {
            let alert = &case.alerts[alert];
            alert.expect && alert.shape == Form::Manual
        }
        None => {
            serde_json::from_slice::<Value>(&done.body).is_ok_and(|body| body["expect"].is_u64())
        }
    }
}

/// The permitted outcomes of each subject's receipt.
pub(crate) fn outcomes(
    case: &Case,
    played: &Played,
    done: &Done,
    subjects: &[Subject],
) -> Vec<Vec<&'static str>> {
    let alert = done.alert.map(|alert| &case.alerts[alert]);
    let expects = expects(case, done);
    let mut looked_up = 0;
    subjects
        .iter()
        .map(|subject| {
            let target = subject.target(case, &Changed::default());
            if target == Target::Machine {
                return vec!["not_a_user"];
            }
            if subject.elsewhere() {
                return vec!["withheld other_tenant"];
            }
            if alert.is_some_and(|alert| is_below(case, alert)) {
                return vec!["withheld below_minimum_severity"];
            }
            looked_up += 1;
            if looked_up > case.policy.per_alert && !expects {
                return vec!["withheld blast_radius"];
            }
            match target {
                Target::Person(person) => of_person(case, played, done, person),
                Target::Nobody | Target::Machine => vec!["not_found"],
                Target::Several => vec!["ambiguous"],
            }
        })
        .collect()
}

fn of_person(case: &Case, played: &Played, done: &Done, person: usize) -> Vec<&'static str> {
    if is_protected_by_name(case, person) {
        return vec!["withheld protected_user"];
    }
    if case.people[person].kind.is_external() {
        return vec!["not_effective"];
    }
    if is_seen_in_a_group(case, person) {
        return vec!["withheld protected_group"];
    }
    if lacks_a_group(case) {
        return vec!["withheld protected_group_missing"];
    }
    if hides_a_group(case) {
        return vec!["withheld membership_unknown"];
    }
    // Without time for reading back, only an immediate effect is verified.
    let mut words = vec!["revoked true"];
    if case.app.verify == 0 {
        words.push("revoked false");
    }
    if case.policy.observe {
        words = vec!["withheld observe"];
    }
    let wanted: usize = played
        .deliveries
        .iter()
        .map(|done| done.receipts().len())
        .sum();
    if wanted > case.policy.per_hour || case.policy.per_hour == 0 {
        words.push("withheld blast_radius");
    }
    if done.message.is_some() && played.deliveries.len() > 1 {
        words.push("already_cut");
    }
    words
}
