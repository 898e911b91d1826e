//! The syntax tree of a Bicep file.

use anyhow::Context;
use tree_sitter::{Node, Parser, Tree};

/// The one line that the grammar does not know (it is older than extensions). It is blanked and nothing else is, so that
/// any other line that the grammar does not know is still a finding.
const EXTENSION: &str = "extension microsoftGraphV1";

/// A text and its tree.
pub(super) struct Syntax {
    pub(super) text: String,
    tree: Tree,
}

impl Syntax {
    /// Parses a text; the tree of a text with mistakes has nodes that say so.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text
            .split_inclusive('\n')
            .map(|line| {
                if line.trim_end() == EXTENSION {
                    line.replace(EXTENSION, "")
                } else {
                    line.to_owned()
                }
            })
            .collect::<String>();
        let mut parser = Parser::new();
        parser
            .set_language(&tree_sitter_bicep::LANGUAGE.into())
            .context("the grammar is of another version than the parser")?;
        let tree = parser.parse(&text, None).context("the parser gave up")?;
        Ok(Self { text, tree })
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The lines at which the text is no Bicep.
    pub(super) fn broken_lines(&self) -> Vec<usize> {
        let mut lines: Vec<_> = descendants(self.root())
            .into_iter()
            .filter(|node| node.is_error() || node.is_missing())
            .map(line)
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The text of a node.
    pub(super) fn text_of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

/// The line on which a node begins, from 1.
pub(super) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The named children of a node, without comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !matches!(child.kind(), "comment" | "diagnostic_comment"))
        .collect()
}

/// A node and all below it, from the top.
pub(super) fn descendants(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = vec![node];
    let mut next = 0;
    while let Some(node) = found.get(next).copied() {
        let mut cursor = node.walk();
        found.extend(node.children(&mut cursor));
        next += 1;
    }
    found
}
