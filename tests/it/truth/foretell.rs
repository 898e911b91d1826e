//! How a story must end in which nothing goes wrong, by the rules of the contract (`function/README.md`) and not by those of the program.

use std::collections::BTreeSet;

use super::case::{AlertOf, Case, Form};
use super::play::{Done, Played};
use super::words::{Subject, Target};

pub(crate) fn is_protected(case: &Case, person: usize) -> bool {
    is_protected_by_name(case, person) || is_protected_by_group(case, person)
}

pub(crate) fn is_protected_by_name(case: &Case, person: usize) -> bool {
    case.policy
        .people
        .iter()
        .any(|(protected, _)| *protected == person)
}

/// By a group that the person is in, directly or through others.
pub(crate) fn is_protected_by_group(case: &Case, person: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = case
        .policy
        .groups
        .iter()
        .copied()
        .filter(|group| *group < case.groups.len())
        .collect();
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

/// Whether the alert is less grave than what is acted on. A person who asks by hand means it.
pub(crate) fn is_below(case: &Case, alert: &AlertOf) -> bool {
    let by_hand = matches!(alert.shape, Form::Manual | Form::Text);
    match (case.policy.least, alert.grade) {
        (Some(least), Some(grade)) => !by_hand && grade < least,
        _ => false,
    }
}

/// For each subject the words in which its receipt may end.
pub(crate) fn foretell(
    case: &Case,
    played: &Played,
    done: &Done,
    subjects: &[Subject],
) -> Vec<Vec<&'static str>> {
    let alert = done.alert.map(|alert| &case.alerts[alert]);
    let expects = alert.is_some_and(|alert| alert.expect && alert.shape == Form::Manual);
    let mut looked_up = 0;
    subjects
        .iter()
        .map(|subject| {
            let target = subject.target(case, &[]);
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
    if is_protected_by_group(case, person) {
        return vec!["withheld protected_group"];
    }
    if lacks_a_group(case) {
        return vec!["withheld protected_group_missing"];
    }
    // Without a moment for reading back, only what shows at once is verified.
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
