//! The alert rules are about queues, settings and files that exist, and the guide says what they are.

use std::collections::BTreeSet;

use evict::config::REGISTRY;
use regex::Regex;
use template::generated::queries;
use template::snapshot::{Resource, Snapshot};

use crate::support::{app, bindings, deployment, span, text};

const METRIC: &str = "Microsoft.Insights/metricAlerts";
const LOG: &str = "Microsoft.Insights/scheduledQueryRules";
const ACTIVITY: &str = "Microsoft.Insights/activityLogAlerts";

fn rules<'a>(deployment: &'a Snapshot, kinds: &'a [&str]) -> impl Iterator<Item = &'a Resource> {
    kinds.iter().flat_map(|kind| deployment.of(kind))
}

fn description(rule: &Resource) -> &str {
    rule.at("/properties/description").as_str().unwrap()
}

#[test]
fn every_description_ends_with_the_next_step_and_names_queries_and_settings_that_exist() {
    let deployment = deployment("default");
    let (queries, mut named) = (queries().unwrap(), 0);
    let query = Regex::new(r"infra/queries/(.+?)\.kql").unwrap();
    let setting = Regex::new(r"EVICT_[A-Z_]+").unwrap();
    for rule in rules(&deployment, &[METRIC, LOG, ACTIVITY]) {
        let description = description(rule);
        let (_, next) = description.split_once(" Next: ").unwrap();
        assert!(next.len() > 20, "{description}");
        for found in query.captures_iter(description) {
            assert!(queries.contains_key(&found[1]), "{description}");
            named += 1;
        }
        for found in setting.find_iter(description) {
            assert!(
                REGISTRY.iter().any(|it| it.name == found.as_str()),
                "{description}"
            );
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

#[test]
fn the_queues_are_those_that_the_functions_use() {
    let bindings = bindings();
    let bound: BTreeSet<_> = bindings
        .iter()
        .filter_map(|it| it["queueName"].as_str().or(it["topicName"].as_str()))
        .collect();
    let deployment = deployment("default");
    let mut watched = BTreeSet::new();
    for rule in deployment.of(METRIC) {
        let entities = rule.at("/properties/criteria/allOf/0/dimensions/0/values");
        watched.extend(
            entities
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|it| it.as_str()),
        );
    }
    assert_eq!(watched, bound);
}

#[test]
fn a_window_is_at_least_three_times_its_frequency_and_one_that_azure_takes() {
    let deployment = deployment("default");
    for rule in rules(&deployment, &[METRIC, LOG]) {
        let [frequency, window] = ["evaluationFrequency", "windowSize"]
            .map(|name| span(rule.at(&format!("/properties/{name}")).as_str().unwrap()).as_mins());
        assert!(window >= 3 * frequency, "{}", rule.name);
        for minutes in [frequency, window] {
            let taken = [1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360];
            assert!(taken.contains(&minutes), "{}", rule.name);
        }
    }
}

/// A rule fires for each row of its query, and `summarize` without `by` makes a row of nothing. A rule that runs each minute takes
/// no `union`, and no rule takes a query of all tables ("Optimize log search alert queries").
#[test]
fn a_query_gives_no_row_where_nothing_is_wrong() {
    let deployment = deployment("default");
    for rule in deployment.of(LOG) {
        let of_rows = rule.at("/properties/criteria/allOf/0");
        assert_eq!(
            (&of_rows["timeAggregation"], &of_rows["threshold"]),
            (&"Count".into(), &0.into())
        );
        assert_ne!(rule.at("/properties/evaluationFrequency"), "PT1M");
    }
    let queries = queries().unwrap();
    for (name, query) in queries
        .iter()
        .filter(|(name, _)| name.starts_with("alert-"))
    {
        for line in query.lines().filter(|line| line.contains("| summarize ")) {
            assert!(line.contains(" by "), "{name}: {line}");
        }
        assert!(
            !query.contains("union *") && !query.contains("search "),
            "{name}"
        );
    }
}

/// A workspace that has never had a row knows no tables of Application Insights, and the rules are deployed before there is one.
#[test]
fn a_table_that_may_be_missing_is_read_beside_an_empty_one() {
    let read =
        Regex::new(r"(?m)^(.*)\b(?:App(?:Traces|Requests|Exceptions)|Security\w+)$").unwrap();
    let queries = queries().unwrap();
    let mut seen = 0;
    for (name, query) in queries
        .iter()
        .filter(|(name, _)| name.starts_with("alert-"))
    {
        for found in read
            .captures_iter(query)
            .filter(|it| !it[1].starts_with("//"))
        {
            assert_eq!(found[1].trim(), "(", "{name}: {}", &found[0]);
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn the_guide_lists_every_rule_with_its_severity_and_counts_it_in_the_cost() {
    let guide = text("infra/README.md");
    let deployment = deployment("default");
    let mut rows = 0;
    for rule in rules(&deployment, &[METRIC, LOG, ACTIVITY]) {
        let severity = rule.at("/properties/severity").as_u64();
        let severity = severity.map_or("–".to_owned(), |it| it.to_string());
        let name = rule.name.strip_prefix(&app(&deployment).name).unwrap();
        let row = format!("\n| {} | {severity} | ", &name[1..]);
        assert!(guide.contains(&row), "{}", rule.name);
        rows += 1;
    }
    let every = |frequency: &str| {
        let rules = deployment.of(LOG);
        rules
            .filter(|it| it.at("/properties/evaluationFrequency") == frequency)
            .count()
    };
    let metric = deployment.of(METRIC).count();
    assert_eq!(rows, metric + deployment.of(LOG).count() + 1);
    let sum = format!("{metric}·m + {}·q5 + {}·q15", every("PT5M"), every("PT15M"));
    assert!(guide.contains(&sum), "{sum}");
}
