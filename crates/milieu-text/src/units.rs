//! Where the parts of a text that a model reads stand in it.

use unicode_normalization::char::is_combining_mark;

/// A word, or a character of a script without words: what a model says one thing about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// The place of its first token among the text's.
    pub place: usize,
    /// Its first character in the text as it was written.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
}

/// A text as a model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitTokens {
    /// Its tokens, with those that mark its ends.
    pub tokens: Vec<u32>,
    /// Its units in order; none has a character of another.
    pub units: Vec<Unit>,
}

/// Units without the white space at their ends, and with the marks that stand on their last characters: tokenizers take
/// them away and do not count them. What has no character left is none.
pub(crate) fn settled(text: &str, units: Vec<Unit>) -> Vec<Unit> {
    let characters: Vec<char> = text.chars().collect();
    let mut settled: Vec<Unit> = Vec::with_capacity(units.len());
    let next = |number: usize| units.get(number + 1).map_or(characters.len(), |unit| unit.start);
    for (number, unit) in units.iter().enumerate() {
        let mut unit = Unit { end: unit.end.min(characters.len()), ..*unit };
        unit.start = unit.start.max(settled.last().map_or(0, |last| last.end));
        while unit.start < unit.end && characters[unit.start].is_whitespace() {
            unit.start += 1;
        }
        while unit.start < unit.end && characters[unit.end - 1].is_whitespace() {
            unit.end -= 1;
        }
        if unit.start >= unit.end {
            continue;
        }
        while unit.end < next(number) && is_attached(characters[unit.end]) {
            unit.end += 1;
        }
        settled.push(unit);
    }
    settled
}

/// Whether a character belongs to the one before it: accents, variants and colours of emoji, what joins them.
pub(crate) fn is_attached(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_settled() {
        fn check(text: &str, units: &[[usize; 2]], expected: &[[usize; 2]]) {
            let units = units.iter().enumerate();
            let units = units.map(|(place, &[start, end])| Unit { place, start, end }).collect();
            let found: Vec<[usize; 2]> =
                settled(text, units).iter().map(|unit| [unit.start, unit.end]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        check("a bc ", &[[0, 1], [1, 5]], &[[0, 1], [2, 4]]);
        check("cafe\u{301} x", &[[0, 4], [6, 7]], &[[0, 5], [6, 7]]);
        check("e\u{301}a", &[[0, 1], [1, 3]], &[[0, 1], [1, 3]]);
        check("👍🏽!", &[[0, 1], [2, 3]], &[[0, 2], [2, 3]]);
        check("ab", &[[0, 1], [0, 1], [1, 9], [1, 1]], &[[0, 1], [1, 2]]);
        check("", &[], &[]);
    }
}
