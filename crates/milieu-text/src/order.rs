//! The tokens of a text in their order: numbers of rows for models that know what stands beside what.

use crate::characters::FIRST;
use crate::grams::{hash_of_token, head, spread};
use crate::spelling::one_spelling;
use crate::tokens::tokens;
use serde::{Deserialize, Serialize};

/// How the tokens of a text become rows of a table, one for each, by their hashes.
///
/// The rows 0 and 1 are no token's: [`FILLING`](crate::FILLING) fills shorter texts up, and [`UNKNOWN`](crate::UNKNOWN)
/// stands for a token that is not to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordRows {
    /// Rows of the table, at least 3.
    pub rows: u32,
    /// Tokens of a text that are kept, half of them from its start and half from its end.
    pub most: usize,
}

impl WordRows {
    /// The rows of a text's tokens in their order, after [`one_spelling`] of it; none where there is nothing to be seen. Of a
    /// very long text the first 32 KiB count.
    #[must_use]
    pub fn rows_of(&self, text: &str) -> Vec<u32> {
        self.of_spelled(&one_spelling(head(text)))
    }

    pub(crate) fn of_spelled(&self, spelled: &str) -> Vec<u32> {
        let mut tokens = tokens(spelled);
        if tokens.len() > self.most {
            let start = self.most.div_ceil(2);
            tokens.drain(start..tokens.len() - (self.most - start));
        }
        let rows = self.rows.saturating_sub(FIRST).max(1);
        tokens.iter().map(|token| FIRST + spread(hash_of_token(token), rows)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grams;
    use proptest::prelude::*;

    const WORDS: WordRows = WordRows { rows: 1 << 16, most: 6 };

    #[test]
    fn one_row_for_each_token_in_order() {
        let [one, other] = ["dog bites man", "man bites dog"].map(|text| WORDS.rows_of(text));
        assert_eq!(one.len(), 3);
        assert_eq!(one, other.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(WORDS.rows_of("Dog  ｂｉｔｅｓ man"), one);
        assert!(WORDS.rows_of(" \u{200b} ").is_empty());
        // The start and the end of a long one.
        let long = WORDS.rows_of("one two three and then much more of it at last");
        assert_eq!(long, WORDS.rows_of("one two three it at last"));
    }

    proptest! {
        #[test]
        fn the_same_with_n_grams_and_alone(text in any::<String>(), rows in 3u32..50, most in 0usize..9) {
            let (words, grams) = (WordRows { rows, most }, Grams::default());
            let found = words.rows_of(&text);
            prop_assert!(found.len() <= most && found.iter().all(|row| (2..rows).contains(row)));
            prop_assert_eq!(grams.rows_in_order(&words, &text), (grams.rows_of(&text), found));
        }
    }
}
