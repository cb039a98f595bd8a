//! Tokens of a vocabulary that somebody published: WordPiece, BPE and Unigram in the format of Hugging Face.

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
        let text = &text[..text.floor_char_boundary(self.most.saturating_mul(BYTES_A_TOKEN))];
        self.inner.encode_fast(text, true).map(|found| found.get_ids().to_vec()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "tokenizer of {} tokens, at most {} a text", self.vocabulary(), self.most)
    }
}
