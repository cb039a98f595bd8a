//! Pictures to calibrate, to tune and to measure with, prepared as the card of the model says.

use super::examples::{ExamplesConfig, ExamplesError};
use milieu_dataset::pictures::{
    Collection, DecodeLimits, Fit, Parts, Preparation, Wanted, collect_wanted, split,
};
use milieu_inference::{Data, ShapeError, Tensor};
use milieu_registry::{ModelCard, PictureFit, PicturePreparation, Preprocessing};

/// Share that is set aside where folders name no parts.
const HELD_OUT: f64 = 0.2;

/// Prepared pictures.
pub(super) struct PictureExamples {
    pub(super) collection: Collection,
    pub(super) parts: Parts,
    pub(super) preparation: Preparation,
}

impl PictureExamples {
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
        Ok(Self { collection, parts, preparation })
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
}

/// Pictures as a tensor.
pub(super) fn pictures(examples: &PictureExamples, numbers: &[usize]) -> Result<Tensor, ShapeError> {
    let side = examples.preparation.side as usize;
    let values = examples.prepared(numbers);
    Tensor::new(vec![numbers.len(), 3, side, side], Data::F32(values))
}

fn preparation(prepared: &PicturePreparation) -> Preparation {
    let &PicturePreparation { side, fit, mean, deviation } = prepared;
    let fit = match fit {
        PictureFit::Crop => Fit::Crop,
        PictureFit::Squash => Fit::Squash,
    };
    Preparation { side, fit, mean, deviation }
}
