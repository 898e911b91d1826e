//! Which known word a misspelt one was meant to be.

/// The known word that is nearest to `word`, without regard to case, if it is near enough to be worth naming: at most a
/// third of the longer one's letters differ.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any word of ours could be mistyped into; it also bounds the work.
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

/// How many single letters have to be put in, taken out or changed to turn one text into the other (Levenshtein).
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
