//! No function is longer than a screen.

use super::{Source, sources};

/// The most lines of a function, including its head and its last brace.
const MOST_LINES: usize = 85;

/// The functions that are longer, with their lines. A function ends at the first brace with the indentation of its
/// head.
fn too_long(source: &Source) -> Vec<String> {
    let text = source.production();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let depth = line.len() - line.trim_start().len();
        let Some((_, after)) = line.split_once("fn ") else {
            continue;
        };
        let is_head = line[..line.len() - after.len()]
            .split_whitespace()
            .all(|word| {
                word.starts_with("pub")
                    || ["async", "const", "unsafe", "extern", "fn"].contains(&word)
            });
        if !is_head {
            continue;
        }
        let end = format!("{}}}", " ".repeat(depth));
        let length = lines[index..]
            .iter()
            .position(|line| {
                **line == end
                    || line.ends_with(';') && line.len() - line.trim_start().len() == depth
            })
            .map_or(0, |last| last + 1);
        if length > MOST_LINES {
            let name: String = after
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push(format!("{}: {name} has {length} lines", source.path));
        }
    }
    found
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(too_long)
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_planted_function_that_is_too_long_is_found() {
    let lines = |count: usize| {
        format!(
            "impl X {{\n    pub(crate) async fn f() {{\n{}    }}\n}}",
            "        g();\n".repeat(count)
        )
    };
    let found = too_long(&super::source("guard/x.rs", &lines(MOST_LINES - 1)));
    assert_eq!(found, ["guard/x.rs: f has 86 lines"]);
    assert_eq!(
        too_long(&super::source("guard/x.rs", &lines(MOST_LINES - 2))),
        Vec::<String>::new()
    );
}
