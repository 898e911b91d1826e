//! Finds the known word that a misspelt one was meant to be.

/// The known word nearest to `word`, without regard to case, if at most a third of the longer word differs.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // No known word is this long, and the limit bounds the work.
    if word.len() > 100 {
        return None;
    }
    let word = word.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| distance * 3 <= word.len().max(candidate.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance: insertions, removals and changes of one letter.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut beside = i + 1;
        for (j, b) in right.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX);
            let changed = diagonal + usize::from(a != *b);
            let best = changed.min(above.saturating_add(1)).min(beside + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = beside;
            }
            diagonal = above;
            beside = best;
        }
        if let Some(last) = row.last_mut() {
            *last = beside;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_letters() {
        for (left, right, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("protected_user", "protected_users", 1),
            ("mdoe", "mode", 2),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_a_near_word_is_named() {
        let known = ["MODE", "PROTECTED_USERS", "PROTECTED_GROUPS"];
        assert_eq!(nearest("mode", known), Some("MODE"));
        assert_eq!(nearest("PROTECTED_USER", known), Some("PROTECTED_USERS"));
        assert_eq!(nearest("DATABASE", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
