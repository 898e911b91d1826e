//! Each link of each page leads to an existing file and heading, and each page is reachable from the first one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{is_page, lines, page, pages};

/// The target of a link: the page or file below the root, and the heading.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    path: String,
    heading: Option<String>,
}

/// The links of a page to files of this repository. Code blocks contain no links.
fn links(path: &str, text: &str) -> Vec<Link> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for line in lines(text).iter().filter(|line| line.block.is_none()) {
        let prose: String = line
            .text
            .split('`')
            .step_by(2)
            .collect::<Vec<_>>()
            .join("`");
        for piece in prose.split("](").skip(1) {
            let target = piece.split([')', ' ']).next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = match target.split_once('#') {
                Some((file, heading)) => (file, Some(heading.to_owned())),
                None => (target, None),
            };
            let path = if file.is_empty() {
                path.to_owned()
            } else {
                joined(folder, file)
            };
            found.push(Link { path, heading });
        }
    }
    found
}

/// A path resolved from a folder, without `..`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for line in lines(text).iter().filter(|line| line.block.is_none()) {
        let title = line.text.trim_start_matches('#');
        if title.len() == line.text.len() || !title.starts_with(' ') {
            continue;
        }
        let anchor: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let times = seen.entry(anchor.clone()).or_default();
        found.insert(match *times {
            0 => anchor,
            times => format!("{anchor}-{times}"),
        });
        *times += 1;
    }
    found
}

/// A description of a link whose target does not exist. A target is a page, the page of a folder, or a file.
fn broken(link: &Link) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&link.path);
    if !file.exists() {
        return Some(format!("there is no {}", link.path));
    }
    let heading = link.heading.as_ref()?;
    let of = page_of(&link.path)?;
    (!anchors(&page(&of)).contains(heading)).then(|| format!("{of} has no heading #{heading}"))
}

/// The page that a link shows: for a folder its README.
fn page_of(path: &str) -> Option<String> {
    if is_page(path) {
        return Some(path.to_owned());
    }
    let readme = joined(path, "README.md");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(&readme)
        .is_file()
        .then_some(readme)
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = 0;
    let mut problems = Vec::new();
    for path in pages() {
        for link in links(&path, &page(&path)) {
            found += 1;
            problems.extend(broken(&link).map(|problem| format!("{path}: {problem}")));
        }
    }
    assert!(found > 60, "{found} links");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Pages that accompany data of others, or that Azure/Azure-Sentinel asks for. They are read there.
const NOT_FOR_THE_READER: &[&str] = &["tests/fixtures/", "infra/sentinel/solution/"];

#[test]
fn every_page_is_found_from_the_first_one() {
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut next = vec!["README.md".to_owned()];
    while let Some(path) = next.pop() {
        for link in links(&path, &page(&path)) {
            if let Some(page) = page_of(&link.path)
                && reached.insert(page.clone())
            {
                next.push(page);
            }
        }
    }
    let lost: Vec<String> = pages()
        .into_iter()
        .filter(|page| !NOT_FOR_THE_READER.iter().any(|of| page.starts_with(of)))
        .filter(|page| !reached.contains(page))
        .collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn links_are_found_where_they_stand_and_a_broken_one_is_told() {
    let text = "# One & two\n## One two\n[a](../x/README.md#b), `[no](link)`, [c](#one--two), [d](https://e.f)\n\
                ```sh\n[not](this)\n```\n## One two\n";
    let link = |path: &str, heading: &str| Link {
        path: path.to_owned(),
        heading: Some(heading.to_owned()),
    };
    assert_eq!(
        links("src/cli/README.md", text),
        [
            link("src/x/README.md", "b"),
            link("src/cli/README.md", "one--two")
        ]
    );
    let anchors: Vec<String> = anchors(text).into_iter().collect();
    assert_eq!(anchors, ["one--two", "one-two", "one-two-1"]);
    assert!(broken(&link("nowhere.md", "x")).is_some());
    assert!(broken(&link("README.md", "no-such-heading")).is_some());
    assert!(broken(&link("infra", "watching")).is_none());
}
