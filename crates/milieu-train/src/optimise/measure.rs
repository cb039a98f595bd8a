//! How right and how fast a version is.

use super::examples::{Batch, Examples, ExamplesConfig};
use super::{OptimiseError, examples::ExamplesError};
use crate::classification::{Figures, measure};
use milieu_inference::{Data, Engine, Engines, LoadOptions, RunError, Signature, Tensor};
use milieu_registry::{ModelCard, Registry};
use serde::Serialize;
use std::time::Instant;

/// Batches of a turn.
const BATCHES: usize = 12;
/// Turns of each side; the first is for warming up.
const TURNS: usize = 8;

/// What was measured of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Bytes of its model file.
    pub bytes: usize,
    /// Examples a second.
    pub examples_per_second: f64,
    /// How right it is.
    pub figures: Figures,
}

impl Measured {
    pub(super) fn new(
        logits: &[f32],
        examples: &Examples,
        card: &ModelCard,
        bytes: usize,
        examples_per_second: f64,
    ) -> Self {
        let temperature = card.temperature.unwrap_or(1.0);
        let figures = measure(logits, &examples.right(), &card.labels, temperature, 1);
        Self { bytes, examples_per_second, figures }
    }
}

/// The figures of a version that are kept with it.
pub(super) fn figures(measured: &Measured) -> impl Iterator<Item = (&'static str, f64)> {
    let more = [("bytes", measured.bytes as f64), ("examples_per_second", measured.examples_per_second)];
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
    let mut engine = Engined::load(engines, bytes)?;
    let examples = Examples::read(config, &card, &engine, &loaded.files).map_err(|error| match error {
        ExamplesError::Card(reason) => unfit(reason),
        error => error.into(),
    })?;
    let batches = examples.batches()?;
    let answers = engine.answers(&batches)?;
    engine.speed(&batches)?;
    let mut speeds = (1..TURNS).map(|_| engine.speed(&batches)).collect::<Result<Vec<f64>, RunError>>()?;
    Ok(Measured::new(&answers, &examples, &card, bytes.len(), median(&mut speeds)))
}

/// A loaded model.
pub(super) struct Engined(Box<dyn Engine>);

impl Engined {
    pub(super) fn load(engines: &Engines, bytes: &[u8]) -> Result<Self, OptimiseError> {
        Ok(Self(engines.load(bytes, LoadOptions::default())?))
    }

    /// What it takes and gives.
    pub(super) fn signature(&self) -> &Signature {
        self.0.signature()
    }

    /// What it says of the examples to measure with, a row of logits each, in their order.
    pub(super) fn answers(&mut self, batches: &[Batch]) -> Result<Vec<f32>, OptimiseError> {
        let mut rows: Vec<(usize, Vec<f32>)> = Vec::new();
        for batch in batches {
            let answers = self.run(&batch.inputs)?.into_iter().next().unwrap_or_default();
            let width = answers.len() / batch.numbers.len().max(1);
            let of = |(&number, row): (&usize, &[f32])| (number, row.to_vec());
            rows.extend(batch.numbers.iter().zip(answers.chunks(width.max(1))).map(of));
        }
        rows.sort_unstable_by_key(|(number, _)| *number);
        Ok(rows.into_iter().flat_map(|(_, row)| row).collect())
    }

    /// All that it gives for a batch.
    pub(super) fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Vec<f32>>, RunError> {
        let outputs = self.0.run(inputs)?;
        Ok(outputs
            .into_iter()
            .map(|output| match output.into_parts().1 {
                Data::F32(values) => values,
                _ => Vec::new(),
            })
            .collect())
    }

    /// Examples a second over a turn, whose batches stand for all lengths there are.
    fn speed(&mut self, batches: &[Batch]) -> Result<f64, RunError> {
        let step = (batches.len() / BATCHES).max(1);
        let mut examples = 0;
        let begun = Instant::now();
        for batch in batches.iter().step_by(step).cycle().take(BATCHES) {
            self.run(&batch.inputs)?;
            examples += batch.numbers.len();
        }
        Ok(examples as f64 / begun.elapsed().as_secs_f64())
    }
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
    batches: &[Batch],
) -> Result<Speeds, OptimiseError> {
    let (mut before, mut after, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let (one, other) = (old.speed(batches)?, new.speed(batches)?);
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
