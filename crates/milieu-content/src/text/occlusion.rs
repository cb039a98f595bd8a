//! Which words move a label: what becomes of it when they are left out (Li et al. 2016, "Understanding Neural Networks
//! through Representation Erasure", arXiv 1612.08220).

use milieu_text::tokens;
use std::ops::Range;

/// Probabilities are kept so far from 0 and 1, as rounding would make odds of them that mean nothing.
const SURE: f64 = 1e-6;

/// The parts of a text that are left out one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occlusion<'a> {
    text: &'a str,
    parts: Vec<Range<usize>>,
}

/// A part of a text, and how it moves a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Moving {
    /// As it is written.
    pub text: String,
    /// The character (Unicode scalar value) of the text that it starts at.
    pub start: usize,
    /// The character behind it.
    pub end: usize,
    /// By how much the log odds of the label fall when it is left out; less than 0 where they rise.
    pub weight: f64,
}

impl<'a> Occlusion<'a> {
    /// Parts of a text that are left out: its words (characters, where words are not parted), or as many of them together
    /// as it takes to have no more than `most` parts.
    #[must_use]
    pub fn new(text: &'a str, most: usize) -> Self {
        let found = tokens(text);
        let together = found.len().div_ceil(most.max(1)).max(1);
        let part = |tokens: &[milieu_text::Token<'_>]| Some(tokens.first()?.start..tokens.last()?.end);
        Self { text, parts: found.chunks(together).filter_map(part).collect() }
    }

    /// The text without each of its parts, in order.
    pub fn without(&self) -> impl Iterator<Item = String> {
        let text = self.text;
        let around = move |part: &Range<usize>| {
            [text.get(..part.start).unwrap_or_default(), text.get(part.end..).unwrap_or_default()].concat()
        };
        self.parts.iter().map(around)
    }

    /// The parts with what each does, the strongest first, from the probability of the label for the text and without
    /// each part; where nothing is left to be seen, the label is as probable as `nothing` says.
    #[must_use]
    pub fn moving(&self, whole: f64, without: &[Option<f64>], nothing: f64) -> Vec<Moving> {
        let mut character = 0;
        let mut byte = 0;
        let mut count = |to: usize| {
            character += self.text.get(byte..to).map_or(0, |between| between.chars().count());
            byte = to;
            character
        };
        let mut found: Vec<Moving> = self
            .parts
            .iter()
            .zip(without)
            .map(|(part, left)| Moving {
                text: self.text.get(part.clone()).unwrap_or_default().to_owned(),
                start: count(part.start),
                end: count(part.end),
                weight: log_odds(whole) - log_odds(left.unwrap_or(nothing)),
            })
            .collect();
        found.sort_by(|one, other| other.weight.abs().total_cmp(&one.weight.abs()));
        found
    }
}

fn log_odds(probability: f64) -> f64 {
    let probability = probability.clamp(SURE, 1.0 - SURE);
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_their_parts() {
        fn check(text: &str, most: usize, expected: &[&str]) {
            assert_eq!(Occlusion::new(text, most).without().collect::<Vec<_>>(), expected, "{text}");
        }
        check("", 9, &[]);
        check(" \n", 9, &[]);
        check("good film", 9, &[" film", "good "]);
        check("很好!", 9, &["好!", "很!", "很好"]);
        check("a b c d e", 2, &[" d e", "a b c "]);
        check("one", 0, &[""]);
    }

    #[test]
    fn what_moves_most_comes_first() {
        let text = "是 a good 😀";
        let found = Occlusion::new(text, 9).moving(0.9, &[Some(0.9), Some(0.95), Some(0.5), None], 0.5);
        let places: Vec<(&str, usize, usize)> =
            found.iter().map(|part| (part.text.as_str(), part.start, part.end)).collect();
        assert_eq!(places, [("good", 4, 8), ("😀", 9, 10), ("a", 2, 3), ("是", 0, 1)]);
        assert!((found[0].weight - 9f64.ln()).abs() < 1e-9 && found[2].weight < 0.0, "{found:?}");
        let sure = Occlusion::new("x", 9).moving(1.0, &[Some(0.0)], 0.5);
        assert!(sure[0].weight.is_finite());
    }
}
