//! A recipe: everything that decides what is learnt, in one file.

use crate::settings::{RecipeError, settled, table, within};
use milieu_models::sequence::Sequence;
use milieu_nn::{OptimiserConfig, Schedule};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A recipe for a network that says what comes next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is learnt: `next-item`.
    pub task: Task,
    /// Decides every random choice.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is learnt from.
    pub data: DataConfig,
    /// The network.
    pub model: Sequence,
    /// How it is trained.
    #[serde(default)]
    pub train: FitConfig,
    /// What the result has to reach.
    #[serde(default)]
    pub gate: GateConfig,
}

/// The tasks there are recipes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// The next item of each sequence.
    NextItem,
}

/// Where the sequences are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A file of lines `user item item ...`, oldest first, plain or compressed with gzip.
    pub path: PathBuf,
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Times each sequence is seen at most, 1 to 10000.
    pub epochs: usize,
    /// Sequences of a step, 1 to 65536.
    pub batch: usize,
    /// The highest learning rate, above 0 to 10.
    pub rate: f32,
    /// How the learning rate goes.
    pub schedule: Schedule,
    /// How steps are made.
    pub optimiser: OptimiserConfig,
    /// Items, drawn anew for each step, that compete with the right one, 1 or more: a step then costs what
    /// they and its sequences hold. 0 for the whole catalogue.
    pub negatives: usize,
    /// The longest gradient; 0 for any.
    pub clip: f32,
    /// Epochs without a better validation after which training ends; 0 for never.
    pub patience: usize,
    /// Minutes after which no new epoch begins; 0 for any number.
    pub minutes: f64,
}

/// What the result has to reach to be good enough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// The least hit rate among the first 10 on the test part.
    pub hit_rate: f64,
    /// The least NDCG of the first 10 on the test part.
    pub ndcg: f64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 60,
            batch: 256,
            rate: 1e-3,
            schedule: Schedule::Constant,
            optimiser: OptimiserConfig::ADAM,
            negatives: 0,
            clip: 0.0,
            patience: 5,
            minutes: 0.0,
        }
    }
}

impl Recipe {
    /// Reads a recipe, with settings that replace those of the file: `train.epochs=3`.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn read(text: &str, settings: &[String]) -> Result<Self, RecipeError> {
        let recipe: Self = settled(table(text)?, settings)?;
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), RecipeError> {
        let Self { model, train, gate, .. } = self;
        let &Sequence::SelfAttentive { width, heads, blocks, length, dropout } = model;
        let rules: [(bool, &'static str, &'static str); 14] = [
            ((1..=1024).contains(&width), "model.width", "1 to 1024"),
            (heads > 0 && width % heads == 0, "model.heads", "a divisor of model.width"),
            ((1..=64).contains(&blocks), "model.blocks", "1 to 64"),
            ((1..=4096).contains(&length), "model.length", "1 to 4096"),
            ((0.0..0.95).contains(&dropout), "model.dropout", "0 to below 0.95"),
            ((1..=10_000).contains(&train.epochs), "train.epochs", "1 to 10000"),
            ((1..=65_536).contains(&train.batch), "train.batch", "1 to 65536"),
            (train.rate > 0.0 && train.rate <= 10.0, "train.rate", "above 0 to 10"),
            (train.negatives <= 1 << 20, "train.negatives", "0 to 1048576"),
            (train.clip >= 0.0, "train.clip", "0 or more"),
            (train.minutes >= 0.0, "train.minutes", "0 or more"),
            ((0.0..=1.0).contains(&gate.hit_rate), "gate.hit_rate", "0 to 1"),
            ((0.0..=1.0).contains(&gate.ndcg), "gate.ndcg", "0 to 1"),
            (self.seed < 1 << 63, "seed", "below 2^63"),
        ];
        within(&rules)
    }
}

fn one() -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "task = 'next-item'\n[data]\npath = 'x'\n[model]\narchitecture = 'self_attentive'\n\
        width = 8\nheads = 2\nblocks = 1\nlength = 5\ndropout = 0.1";

    #[test]
    fn settings_replace_the_file_within_their_ranges() {
        let read = |settings: &[&str]| {
            Recipe::read(TEXT, &settings.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(&[]).unwrap().train, FitConfig::default());
        assert_eq!(read(&["train.negatives=9", "seed=4"]).unwrap().train.negatives, 9);
        fn refuse(result: Result<Recipe, RecipeError>, part: &str) {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        refuse(read(&["model.heads=3"]), "model.heads must be a divisor of model.width");
        refuse(read(&["model.dropout=0.99"]), "model.dropout must be");
        refuse(read(&["task=image-classification"]), "unknown variant");
        refuse(read(&["train.batches=3"]), "unknown field `batches`");
        refuse(read(&["train.rate=nan"]), "train.rate");
    }
}
