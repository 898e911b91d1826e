//! The alert rules are about queues, settings and files that exist, and the guide says what they are.

use std::collections::BTreeSet;

use evict::config::REGISTRY;
use template::generated::queries;
use template::snapshot::{Resource, Snapshot};

use crate::support::{app, bindings, deployment, entity, found, list, span, text, word};

const METRIC: &str = "Microsoft.Insights/metricAlerts";
const LOG: &str = "Microsoft.Insights/scheduledQueryRules";
const ACTIVITY: &str = "Microsoft.Insights/activityLogAlerts";

fn rules<'a>(deployment: &'a Snapshot, kinds: &'a [&str]) -> impl Iterator<Item = &'a Resource> {
    kinds.iter().flat_map(|kind| deployment.of(kind))
}

/// The queries of rules by name.
fn alerting() -> impl Iterator<Item = (String, String)> {
    let queries = queries().unwrap().into_iter();
    queries.filter(|(name, _)| name.starts_with("alert-"))
}

#[test]
fn every_description_ends_with_the_next_step_and_names_queries_and_settings_that_exist() {
    let deployment = deployment("default");
    let mut all = String::new();
    for rule in rules(&deployment, &[METRIC, LOG, ACTIVITY]) {
        let description = rule.text("/properties/description");
        let (_, next) = description.split_once(" Next: ").unwrap();
        assert!(next.len() > 20, "{description}");
        all += description;
    }
    let (files, settings) = (
        found(r"infra/queries/(.+?)\.kql", &all),
        found("(EVICT_[A-Z_]+)", &all),
    );
    assert!(files.len() > 2 && !settings.is_empty());
    let queries = queries().unwrap();
    assert!(files.iter().all(|it| queries.contains_key(it)), "{files:?}");
    let is_setting = |name: &String| REGISTRY.iter().any(|it| it.name == name);
    assert!(settings.iter().all(is_setting), "{settings:?}");
}

#[test]
fn the_queues_are_those_that_the_functions_use() {
    let bindings = bindings();
    let bound = bindings.iter().filter_map(entity);
    let deployment = deployment("default");
    let entities = "/properties/criteria/allOf/0/dimensions/0/values";
    let watched = deployment.of(METRIC).flat_map(|it| list(it.at(entities)));
    let watched: BTreeSet<_> = watched.map(word).collect();
    assert_eq!(watched, bound.collect());
}

#[test]
fn a_window_is_at_least_three_times_its_frequency_and_one_that_azure_takes() {
    let deployment = deployment("default");
    for rule in rules(&deployment, &[METRIC, LOG]) {
        let [frequency, window] = ["evaluationFrequency", "windowSize"]
            .map(|name| span(rule.text(&format!("/properties/{name}"))).as_mins());
        assert!(window >= 3 * frequency, "{}", rule.name);
        for minutes in [frequency, window] {
            let taken = [1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360];
            assert!(taken.contains(&minutes), "{}", rule.name);
        }
    }
}

/// A rule fires for each row of its query, and `summarize` without `by` makes a row of nothing. "Optimize log search alert queries"
/// says that a rule takes no `union`; what Azure refuses is one of all tables, and any in a rule that runs each minute.
#[test]
fn a_query_gives_no_row_where_nothing_is_wrong() {
    let deployment = deployment("default");
    for rule in deployment.of(LOG) {
        let criterion = rule.at("/properties/criteria/allOf/0");
        assert_eq!(criterion["timeAggregation"], "Count");
        assert_eq!(criterion["threshold"], 0);
        assert_ne!(rule.at("/properties/evaluationFrequency"), "PT1M");
    }
    for (name, query) in alerting() {
        let is_of_all = query.contains("union *") || query.contains("search ");
        assert!(!is_of_all, "{name}");
        for line in query.lines().filter(|it| it.contains("| summarize ")) {
            assert!(line.contains(" by "), "{name}: {line}");
        }
    }
}

/// A workspace that has never had a row knows no tables of Application Insights, and the rules are deployed before there is one.
#[test]
fn a_table_that_may_be_missing_is_read_beside_an_empty_one() {
    for (name, query) in alerting() {
        let tables = "App(?:Traces|Requests|Exceptions)|Security[A-Z][a-z]+";
        let before = found(&format!("(?m)^([^/\n].*)\\b(?:{tables})$"), &query);
        assert_eq!(before, BTreeSet::from(["    (".to_owned()]), "{name}");
    }
}

#[test]
fn the_guide_lists_every_rule_with_its_severity_and_counts_it_in_the_cost() {
    let guide = text("infra/README.md");
    let deployment = deployment("default");
    for rule in rules(&deployment, &[METRIC, LOG, ACTIVITY]) {
        let severity = rule.at("/properties/severity").as_u64();
        let severity = severity.map_or("–".to_owned(), |it| it.to_string());
        let name = rule.name.strip_prefix(&app(&deployment).name).unwrap();
        let row = format!("\n| {} | {severity} | ", &name[1..]);
        assert!(guide.contains(&row), "{}", rule.name);
    }
    let every = |frequency: &str| {
        let frequencies = deployment
            .of(LOG)
            .map(|it| it.at("/properties/evaluationFrequency"));
        frequencies.filter(|it| *it == frequency).count()
    };
    let metric = deployment.of(METRIC).count();
    let sum = format!("{metric}·m + {}·q5 + {}·q15", every("PT5M"), every("PT15M"));
    assert!(guide.contains(&sum), "{sum}");
}
