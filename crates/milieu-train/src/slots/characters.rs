//! An encoder of characters that begins with nothing: for languages and scripts that no published encoder at hand reads.

use super::recipe::CharactersConfig;
use crate::texts::{EncoderError, ReadEncoder};
use milieu_models::text::Published;
use milieu_nn::{Encoder, EncoderShape};
use milieu_text::{Tokenizer, composed};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Tokens that are no characters: what fills texts up, what is unknown, and what marks the ends of texts.
const MARKS: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
/// The number of the token of an unknown character.
pub(super) const UNKNOWN: u32 = 1;
/// What normalisation adds to variances.
const EPSILON: f32 = 1e-6;

/// An encoder that has learnt nothing, and a tokenizer that gives it each character of the training texts, `texts`, that
/// comes often enough. Full-width forms and capitals are what they stand for.
pub(super) fn encoder_of_characters<'a>(
    config: &CharactersConfig,
    texts: impl Iterator<Item = &'a str>,
    seed: u64,
) -> Result<ReadEncoder, EncoderError> {
    let json = tokenizer(texts, config.least);
    let tokenizer = Tokenizer::new(&json, config.tokens)?;
    let &CharactersConfig { tokens, width, heads, hidden, blocks, distances, .. } = config;
    let vocabulary = tokenizer.vocabulary();
    let shape = EncoderShape {
        vocabulary,
        positions: tokens,
        width,
        heads,
        hidden,
        blocks,
        distances,
        epsilon: EPSILON,
    };
    let (encoder, parameters) = Encoder::new(shape, seed);
    Ok(ReadEncoder { found: Published { encoder, parameters }, tokenizer, json })
}

/// A `tokenizer.json` with the characters that come at least so often, the most frequent first.
fn tokenizer<'a>(texts: impl Iterator<Item = &'a str>, least: usize) -> Vec<u8> {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    for text in texts {
        composed(text).chars().for_each(|c| *counts.entry(c).or_default() += 1);
    }
    let mut known: Vec<(char, usize)> = counts.into_iter().filter(|&(_, count)| count >= least).collect();
    known.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let known = known.into_iter().map(|(c, _)| c.to_string());
    let all = MARKS.into_iter().map(str::to_owned).chain(known);
    let vocabulary: Map<String, Value> = all.enumerate().map(|(id, token)| (token, json!(id))).collect();
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[\\s\\S]"}, "behavior": "Isolated", "invert": false},
        "post_processor": {"type": "BertProcessing", "sep": [MARKS[3], 3], "cls": [MARKS[2], 2]},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": MARKS[1]},
    });
    file.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_a_token_and_a_unit() {
        let json = tokenizer(["听歌 AB", "听Ｂ歌", "x"].into_iter(), 2);
        let tokenizer = Tokenizer::new(&json, 9).unwrap();
        assert_eq!(tokenizer.vocabulary(), MARKS.len() + 3);
        let found = tokenizer.units("听 ｂe\u{301}x");
        // Ends, and what is not known; what comes equally often is in the order of code points.
        let [b, listen, song] = [4, 5, 6];
        assert_eq!(found.tokens, [2, listen, UNKNOWN, b, UNKNOWN, UNKNOWN, 3]);
        let units: Vec<[usize; 3]> =
            found.units.iter().map(|unit| [unit.place, unit.start, unit.end]).collect();
        assert_eq!(units, [[1, 0, 1], [3, 2, 3], [4, 3, 5], [5, 5, 6]]);
        assert_eq!(tokenizer.tokens("歌歌"), [2, song, song, 3]);
    }
}
