//! Tokens of a vocabulary that somebody published: WordPiece, BPE and Unigram in the format of Hugging Face.

use crate::units::{Unit, UnitTokens, settled};
use tokenizers::{Tokenizer as Published, TruncationDirection, TruncationParams, TruncationStrategy};

/// The longest text that is looked at, in bytes for each token that is kept: what comes after it cannot matter, and
/// must not cost.
const BYTES_A_TOKEN: usize = 64;

/// A tokenizer with a limit.
pub struct Tokenizer {
    inner: Published,
    most: usize,
    padding: u32,
}

/// A file that is no tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tokenizer: {0}")]
pub struct TokenizerError(String);

impl Tokenizer {
    /// Reads a `tokenizer.json`. At most `most` tokens are kept, those at the ends that mark the text included,
    /// whatever limits and padding the file asks for.
    ///
    /// # Errors
    /// [`TokenizerError`].
    pub fn new(json: &[u8], most: usize) -> Result<Self, TokenizerError> {
        let mut inner = Published::from_bytes(json).map_err(|error| TokenizerError(error.to_string()))?;
        let padding = inner.get_padding().map(|padding| padding.pad_id);
        let named = ["[PAD]", "<pad>"].into_iter().find_map(|name| inner.token_to_id(name));
        inner.with_padding(None);
        inner
            .with_truncation(Some(TruncationParams {
                direction: TruncationDirection::Right,
                max_length: most,
                strategy: TruncationStrategy::LongestFirst,
                stride: 0,
            }))
            .map_err(|error| TokenizerError(error.to_string()))?;
        Ok(Self { inner, most, padding: named.or(padding).unwrap_or(0) })
    }

    /// The token that fills up shorter texts of a batch.
    #[must_use]
    pub fn padding(&self) -> u32 {
        self.padding
    }

    /// The most tokens of a text.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many tokens it knows.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The whole words that it knows as one token, of three letters and more, in the order of their tokens: what WordPiece
    /// writes without `##`, BPE with `Ġ` and Unigram with `▁` before it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut all: Vec<(u32, String)> =
            self.inner.get_vocab(false).into_iter().map(|(token, id)| (id, token)).collect();
        all.sort_unstable();
        let sign = ['Ġ', '▁'].into_iter().find(|&sign| all.iter().any(|(_, token)| token.starts_with(sign)));
        let word = |token: String| match sign {
            Some(sign) => token.strip_prefix(sign).map(str::to_owned),
            None => Some(token),
        };
        let words = all.into_iter().filter_map(|(_, token)| word(token));
        words.filter(|word| word.chars().count() > 2 && word.chars().all(char::is_alphabetic)).collect()
    }

    /// The tokens of a text, with those that mark its ends. None where the tokenizer cannot read it.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let found = self.inner.encode_fast(self.looked_at(text), true);
        found.map(|found| found.get_ids().to_vec()).unwrap_or_default()
    }

    /// The same, with the words that the tokens are of. A word that is cut off has those of its characters that are in
    /// its tokens.
    #[must_use]
    pub fn units(&self, text: &str) -> UnitTokens {
        let text = self.looked_at(text);
        let Ok(found) = self.inner.encode_char_offsets(text, true) else { return UnitTokens::default() };
        let mut units: Vec<Unit> = Vec::new();
        let mut last = None;
        for (place, (word, &(start, end))) in found.get_word_ids().iter().zip(found.get_offsets()).enumerate()
        {
            match units.last_mut() {
                _ if word.is_none() => {}
                Some(unit) if last == *word => unit.end = unit.end.max(end),
                _ => units.push(Unit { place, start, end }),
            }
            last = *word;
        }
        UnitTokens { tokens: found.get_ids().to_vec(), units: settled(text, units) }
    }

    /// What can matter of a text.
    fn looked_at<'a>(&self, text: &'a str) -> &'a str {
        &text[..text.floor_char_boundary(self.most.saturating_mul(BYTES_A_TOKEN))]
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "tokenizer of {} tokens, at most {} a text", self.vocabulary(), self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer as BERT has it: no accents, no capitals, words of pieces.
    fn bert(most: usize) -> Tokenizer {
        let words = ["[UNK]", "[CLS]", "[SEP]", "cafe", "play", "##ing", "a", "##b", "我", "!", "fi"];
        let vocabulary: Vec<String> =
            words.iter().enumerate().map(|(id, word)| format!("\"{word}\": {id}")).collect();
        let json = format!(
            r###"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
            "normalizer": {{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true}}, "pre_tokenizer": {{"type": "BertPreTokenizer"}},
            "post_processor": {{"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}},
            "model": {{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {{{}}}}}}}"###,
            vocabulary.join(", ")
        );
        Tokenizer::new(json.as_bytes(), most).unwrap()
    }

    #[test]
    fn words_and_where_they_stand() {
        fn check(text: &str, most: usize, expected: &[(usize, &str)]) {
            let found = bert(most).units(text);
            assert_eq!(found.tokens, bert(most).tokens(text), "{text:?}");
            let characters: Vec<char> = text.chars().collect();
            let part =
                |unit: &Unit| (unit.place, characters[unit.start..unit.end].iter().collect::<String>());
            let found: Vec<(usize, String)> = found.units.iter().map(part).collect();
            let expected: Vec<(usize, String)> =
                expected.iter().map(|&(place, part)| (place, part.to_owned())).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        check("", 9, &[]);
        check(" \t\u{200b}", 9, &[]);
        check("Playing  CAFÉ!", 9, &[(1, "Playing"), (3, "CAFÉ"), (4, "!")]);
        // An accent for itself, at the end of a word and within one.
        check("cafe\u{301} a\u{308}b", 9, &[(1, "cafe\u{301}"), (2, "a\u{308}b")]);
        check("我我 a我", 9, &[(1, "我"), (2, "我"), (3, "a"), (4, "我")]);
        // Full width and emoji are words that nobody knows.
        check("ｐｌａｙ 👍🏽 a", 9, &[(1, "ｐｌａｙ"), (2, "👍🏽"), (3, "a")]);
        check("a\u{ad}b a", 9, &[(1, "a\u{ad}b"), (3, "a")]);
        check("playing playing", 4, &[(1, "playing")]);
        check("a playing", 4, &[(1, "a"), (2, "play")]);
    }
}
