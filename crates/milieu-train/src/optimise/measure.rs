//! How right and how fast a version is.

use super::examples::{Examples, ExamplesConfig};
use super::{OptimiseError, examples::ExamplesError};
use crate::classification::{Figures, measure};
use milieu_inference::{Data, Engine, Engines, LoadOptions, RunError, ShapeError, Tensor};
use milieu_registry::{ModelCard, Registry};
use serde::Serialize;
use std::time::Instant;

/// Pictures that are answered together.
const TOGETHER: usize = 32;
/// Batches of a turn.
const BATCHES: usize = 12;
/// Turns of each side; the first is for warming up.
const TURNS: usize = 8;

/// What was measured of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Bytes of its model file.
    pub bytes: usize,
    /// Pictures a second.
    pub pictures_per_second: f64,
    /// How right it is.
    pub figures: Figures,
}

impl Measured {
    pub(super) fn new(
        logits: &[f32],
        examples: &Examples,
        card: &ModelCard,
        bytes: usize,
        pictures_per_second: f64,
    ) -> Self {
        let temperature = card.temperature.unwrap_or(1.0);
        let figures = measure(logits, &examples.right(), &card.labels, temperature, 1);
        Self { bytes, pictures_per_second, figures }
    }
}

/// The figures of a version that are kept with it.
pub(super) fn figures(measured: &Measured) -> impl Iterator<Item = (&'static str, f64)> {
    let more = [("bytes", measured.bytes as f64), ("pictures_per_second", measured.pictures_per_second)];
    measured.figures.metrics().into_iter().chain(more)
}

/// Measures a version of the registry.
///
/// # Errors
/// [`OptimiseError`].
pub fn measure_version(
    registry: &Registry,
    (name, version): (&str, u32),
    config: &ExamplesConfig,
    engines: &Engines,
) -> Result<Measured, OptimiseError> {
    let unfit = |reason: String| OptimiseError::Unfit { name: name.to_owned(), version, reason };
    let loaded = registry.load(name, version)?;
    let card = ModelCard::of(&loaded.manifest)?;
    let file = loaded.files.get(&card.model_file);
    let bytes = file.ok_or_else(|| unfit("it has no model file".to_owned()))?;
    let examples = Examples::read(config, &card).map_err(|error| match error {
        ExamplesError::Card(reason) => unfit(reason),
        error => error.into(),
    })?;
    let mut engine = Engined::load(engines, bytes)?;
    let answers = engine.answers(&examples)?;
    let batch = engine.batch(&examples)?;
    engine.speed(&batch)?;
    let mut speeds = (1..TURNS).map(|_| engine.speed(&batch)).collect::<Result<Vec<f64>, RunError>>()?;
    Ok(Measured::new(&answers, &examples, &card, bytes.len(), median(&mut speeds)))
}

/// A loaded model.
pub(super) struct Engined(Box<dyn Engine>);

impl Engined {
    pub(super) fn load(engines: &Engines, bytes: &[u8]) -> Result<Self, OptimiseError> {
        Ok(Self(engines.load(bytes, LoadOptions::default())?))
    }

    /// What it says of the pictures to measure with, a row of logits each.
    pub(super) fn answers(&mut self, examples: &Examples) -> Result<Vec<f32>, OptimiseError> {
        let mut answers = Vec::new();
        for numbers in examples.parts.test.chunks(TOGETHER) {
            answers.extend(self.run(&pictures(examples, numbers)?)?.into_iter().next().unwrap_or_default());
        }
        Ok(answers)
    }

    /// All that it gives for a batch.
    pub(super) fn run(&mut self, batch: &Tensor) -> Result<Vec<Vec<f32>>, RunError> {
        let outputs = self.0.run(std::slice::from_ref(batch))?;
        Ok(outputs
            .into_iter()
            .map(|output| match output.into_parts().1 {
                Data::F32(values) => values,
                _ => Vec::new(),
            })
            .collect())
    }

    fn batch(&self, examples: &Examples) -> Result<Tensor, ShapeError> {
        let numbers: Vec<usize> = examples.parts.test.iter().copied().cycle().take(TOGETHER).collect();
        pictures(examples, &numbers)
    }

    /// Pictures a second over a turn.
    fn speed(&mut self, batch: &Tensor) -> Result<f64, RunError> {
        let begun = Instant::now();
        for _ in 0..BATCHES {
            self.run(batch)?;
        }
        Ok((BATCHES * TOGETHER) as f64 / begun.elapsed().as_secs_f64())
    }
}

/// Pictures as a tensor.
pub(super) fn pictures(examples: &Examples, numbers: &[usize]) -> Result<Tensor, ShapeError> {
    let side = examples.preparation.side as usize;
    let values = examples.prepared(numbers);
    Tensor::new(vec![numbers.len(), 3, side, side], Data::F32(values))
}

/// Speeds of two versions, in turns, so that what else the machine does meets both.
pub(super) struct Speeds {
    pub(super) before: f64,
    pub(super) after: f64,
    /// The median of the turns' ratios.
    pub(super) ratio: f64,
}

pub(super) fn in_turns(
    old: &mut Engined,
    new: &mut Engined,
    examples: &Examples,
) -> Result<Speeds, OptimiseError> {
    let batch = old.batch(examples)?;
    let (mut before, mut after, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let (one, other) = (old.speed(&batch)?, new.speed(&batch)?);
        if turn > 0 {
            before.push(one);
            after.push(other);
            ratios.push(other / one);
        }
    }
    Ok(Speeds { before: median(&mut before), after: median(&mut after), ratio: median(&mut ratios) })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
