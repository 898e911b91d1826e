//! As much of YAML as rules and queries of Microsoft Sentinel need: names with texts, lists of texts, and blocks of lines.

use std::fmt::Write as _;

/// A document under construction.
#[derive(Debug, Default)]
pub(super) struct Document {
    text: String,
}

impl Document {
    /// `name: value`, quoted where YAML would read something else.
    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        let is_plain = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " -_./".contains(c))
            && !value.is_empty();
        if is_plain {
            self.line(format_args!("{name}: {value}"));
        } else {
            self.line(format_args!("{name}: '{}'", value.replace('\'', "''")));
        }
        self
    }

    /// `name:` with a list below; `[]` for none.
    pub(super) fn list(&mut self, name: &str, items: &[&str]) -> &mut Self {
        if items.is_empty() {
            self.line(format_args!("{name}: []"));
            return self;
        }
        self.line(format_args!("{name}:"));
        for item in items {
            self.line(format_args!("  - {item}"));
        }
        self
    }

    /// `name: |` with lines below, as they are.
    pub(super) fn block(&mut self, name: &str, lines: &str) -> &mut Self {
        self.line(format_args!("{name}: |"));
        for line in lines.trim_end().lines() {
            match line.trim_end() {
                "" => self.line(format_args!("")),
                line => self.line(format_args!("  {line}")),
            }
        }
        self
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.text.write_fmt(line).ok();
        self.text.push('\n');
    }

    /// The document.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
