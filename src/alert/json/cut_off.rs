//! Values that a sender's tool has cut off: the name of a type, or an object as text, in place of an object.
//!
//! `PowerShell`'s `ConvertTo-Json` keeps two levels by default, and writes deeper values as text: `@{Name=alice}`,
//! `System.Object[]`, the name of a .NET class. The accounts that were flagged there are lost, so such a payload is
//! refused; "it names no account" would hide the loss. Source: "ConvertTo-Json", `PowerShell` documentation (`-Depth`).

use super::{JsonProblem, Node, Object};

/// Whether a text replaces an object or a list that was cut off.
pub(crate) fn is_cut_off(text: &str) -> bool {
    let text = text.trim();
    let is_hashtable = text.starts_with("@{") && text.ends_with('}');
    let is_type = [
        "System.Object[]",
        "System.Collections.",
        "System.Management.Automation.",
        "Microsoft.Graph.PowerShell.Models.",
        "System.String[]",
    ]
    .iter()
    .any(|name| text.starts_with(name))
        && !text.contains(' ');
    is_hashtable || is_type
}

/// The problem with a value that was cut off; `None` for any other value.
pub(crate) fn problem(node: &Node) -> Option<JsonProblem> {
    let Node::Text(text) = node else {
        return None;
    };
    is_cut_off(text).then(|| {
        JsonProblem::new(
            "an object or a list was expected; what stands there was cut off on the way, as PowerShell's ConvertTo-Json does \
             below two levels. Whoever was flagged there is lost. Send it again, written with -Depth 10",
        )
    })
}

/// Refuses an object if one of these properties was cut off.
pub(crate) fn refuse(object: &Object, names: &[&'static str]) -> Result<(), JsonProblem> {
    for name in names {
        if let Some(problem) = object.get(name).and_then(problem) {
            return Err(problem.within(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_object_is_told_from_text() {
        for cut in [
            "@{Type=account; Name=alice}",
            "System.Object[]",
            "System.Collections.Hashtable",
            "System.Collections.Generic.Dictionary`2[System.String,System.Object]",
            "Microsoft.Graph.PowerShell.Models.MicrosoftGraphSecurityAlert",
        ] {
            assert!(is_cut_off(cut), "{cut}");
        }
        for text in [
            "",
            "alice@contoso.com",
            "System.Object[] in a title",
            "@{",
            "{}",
            "[]",
        ] {
            assert!(!is_cut_off(text), "{text}");
        }
    }
}
