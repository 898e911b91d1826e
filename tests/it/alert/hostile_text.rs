//! Texts for people, made from alerts whose every text is hostile: markup, links, characters that reverse or hide text,
//! control characters, formulas, quotes of queries, names of ten thousand characters.

use std::fs;
use std::path::Path;

use evict::cli::{Console, Surroundings, run};
use evict::domain::is_invisible;
use serde_json::Value;

use crate::fuzzed::checks;

/// One text with every construct that has done harm elsewhere.
const HOSTILE: &str = "=HYPERLINK(\"https://evil.example\")|' OR 1==1 //<img src=x onerror=alert(1)>\
    </code></pre><script>alert(1)</script>&lt;b&gt;[x](javascript:alert(1))![](//evil.example/p.png)\
    **b**`c`~~d~~\r\n\r\n# h\n| a | b |\n|---|\n@soc <!-- \u{202e}gpj.exe\u{200b}\u{2066}\u{3164}\u{1b}[2J\u{9b}2J\u{0}\u{7} \
    \"; drop table SecurityAlert; \" | take 1 //";

/// The samples of every shape.
fn samples() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inbound");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| path.file_name().is_some_and(|name| name != "index.json"))
        .collect();
    files.sort();
    let samples = files
        .iter()
        .filter_map(|file| serde_json::from_slice(&fs::read(file).unwrap()).ok());
    samples.collect()
}

/// The paths of all texts in a value, as JSON pointers.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                texts(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every sample with one of its texts replaced, each text once.
fn poisoned(by: impl Fn(&str) -> String) -> impl Iterator<Item = Vec<u8>> {
    samples().into_iter().flat_map(move |sample| {
        let mut paths = Vec::new();
        texts(&sample, "", &mut paths);
        let mut bodies = Vec::new();
        for path in paths {
            let mut poisoned = sample.clone();
            let text = poisoned.pointer_mut(&path).unwrap();
            *text = by(text.as_str().unwrap()).into();
            bodies.push(poisoned.to_string().into_bytes());
        }
        bodies
    })
}

/// The outcomes that the subjects have in turn.
const ENDINGS: [[u8; 8]; 2] = [[0, 3, 6, 9, 12, 15, 18, 21], [1, 4, 7, 10, 13, 16, 30, 36]];

fn assert_renderings(body: &[u8], endings: [u8; 8]) {
    checks::receipts::check(&[&endings[..], body].concat());
}

#[test]
fn no_text_of_any_shape_is_markup_a_link_or_a_formula_in_what_is_read() {
    let mut seen = 0;
    for (body, endings) in poisoned(|_| HOSTILE.to_owned()).zip(ENDINGS.iter().cycle()) {
        assert_renderings(&body, *endings);
        seen += 1;
    }
    let appended = poisoned(|text| format!("{text}{HOSTILE}")).step_by(3);
    for (body, endings) in appended.zip(ENDINGS.iter().cycle()) {
        assert_renderings(&body, *endings);
    }
    assert!(seen > 1_000, "{seen} texts");
}

#[test]
fn ten_thousand_characters_of_a_name_break_no_limit() {
    let long = "Maximilian ".repeat(1_000);
    for body in poisoned(|_| long.clone()).step_by(29) {
        assert_renderings(&body, ENDINGS[0]);
    }
    let name = format!("{}@contoso.com", "a".repeat(10_000));
    assert_renderings(name.as_bytes(), ENDINGS[1]);
}

#[test]
fn a_terminal_obeys_no_text_of_any_shape() {
    for body in poisoned(|text| format!("{text}{HOSTILE}")).step_by(9) {
        for json in [false, true] {
            let shown = explained(&body, json);
            let acts = |c: char| (c.is_control() && c != '\n') || is_invisible(c);
            assert!(!shown.chars().any(acts), "{shown:?}");
        }
    }
}

fn explained(body: &[u8], json: bool) -> String {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut &*body,
        output: &mut output,
        errors: &mut errors,
        surroundings: Surroundings::default(),
    };
    let arguments = ["evict", "explain", "-"]
        .into_iter()
        .chain(json.then_some("--json"));
    run(arguments.map(Into::into), &mut console);
    String::from_utf8([output, errors].concat()).unwrap()
}
