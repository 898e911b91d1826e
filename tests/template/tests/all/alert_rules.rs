//! The alert rules are about queues, settings and files that exist.

use std::fs;

use crate::kql_queries::queries;
use crate::kql_vocabulary::repository;

fn module() -> String {
    fs::read_to_string(repository().join("infra/modules/alerts.bicep")).unwrap()
}

/// The values of a property that stands on a line of its own, such as `queue: 'evict'`.
fn values<'a>(module: &'a str, property: &str) -> Vec<&'a str> {
    let begin = format!("{property}: '");
    let lines = module
        .lines()
        .filter_map(|line| line.trim().strip_prefix(&begin));
    lines.filter_map(|rest| rest.strip_suffix('\'')).collect()
}

#[test]
fn every_description_ends_with_the_next_step() {
    let module = module();
    let descriptions = values(&module, "description");
    assert_eq!(descriptions.len(), 13);
    for description in descriptions {
        let (_, next) = description.split_once(" Next: ").unwrap();
        assert!(next.len() > 20, "{description}");
    }
}

#[test]
fn a_query_that_a_description_sends_one_to_exists() {
    let queries = queries();
    let mut named = 0;
    for description in values(&module(), "description") {
        for part in description.split("infra/queries/").skip(1) {
            let (name, _) = part.split_once(".kql").unwrap();
            assert!(queries.contains_key(name), "{name}");
            named += 1;
        }
    }
    assert!(named > 2);
}

#[test]
fn a_setting_that_a_description_names_is_a_setting() {
    let settings = fs::read_to_string(repository().join("src/config/README.md")).unwrap();
    let module = module();
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let names: Vec<_> = module
        .match_indices("EVICT_")
        .map(|(at, _)| module[at..].split(|c| !is_name(c)).next().unwrap())
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(settings.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn the_queues_are_those_that_the_functions_use() {
    let bindings = ["RevokeFromQueue", "RevokeFromAlert"]
        .map(|name| {
            fs::read_to_string(repository().join(format!("function/{name}/function.json"))).unwrap()
        })
        .concat();
    let module = module();
    let lists = module
        .lines()
        .filter_map(|line| line.trim().strip_prefix("entities: "));
    let entities: Vec<_> = lines_of(lists.collect());
    assert_eq!(entities.len(), 6, "{entities:?}");
    for entity in entities {
        let is_bound = ["queueName", "topicName"]
            .iter()
            .any(|kind| bindings.contains(&format!("\"{kind}\": \"{entity}\"")));
        assert!(is_bound, "{entity}");
    }
}

/// The texts in lists such as `['a', 'b']`.
fn lines_of(lists: Vec<&str>) -> Vec<&str> {
    lists
        .into_iter()
        .flat_map(|list| list.split('\'').skip(1).step_by(2))
        .collect()
}

#[test]
fn a_window_is_at_least_three_times_its_frequency_and_one_that_azure_takes() {
    let minutes = |text: &str| -> u32 {
        let number = text.trim_start_matches("PT");
        let (number, unit) = number.split_at(number.len() - 1);
        let factor = if unit == "H" { 60 } else { 1 };
        number.parse::<u32>().unwrap() * factor
    };
    let module = module();
    let (frequencies, windows) = (values(&module, "frequency"), values(&module, "window"));
    assert_eq!(frequencies.len(), 12);
    for (frequency, window) in frequencies.into_iter().zip(windows) {
        assert!(minutes(window) >= 3 * minutes(frequency), "{window}");
        for time in [frequency, window] {
            assert!(
                [1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360].contains(&minutes(time)),
                "{time}"
            );
        }
    }
}

fn guide() -> String {
    fs::read_to_string(repository().join("infra/README.md")).unwrap()
}

#[test]
fn the_guide_lists_every_rule_with_its_severity() {
    let module = module();
    let names = values(&module, "name").into_iter().filter(|name| {
        !["EntityName", "${"]
            .iter()
            .any(|other| name.starts_with(other))
    });
    let severities = module
        .lines()
        .filter_map(|line| line.trim().strip_prefix("severity: "))
        .filter(|severity| severity.parse::<u8>().is_ok());
    let rules: Vec<_> = names.zip(severities).collect();
    assert_eq!(rules.len(), 12, "{rules:?}");
    let guide = guide();
    for (name, severity) in rules {
        assert!(
            guide.contains(&format!("\n| {name} | {severity} | ")),
            "{name}"
        );
    }
}

#[test]
fn the_cost_of_the_rules_counts_each_of_them() {
    let module = module();
    let logs = module.split_once("var logRules").unwrap().1;
    let every = |frequency: &str| {
        let all = values(logs, "frequency");
        all.into_iter().filter(|found| *found == frequency).count()
    };
    let sum = format!(
        "{}·m + {}·q5 + {}·q15",
        values(&module, "metric").len(),
        every("PT5M"),
        every("PT15M")
    );
    assert!(guide().contains(&sum), "{sum}");
}
