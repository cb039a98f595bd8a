//! What decides how a network of characters is made, and how it learns.

use crate::settings::{RecipeError, within};
use serde::{Deserialize, Serialize};

/// A network of characters that learns from nothing, for scripts that do not part words first of all: a vector for each
/// character and one for it with the next, convolutions over both (Kim 2014), the largest of each channel over a text and
/// the mean of the vectors, and a matrix that makes logits of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Values of a vector, 1 to 1024.
    pub width: usize,
    /// Channels of each convolution, 1 to 4096.
    pub filters: usize,
    /// Positions that each convolution sees at once: 1 to 8 odd numbers from 1 to 15.
    pub windows: Vec<usize>,
    /// Characters of a text that are read, half of them from its start and half from its end, 2 to 8192.
    pub characters: usize,
    /// How often a character must be in the training part to be known, 1 to 1000000.
    pub fewest_characters: usize,
    /// How often a pair must be, 1 to 1000000.
    pub fewest_pairs: usize,
    /// The share of the positions of a text that are unknown each time it is seen, 0 to below 1.
    pub token_dropout: f32,
    /// The share of the values of vectors that is left out, 0 to below 1; `train.dropout` is that of what the matrix sees.
    pub embedding_dropout: f32,
    /// How much two answers to a text, with other values left out, are drawn together, 0 to 100; 0 for one answer (Liang
    /// et al. 2021, "R-Drop").
    pub r_drop: f32,
    /// The share of the past that a step keeps in the average of all steps, which is the model, 0 to below 1; 0 for the
    /// last step alone.
    pub average: f32,
    /// The share of the steps over which the rate rises, 0 to 1.
    pub warm_up: f64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            width: 64,
            filters: 256,
            windows: vec![1, 3, 5],
            characters: 400,
            fewest_characters: 2,
            fewest_pairs: 2,
            token_dropout: 0.2,
            embedding_dropout: 0.3,
            r_drop: 1.0,
            average: 0.0,
            warm_up: 0.05,
        }
    }
}

impl NetworkConfig {
    /// Looks whether all is within its range.
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        let part = |share: f32| (0.0..1.0).contains(&share);
        let odd = |taps: &usize| (1..=15).contains(taps) && taps % 2 == 1;
        let often = 1..=1_000_000;
        let rules: [(bool, &'static str, &'static str); 11] = [
            ((1..=1024).contains(&self.width), "network.width", "1 to 1024"),
            ((1..=4096).contains(&self.filters), "network.filters", "1 to 4096"),
            (
                (1..=8).contains(&self.windows.len()) && self.windows.iter().all(odd),
                "network.windows",
                "1 to 8 odd numbers from 1 to 15",
            ),
            ((2..=8192).contains(&self.characters), "network.characters", "2 to 8192"),
            (often.contains(&self.fewest_characters), "network.fewest_characters", "1 to 1000000"),
            (often.contains(&self.fewest_pairs), "network.fewest_pairs", "1 to 1000000"),
            (part(self.token_dropout), "network.token_dropout", "0 to below 1"),
            (part(self.embedding_dropout), "network.embedding_dropout", "0 to below 1"),
            ((0.0..=100.0).contains(&self.r_drop), "network.r_drop", "0 to 100"),
            (part(self.average), "network.average", "0 to below 1"),
            ((0.0..=1.0).contains(&self.warm_up), "network.warm_up", "0 to 1"),
        ];
        within(&rules)
    }
}
