//! What a run learns from.

use super::recipe::Recipe;
use super::run::TrainError;
use super::sources::SourceConfig;
use super::told;
use crate::parts::parted;
use milieu_dataset::split::Parts;
use milieu_dataset::{BadLines, Dropped, Examples, clean_texts};
use milieu_nn::losses::smooth;
use xxhash_rust::xxh3::Xxh3;

/// Texts that are ready to learn from.
pub(super) struct Data {
    pub(super) classes: Vec<String>,
    /// Whether a text may have any number of labels; else it has one.
    pub(super) many: bool,
    /// The class that stands for none, where there is one.
    pub(super) unknown: Option<usize>,
    pub(super) texts: Vec<String>,
    /// The classes of each text.
    pub(super) right: Vec<Vec<usize>>,
    /// Those of which it is not known whether it has them, where it may have any number.
    pub(super) untold: Vec<Vec<usize>>,
    pub(super) parts: Parts,
    pub(super) dropped: Vec<Dropped>,
    pub(super) bad: BadLines,
    pub(super) hash: u64,
}

impl Data {
    pub(super) fn read(recipe: &Recipe) -> Result<Self, TrainError> {
        let config = &recipe.data;
        let many = config.many();
        let (mut examples, mut dropped) = if config.each_told() {
            told::read(config, recipe.seed)?
        } else {
            (SourceConfig::from(config).examples()?, Vec::new())
        };
        if !many && let Some(example) = examples.examples.iter().find(|example| example.labels.len() != 1) {
            return Err(TrainError::Labels { name: example.name.clone(), count: example.labels.len() });
        }
        if config.clean && !config.each_told() {
            dropped = clean_texts(&mut examples);
        }
        let parts = parted(&examples.facts(), config.shares(), recipe.seed)?;
        let Examples { classes, examples, bad } = examples;
        // A label that a text has or has not needs no other one.
        if classes.len() < 2 && !config.each_told() {
            return Err(TrainError::Classes { count: classes.len() });
        }
        let unknown = config.unknown.as_ref().map(|unknown| {
            let place = classes.iter().position(|class| class == unknown);
            place.ok_or_else(|| TrainError::Unknown { label: unknown.clone() })
        });
        let unknown = unknown.transpose()?;
        let (mut texts, mut right, mut untold) = (Vec::new(), Vec::new(), Vec::new());
        for example in examples {
            texts.push(example.value);
            right.push(example.labels);
            untold.push(example.untold);
        }
        let mut hash = Xxh3::new();
        for part in [&parts.train, &parts.validation, &parts.test] {
            hash.update(&(part.len() as u64).to_le_bytes());
            for &at in part {
                hash.update(texts[at].as_bytes());
                right[at].iter().for_each(|&class| hash.update(&(class as u64).to_le_bytes()));
                if config.each_told() {
                    hash.update(&[u8::MAX]);
                    untold[at].iter().for_each(|&class| hash.update(&(class as u64).to_le_bytes()));
                }
            }
        }
        let hash = hash.digest();
        let data = Self { classes, many, unknown, texts, right, untold, parts, dropped, bad, hash };
        if config.each_told() {
            told::learnable(&data.classes, data.parts.train.iter().map(|&at| data.told(at)))?;
        }
        Ok(data)
    }

    /// What is known of each class for a text that may have any number of them.
    pub(super) fn told(&self, at: usize) -> Vec<Option<bool>> {
        let (right, untold) = (&self.right[at], &self.untold[at]);
        let told = |class| (!untold.contains(&class)).then(|| right.contains(&class));
        (0..self.classes.len()).map(told).collect()
    }

    /// The right classes of some texts.
    pub(super) fn right(&self, numbers: &[usize]) -> Vec<&[usize]> {
        numbers.iter().map(|&at| self.right[at].as_slice()).collect()
    }

    /// What is wanted of each class for a text: shares that add up to 1, or 1 and 0 where there may be any number, and no
    /// number (NaN) where it is not known.
    pub(super) fn wanted(&self, at: usize, smoothing: f32) -> Vec<f32> {
        if !self.many {
            return smooth(&self.right[at], self.classes.len(), smoothing);
        }
        let share = |is: Option<bool>| is.map_or(f32::NAN, |is| f32::from(u8::from(is)));
        self.told(at).into_iter().map(share).collect()
    }
}
