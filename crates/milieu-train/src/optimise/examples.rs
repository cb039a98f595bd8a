//! Pictures to calibrate, to tune and to measure with, prepared as the card of the model says.

use crate::eval::{Interval, bootstrap};
use milieu_dataset::pictures::{
    CollectError, Collection, DecodeLimits, Fit, Parts, Preparation, Wanted, collect_wanted, split,
};
use milieu_registry::{ModelCard, PictureFit, PicturePreparation, Preprocessing};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Share that is set aside where folders name no parts.
const HELD_OUT: f64 = 0.2;

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExamplesConfig {
    /// A folder or an archive, with folders named after the labels.
    pub path: PathBuf,
    /// The most pictures of a class that are not to measure with; 0 for all.
    pub most: usize,
    /// Decides which are set aside where no folder does.
    pub seed: u64,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum ExamplesError {
    /// They cannot be read.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// None of them is of a class that the model knows.
    #[error("no picture to measure with has one of the model's labels")]
    NoLabels,
    /// The card does not say how to read pictures.
    #[error("{0}")]
    Card(String),
}

/// Prepared pictures.
pub(super) struct Examples {
    pub(super) collection: Collection,
    pub(super) parts: Parts,
    pub(super) preparation: Preparation,
    seed: u64,
}

impl Examples {
    pub(super) fn read(config: &ExamplesConfig, card: &ModelCard) -> Result<Self, ExamplesError> {
        let Some(Preprocessing::Picture(prepared)) = &card.preprocessing else {
            return Err(ExamplesError::Card("its card does not say how to prepare pictures".to_owned()));
        };
        let preparation = preparation(prepared);
        let wanted = Wanted {
            classes: &card.labels,
            most: config.most,
            limits: DecodeLimits::default(),
            screen: None,
        };
        let mut collection = collect_wanted(&config.path, &wanted, &preparation, &mut |_| ())?;
        // Numbers of classes become those of the labels.
        let label = |class: usize| {
            let name = collection.classes.get(class)?;
            card.labels.iter().position(|label| label == name)
        };
        let labels: Vec<Option<usize>> = (0..collection.classes.len()).map(label).collect();
        collection.pictures.retain_mut(|picture| {
            let label = labels.get(picture.class).copied().flatten();
            picture.class = label.unwrap_or(picture.class);
            label.is_some()
        });
        collection.classes.clone_from(&card.labels);
        let parts = split(&collection, HELD_OUT, config.seed);
        if parts.test.is_empty() {
            return Err(ExamplesError::NoLabels);
        }
        Ok(Self { collection, parts, preparation, seed: config.seed })
    }

    /// Pictures as the model reads them.
    pub(super) fn prepared(&self, numbers: &[usize]) -> Vec<f32> {
        let length = 3 * (self.preparation.side * self.preparation.side) as usize;
        let mut out = vec![0.0; numbers.len() * length];
        for (out, &at) in out.chunks_exact_mut(length).zip(numbers) {
            self.preparation.write(&self.collection.pictures[at].pixels, out);
        }
        out
    }

    /// The right labels of the pictures that are measured with.
    pub(super) fn right(&self) -> Vec<usize> {
        self.parts.test.iter().map(|&at| self.collection.pictures[at].class).collect()
    }

    /// The accuracy that other answers lose.
    pub(super) fn lost(&self, before: &[f32], after: &[f32]) -> Interval {
        let classes = self.collection.classes.len().max(1);
        let is_right = |row: &[f32], right: usize| {
            let best = row.iter().enumerate().fold(0, |best, (at, x)| if *x > row[best] { at } else { best });
            f64::from(u8::from(best == right))
        };
        let rows = before.chunks_exact(classes).zip(after.chunks_exact(classes)).zip(self.right());
        let lost: Vec<f64> =
            rows.map(|((before, after), right)| is_right(before, right) - is_right(after, right)).collect();
        bootstrap(&lost, self.seed)
    }
}

fn preparation(prepared: &PicturePreparation) -> Preparation {
    let &PicturePreparation { side, fit, mean, deviation } = prepared;
    let fit = match fit {
        PictureFit::Crop => Fit::Crop,
        PictureFit::Squash => Fit::Squash,
    };
    Preparation { side, fit, mean, deviation }
}
