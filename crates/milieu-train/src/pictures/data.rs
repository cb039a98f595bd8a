//! What a run learns from.

use super::encoder::{Encoder, Features, FrozenEncoder};
use super::recipe::Recipe;
use super::run::{TrainError, TrainEvent};
use super::sensitive::Sensitivity;
use milieu_dataset::pictures::{
    Classifier, Collection, DecodeLimits, Parts, Picture, Preparation, Wanted, clean, collect_wanted, split,
};
use milieu_models::image::Image;
use milieu_nn::{Parameters, Size};
use xxhash_rust::xxh3::Xxh3;

/// The fewest pictures of the smallest part that figures can rest on.
const FEWEST: usize = 10;

/// Pictures that are ready to learn from.
pub(crate) struct Data {
    pub(crate) collection: Collection,
    pub(crate) parts: Parts,
    pub(crate) preparation: Preparation,
    /// What an encoder makes of the pictures, where the recipe names one.
    pub(crate) features: Option<Features>,
    pub(crate) encoder: Option<FrozenEncoder>,
}

impl Data {
    /// Reads, cleans and splits what a recipe names.
    pub(crate) fn read(recipe: &Recipe, tell: &mut dyn FnMut(TrainEvent)) -> Result<Self, TrainError> {
        // Mean and deviation are measured on the training part below; reading needs neither.
        let unmeasured = Preparation {
            side: recipe.prepare.side,
            fit: recipe.prepare.fit,
            mean: [0.0; 3],
            deviation: [1.0; 3],
        };
        let mut progress = |files| tell(TrainEvent::Reading { files });
        let limits = DecodeLimits::default();
        let sensitivity = recipe.data.sensitive_model.as_deref().map(Sensitivity::load).transpose()?;
        let classifier = sensitivity.as_ref().map(|model| move |picture: &Picture| model.score(picture));
        let screen = recipe.clean.screen(classifier.as_ref().map(|classifier| classifier as Classifier<'_>));
        let (path, classes) = (&recipe.data.path, &recipe.data.classes);
        let wanted = Wanted { classes, most: recipe.data.most, limits, screen: Some(&screen) };
        let mut collection = collect_wanted(path, &wanted, &unmeasured, &mut progress)?;
        clean(&mut collection, recipe.clean);
        let parts = split(&collection, recipe.data.held_out, recipe.seed);
        for (part, numbers) in
            [("training", &parts.train), ("validation", &parts.validation), ("test", &parts.test)]
        {
            if numbers.len() < FEWEST {
                return Err(TrainError::TooFew { part, count: numbers.len(), fewest: FEWEST });
            }
        }
        let Some(config) = &recipe.encoder else {
            let preparation = measured(unmeasured, &collection, &parts.train);
            return Ok(Self { collection, parts, preparation, features: None, encoder: None });
        };
        let preparation = Preparation { mean: config.mean, deviation: config.deviation, ..unmeasured };
        let mut encoder = Encoder::load(config, preparation.side)?;
        let mut data = Self { collection, parts, preparation, features: None, encoder: None };
        let of = data.collection.pictures.len();
        let mut progress = |done| tell(TrainEvent::Encoding { done, of });
        data.features =
            Some(encoder.encode(&data, recipe.augment.flip || recipe.answer.mirrored, &mut progress)?);
        data.encoder = Some(encoder.frozen());
        Ok(data)
    }

    /// The size of what the network reads of a picture.
    pub(crate) fn input(&self) -> Size {
        match &self.features {
            Some(features) => Size::Rows { width: features.width },
            None => Image::input(self.preparation.side as usize),
        }
    }

    /// A number that another recipe, other data, or other first parameters do not have.
    pub(crate) fn fingerprint(&self, recipe: &Recipe, parameters: &Parameters) -> u64 {
        let mut hash = Xxh3::new();
        // Where the data lies, how long it may take, what is answered with it and what is good enough say nothing
        // of what is learnt.
        let mut recipe = recipe.clone();
        recipe.data.path = Default::default();
        recipe.data.sensitive_model = None;
        if let Some(encoder) = &mut recipe.encoder {
            encoder.path = Default::default();
        }
        recipe.parent = None;
        recipe.train.minutes = 0.0;
        recipe.gate = Default::default();
        recipe.answer = Default::default();
        hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
        hash.update(&self.hash().to_le_bytes());
        for value in parameters.iter().flat_map(|parameter| &parameter.values) {
            hash.update(&value.to_le_bytes());
        }
        hash.digest()
    }

    /// A number that other data does not have.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        for part in [&self.parts.train, &self.parts.validation, &self.parts.test] {
            hash.update(&(part.len() as u64).to_le_bytes());
            for &at in part {
                hash.update(&self.collection.pictures[at].pixels);
                hash.update(&(self.collection.pictures[at].class as u64).to_le_bytes());
                let features = self.features.as_ref().map_or(&[][..], |features| features.of(at, false));
                features.iter().for_each(|value| hash.update(&value.to_le_bytes()));
            }
        }
        hash.digest()
    }
}

/// Mean and deviation of red, green and blue over the training part.
fn measured(unmeasured: Preparation, collection: &Collection, train: &[usize]) -> Preparation {
    let mut sums = [(0u64, 0u64); 3];
    for &at in train {
        for pixel in collection.pictures[at].pixels.chunks_exact(3) {
            for (sums, &value) in sums.iter_mut().zip(pixel) {
                sums.0 += u64::from(value);
                sums.1 += u64::from(value) * u64::from(value);
            }
        }
    }
    let side = f64::from(unmeasured.side);
    let count = (train.len().max(1) as f64) * side * side;
    let mean = sums.map(|(sum, _)| (sum as f64 / count / 255.0) as f32);
    let deviation = sums.map(|(sum, squares)| {
        let mean = sum as f64 / count;
        ((squares as f64 / count - mean * mean).max(1.0).sqrt() / 255.0) as f32
    });
    Preparation { mean, deviation, ..unmeasured }
}
