//! Characters and pairs of them: numbers of rows for models that learn from texts without words.

use crate::spelling::one_spelling;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// The row of what fills shorter texts up.
pub const FILLING: u32 = 0;
/// The row of what a vocabulary does not have.
pub const UNKNOWN: u32 = 1;
/// The row of the first thing that it has.
pub(crate) const FIRST: u32 = 2;
/// What comes after the last character; no spelling has it.
const END: char = '\0';
/// The most characters, and pairs, that a vocabulary has.
const MOST: [usize; 2] = [1 << 16, 1 << 18];
/// Bytes that are looked at from either end of a text, for each character that is kept: what stands between cannot matter,
/// and must not cost.
const BYTES_A_CHARACTER: usize = 16;

/// The characters, and the pairs of a character and the next, that a model knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characters {
    most: usize,
    characters: HashMap<char, u32>,
    pairs: HashMap<[char; 2], u32>,
}

/// A text as rows of two tables; there are as many of one as of the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CharacterRows {
    /// The row of each character.
    pub characters: Vec<u32>,
    /// The row of each character with the one after it.
    pub pairs: Vec<u32>,
}

/// A file that is no vocabulary of characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the vocabulary of characters: {0}")]
pub struct CharactersError(String);

/// How a vocabulary is kept: what has the rows from 2 on, in order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    characters: String,
    /// One pair after the other.
    pairs: String,
}

impl Characters {
    /// The characters and pairs that are in texts at least so often, the most frequent first. Of a text, `most` characters
    /// are kept, half of them from its start and half from its end.
    #[must_use]
    pub fn learn<'a>(texts: impl Iterator<Item = &'a str>, fewest: [usize; 2], most: usize) -> Self {
        let (mut characters, mut pairs) = (HashMap::new(), HashMap::new());
        for text in texts {
            for pair in pairs_of(&kept(text, most)) {
                *characters.entry(pair[0]).or_insert(0usize) += 1;
                *pairs.entry(pair).or_insert(0usize) += 1;
            }
        }
        let characters = numbered(frequent(characters, fewest[0], MOST[0]).into_iter());
        Self { most, characters, pairs: numbered(frequent(pairs, fewest[1], MOST[1]).into_iter()) }
    }

    /// Reads what [`Characters::write`] wrote.
    ///
    /// # Errors
    /// [`CharactersError`].
    pub fn read(json: &[u8], most: usize) -> Result<Self, CharactersError> {
        let file: File = serde_json::from_slice(json).map_err(|error| CharactersError(error.to_string()))?;
        let characters: Vec<char> = file.characters.chars().collect();
        let pairs: Vec<char> = file.pairs.chars().collect();
        let (pairs, rest) = pairs.as_chunks::<2>();
        if characters.len() > MOST[0] || pairs.len() > MOST[1] || !rest.is_empty() {
            let reason = format!(
                "{} characters and {} pairs, and {} beside",
                characters.len(),
                pairs.len(),
                rest.len()
            );
            return Err(CharactersError(reason));
        }
        let found = Self {
            most,
            characters: numbered(characters.iter().copied()),
            pairs: numbered(pairs.iter().copied()),
        };
        if found.characters.len() < characters.len() || found.pairs.len() < pairs.len() {
            return Err(CharactersError("something is in it twice".to_owned()));
        }
        Ok(found)
    }

    /// The vocabulary as a file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let file = File {
            characters: ordered(&self.characters).into_iter().collect(),
            pairs: ordered(&self.pairs).into_iter().flatten().collect(),
        };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// How many rows the tables of characters and of pairs have.
    #[must_use]
    pub fn rows(&self) -> [usize; 2] {
        [self.characters.len(), self.pairs.len()].map(|count| count + FIRST as usize)
    }

    /// The most characters of a text.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// The rows of a text, after [`one_spelling`] of it; none where there is nothing to be seen.
    #[must_use]
    pub fn rows_of(&self, text: &str) -> CharacterRows {
        let kept = kept(text, self.most);
        let row = |pair: [char; 2]| {
            let character = self.characters.get(&pair[0]).copied().unwrap_or(UNKNOWN);
            (character, self.pairs.get(&pair).copied().unwrap_or(UNKNOWN))
        };
        let (characters, pairs) = pairs_of(&kept).map(row).unzip();
        CharacterRows { characters, pairs }
    }
}

/// The characters of a text that count.
fn kept(text: &str, most: usize) -> Vec<char> {
    let bytes = most.saturating_mul(BYTES_A_CHARACTER);
    let spelled = if text.len() > bytes.saturating_mul(2) {
        let start = &text[..text.floor_char_boundary(bytes)];
        let end = &text[text.ceil_char_boundary(text.len() - bytes)..];
        one_spelling(&[start, end].concat())
    } else {
        one_spelling(text)
    };
    let mut characters: Vec<char> = spelled.chars().collect();
    if characters.len() > most {
        let start = most.div_ceil(2);
        characters.drain(start..characters.len() - (most - start));
    }
    characters
}

/// Each character with the one after it.
fn pairs_of(characters: &[char]) -> impl Iterator<Item = [char; 2]> {
    let next = characters.iter().skip(1).copied().chain(std::iter::once(END));
    characters.iter().zip(next).map(|(&character, next)| [character, next])
}

fn frequent<T: Ord>(counts: HashMap<T, usize>, fewest: usize, most: usize) -> Vec<T> {
    let mut all: Vec<(T, usize)> = counts.into_iter().filter(|(_, count)| *count >= fewest).collect();
    all.sort_unstable_by(|(one, count), (other, counted)| counted.cmp(count).then_with(|| one.cmp(other)));
    all.truncate(most);
    all.into_iter().map(|(what, _)| what).collect()
}

fn numbered<T: Eq + Hash>(all: impl Iterator<Item = T>) -> HashMap<T, u32> {
    (FIRST..).zip(all).map(|(row, what)| (what, row)).collect()
}

fn ordered<T: Copy>(rows: &HashMap<T, u32>) -> Vec<T> {
    let mut all: Vec<(u32, T)> = rows.iter().map(|(&what, &row)| (row, what)).collect();
    all.sort_unstable_by_key(|(row, _)| *row);
    all.into_iter().map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_of_texts() {
        let known = Characters::learn(["好吃!", "好吃 好", "坏"].into_iter(), [2, 2], 4);
        assert_eq!(known.rows(), [4, 3]);
        let check = |text: &str, characters: &[u32], pairs: &[u32]| {
            let expected = CharacterRows { characters: characters.to_vec(), pairs: pairs.to_vec() };
            assert_eq!(known.rows_of(text), expected, "{text:?}");
        };
        check("", &[], &[]);
        check(" \u{200b}\n", &[], &[]);
        check("好吃", &[2, 3], &[2, 1]);
        check("吃好坏", &[3, 2, 1], &[1, 1, 1]);
        // The first two and the last two are kept.
        check("好吃1234好吃", &[2, 3, 2, 3], &[2, 1, 2, 1]);
        check(&format!("好{}吃", "\u{200b}".repeat(1 << 20)), &[2, 3], &[2, 1]);
        let all = Characters::learn(["ab", "ＡＢ", "b"].into_iter(), [1, 1], 4);
        assert_eq!(all.rows_of("Ba"), all.rows_of("ｂａ"));
        assert_eq!(all.rows_of("b").pairs, [2], "the end of a text counts");
    }

    #[test]
    fn files() {
        let known = Characters::learn(["好吃!", "好吃\" 好", "坏"].into_iter(), [1, 1], 40);
        assert_eq!(Characters::read(&known.write(), 40), Ok(known));
        for (json, part) in [
            (r#"{"characters":"ab"}"#, "missing field"),
            (r#"{"characters":"ab","pairs":"abc"}"#, "and 1 beside"),
            (r#"{"characters":"aba","pairs":""}"#, "twice"),
            (r#"{"characters":"a","pairs":"abab"}"#, "twice"),
        ] {
            let error = Characters::read(json.as_bytes(), 4).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let many: String = ('\u{1}'..).take(MOST[0] + 1).collect();
        let json = serde_json::json!({"characters": many, "pairs": ""}).to_string();
        assert!(Characters::read(json.as_bytes(), 4).is_err());
    }

    proptest! {
        #[test]
        fn any_text_has_rows_of_the_tables(text in any::<String>(), most in 1usize..30) {
            let known = Characters::learn(["the cat, 好吃"].into_iter(), [1, 1], most);
            let CharacterRows { characters, pairs } = known.rows_of(&text);
            prop_assert_eq!(characters.len(), pairs.len());
            prop_assert!(characters.len() <= most);
            let [first, second] = known.rows();
            prop_assert!(characters.iter().all(|&row| row != FILLING && (row as usize) < first));
            prop_assert!(pairs.iter().all(|&row| row != FILLING && (row as usize) < second));
        }
    }
}
