//! KQL has no include, so that what queries share stands in each of them: between `// shared: NAME` and `// end: NAME`.

use std::collections::BTreeMap;

/// The shared parts of a query by name, or the mark that lacks its partner.
///
/// # Errors
/// A part that is not closed, or closed under another name.
pub fn shared_parts(query: &str) -> Result<BTreeMap<String, String>, String> {
    let mut parts = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for (index, line) in query.lines().enumerate() {
        if let Some(name) = line.strip_prefix("// shared: ") {
            if open.is_some() {
                return Err(format!("line {}: a shared part within another", index + 1));
            }
            open = Some((name.to_owned(), String::new()));
        } else if let Some(name) = line.strip_prefix("// end: ") {
            match open.take() {
                Some((begun, text)) if begun == name => {
                    parts.insert(begun, text);
                }
                _ => return Err(format!("line {}: {name} was not begun", index + 1)),
            }
        } else if let Some((_, text)) = &mut open {
            text.push_str(line);
            text.push('\n');
        }
    }
    match open {
        None => Ok(parts),
        Some((name, _)) => Err(format!("{name} is not ended")),
    }
}
