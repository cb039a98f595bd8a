//! What decides how windows over words are made beside a bag of n-grams, and how they learn.

use crate::settings::{RecipeError, within};
use milieu_text::WordRows;
use serde::{Deserialize, Serialize};

/// Windows over the words of a text in their order, beside its bag of n-grams: a vector for each word, by its hash, convolutions
/// over these, and the largest of each channel over the text (Kim 2014). The bag and the windows learn together by AdamW.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderConfig {
    /// Rows of the table of words, 2^8 to 2^24.
    pub rows: u32,
    /// Words of a text that are read, half of them from its start and half from its end, 1 to 8192.
    pub words: usize,
    /// Values of a vector, 1 to 1024.
    pub width: usize,
    /// Channels of each convolution, 1 to 4096.
    pub filters: usize,
    /// Words that each convolution sees at once: 1 to 8 odd numbers from 1 to 15.
    pub windows: Vec<usize>,
    /// The share of the words of a text that are not to be seen each time it is, 0 to below 1.
    pub token_dropout: f32,
    /// The share of the values of vectors that is left out, 0 to below 1.
    pub embedding_dropout: f32,
    /// The share of the past that a step keeps in the average of all steps, which is the model, 0 to below 1; 0 for the
    /// last step alone.
    pub average: f32,
    /// The share of the steps over which the rate rises, 0 to 1.
    pub warm_up: f64,
}

impl Default for OrderConfig {
    fn default() -> Self {
        Self {
            rows: 1 << 17,
            words: 128,
            width: 64,
            filters: 128,
            windows: vec![3, 5],
            token_dropout: 0.1,
            embedding_dropout: 0.2,
            average: 0.0,
            warm_up: 0.05,
        }
    }
}

impl OrderConfig {
    /// How texts are read.
    pub(super) fn words(&self) -> WordRows {
        WordRows { rows: self.rows, most: self.words }
    }

    /// Looks whether all is within its range.
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        let part = |share: f32| (0.0..1.0).contains(&share);
        let odd = |taps: &usize| (1..=15).contains(taps) && taps % 2 == 1;
        within(&[
            ((1 << 8..=1 << 24).contains(&self.rows), "model.order.rows", "256 to 16777216"),
            ((1..=8192).contains(&self.words), "model.order.words", "1 to 8192"),
            ((1..=1024).contains(&self.width), "model.order.width", "1 to 1024"),
            ((1..=4096).contains(&self.filters), "model.order.filters", "1 to 4096"),
            (
                (1..=8).contains(&self.windows.len()) && self.windows.iter().all(odd),
                "model.order.windows",
                "1 to 8 odd numbers from 1 to 15",
            ),
            (part(self.token_dropout), "model.order.token_dropout", "0 to below 1"),
            (part(self.embedding_dropout), "model.order.embedding_dropout", "0 to below 1"),
            (part(self.average), "model.order.average", "0 to below 1"),
            ((0.0..=1.0).contains(&self.warm_up), "model.order.warm_up", "0 to 1"),
        ])
    }
}
