//! Examples to calibrate, to tune and to measure with, prepared as the card of the model says.

use super::measure::Engined;
use super::pictures::{PictureExamples, pictures};
use super::texts::TextExamples;
use crate::eval::{Interval, bootstrap};
use milieu_dataset::pictures::CollectError;
use milieu_dataset::tables::TableError;
use milieu_inference::{ShapeError, Tensor};
use milieu_registry::{ModelCard, Preprocessing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Examples that are answered together.
pub(super) const TOGETHER: usize = 32;

/// Which examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExamplesConfig {
    /// For models of pictures a folder or an archive, with folders named after the labels; for models of texts a table.
    pub path: PathBuf,
    /// The most pictures of a class that are not to measure with; 0 for all.
    pub most: usize,
    /// Decides which are set aside where no folder does.
    pub seed: u64,
    /// The column of texts.
    pub text: String,
    /// The column of their labels.
    pub label: String,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum ExamplesError {
    /// Pictures cannot be read.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Texts cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// None of them is of a class that the model knows.
    #[error("no example to measure with has one of the model's labels")]
    NoLabels,
    /// The card does not say how to read them.
    #[error("{0}")]
    Card(String),
}

/// Prepared examples.
pub(super) enum Examples {
    Pictures(Box<PictureExamples>),
    Texts(TextExamples),
}

/// Examples of one shape: which of those to measure with, and the inputs.
pub(super) struct Batch {
    pub(super) numbers: Vec<usize>,
    pub(super) inputs: Vec<Tensor>,
}

impl Examples {
    /// Reads what a model is measured with; the engine runs it, and `files` are those of its version.
    pub(super) fn read(
        config: &ExamplesConfig,
        card: &ModelCard,
        engine: &Engined,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, ExamplesError> {
        match &card.preprocessing {
            Some(Preprocessing::Picture(_)) => {
                Ok(Self::Pictures(Box::new(PictureExamples::read(config, card)?)))
            }
            Some(Preprocessing::Grams(_) | Preprocessing::Text(_) | Preprocessing::Characters(_)) => {
                Ok(Self::Texts(TextExamples::read(config, card, engine.signature(), files)?))
            }
            None => Err(ExamplesError::Card("its card does not say how to prepare examples".to_owned())),
        }
    }

    /// What they are, for people.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Pictures(_) => "pictures",
            Self::Texts(_) => "texts",
        }
    }

    /// All examples to measure with, in batches.
    pub(super) fn batches(&self) -> Result<Vec<Batch>, ShapeError> {
        match self {
            Self::Pictures(examples) => {
                let all: Vec<usize> = (0..examples.parts.test.len()).collect();
                let batch = |numbers: &[usize]| {
                    let places: Vec<usize> = numbers.iter().map(|&at| examples.parts.test[at]).collect();
                    Ok(Batch { numbers: numbers.to_vec(), inputs: vec![pictures(examples, &places)?] })
                };
                all.chunks(TOGETHER).map(batch).collect()
            }
            Self::Texts(examples) => Ok(examples.batches()),
        }
    }

    /// The right labels of the examples that are measured with.
    pub(super) fn right(&self) -> Vec<usize> {
        match self {
            Self::Pictures(examples) => examples.right(),
            Self::Texts(examples) => examples.right.clone(),
        }
    }

    /// The accuracy that other answers lose, of so many classes.
    pub(super) fn lost(&self, before: &[f32], after: &[f32], classes: usize, seed: u64) -> Interval {
        let classes = classes.max(1);
        let is_right = |row: &[f32], right: usize| {
            let best = row.iter().enumerate().fold(0, |best, (at, x)| if *x > row[best] { at } else { best });
            f64::from(u8::from(best == right))
        };
        let rows = before.chunks_exact(classes).zip(after.chunks_exact(classes)).zip(self.right());
        let lost: Vec<f64> =
            rows.map(|((before, after), right)| is_right(before, right) - is_right(after, right)).collect();
        bootstrap(&lost, seed)
    }
}
