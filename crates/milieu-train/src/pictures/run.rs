//! A recipe from files to measured parameters.

use super::fit::{Epoch, Fit, State};
use super::recipe::Recipe;
use crate::checkpoint::{self, CheckpointError};
use crate::classification::{Figures, fit_temperature, measure};
use milieu_dataset::pictures::{
    CollectError, Collection, DecodeLimits, Dropped, Parts, Preparation, clean, collect, split,
};
use milieu_models::image::Image;
use milieu_nn::{Network, Parameters, ShapeError};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use xxhash_rust::xxh3::Xxh3;

/// The fewest pictures of the smallest part that figures can rest on.
const FEWEST: usize = 10;

/// What a run says while it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainEvent {
    /// Files were read and decoded.
    Reading {
        /// How many so far.
        files: usize,
    },
    /// An earlier run goes on.
    Resumed {
        /// Epochs that are done.
        epochs: usize,
    },
    /// A step was made.
    Step {
        /// Which epoch, from 1.
        epoch: usize,
        /// Steps of it that are done.
        done: usize,
        /// Steps it has.
        steps: usize,
    },
    /// An epoch is over.
    Epoch(Epoch),
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No data.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Too little of it.
    #[error("the {part} part has {count} pictures; {FEWEST} are needed")]
    TooFew {
        /// Which part.
        part: &'static str,
        /// How many there are.
        count: usize,
    },
    /// The network does not fit the pictures.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The disk, or the checkpoint of another run.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It learnt nothing that is a number.
    #[error("the loss of epoch {epoch} is not a number; a lower train.rate may help")]
    Diverged {
        /// Which epoch.
        epoch: usize,
    },
}

/// What was left out, in numbers and by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cleaning {
    /// Pictures left.
    pub kept: usize,
    /// Files left out, each with its reason.
    pub dropped: Vec<Dropped>,
}

/// What came of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The recipe.
    pub recipe: Recipe,
    /// What is done to each picture.
    pub preparation: Preparation,
    /// The classes in the order of the logits.
    pub classes: Vec<String>,
    /// How many values were learnt or counted.
    pub parameters: usize,
    /// Pictures of the training, validation and test part.
    pub parts: [usize; 3],
    /// What was left out.
    pub cleaning: Cleaning,
    /// The run, epoch by epoch.
    pub epochs: Vec<Epoch>,
    /// Seconds of learning and validating, over all resumed runs.
    pub seconds: f64,
    /// The test part, looked at once.
    pub test: Figures,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// Trains by a recipe. Checkpoints go to `folder`, which must exist; a run that was cut off there goes on
/// and ends as if it had not been.
///
/// # Errors
/// [`TrainError`].
pub fn train(
    recipe: &Recipe,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Report, Parameters), TrainError> {
    // Mean and deviation are measured on the training part below; reading needs neither.
    let unmeasured = Preparation {
        side: recipe.prepare.side,
        fit: recipe.prepare.fit,
        mean: [0.0; 3],
        deviation: [1.0; 3],
    };
    let mut progress = |files| tell(TrainEvent::Reading { files });
    let limits = DecodeLimits::default();
    let mut collection =
        collect(&recipe.data.path, &recipe.data.classes, &unmeasured, limits, &mut progress)?;
    clean(&mut collection, recipe.clean);
    let parts = split(&collection, recipe.data.held_out, recipe.seed);
    for (part, numbers) in
        [("training", &parts.train), ("validation", &parts.validation), ("test", &parts.test)]
    {
        if numbers.len() < FEWEST {
            return Err(TrainError::TooFew { part, count: numbers.len() });
        }
    }
    let preparation = measured(unmeasured, &collection, &parts.train);
    let input = Image::input(recipe.prepare.side as usize);
    let (network, parameters) =
        Network::new(&recipe.model.layers(collection.classes.len()), input, recipe.seed)?;
    let run = fingerprint(recipe, &collection, &parts);
    let mut state = match checkpoint::load(folder, run)? {
        Some(state) => {
            tell(TrainEvent::Resumed { epochs: state.epochs.len() });
            state
        }
        None => State::new(recipe, parameters),
    };
    let fit = Fit {
        recipe,
        network: &network,
        collection: &collection,
        preparation: &preparation,
        train: &parts.train,
    };
    learn(&fit, &parts, folder, run, &mut state, tell)?;
    let best = state.best.map_or(state.parameters, |(_, best)| best);
    let classes = collection.classes.clone();
    let validation = fit.answer(&best, &parts.validation);
    let temperature = fit_temperature(&validation, &fit.right(&parts.validation), classes.len());
    let logits = fit.answer(&best, &parts.test);
    let test = measure(&logits, &fit.right(&parts.test), &classes, temperature, recipe.seed);
    let report = Report {
        recipe: recipe.clone(),
        classes,
        parameters: best.count(),
        parts: [parts.train.len(), parts.validation.len(), parts.test.len()],
        epochs: state.epochs,
        seconds: state.seconds,
        passed: test.accuracy.mean >= recipe.gate.accuracy,
        test,
        preparation,
        cleaning: Cleaning { kept: collection.pictures.len(), dropped: collection.dropped },
    };
    Ok((report, best))
}

fn learn(
    fit: &Fit<'_>,
    parts: &Parts,
    folder: &Path,
    run: u64,
    state: &mut State,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(), TrainError> {
    let config = &fit.recipe.train;
    let right = fit.right(&parts.validation);
    while state.epochs.len() < config.epochs && !is_over(fit.recipe, state) {
        let begun = Instant::now();
        let epoch = state.epochs.len() + 1;
        let loss = fit.epoch(state, &mut |done, steps| tell(TrainEvent::Step { epoch, done, steps }));
        let learning = begun.elapsed().as_secs_f64();
        if !loss.is_finite() {
            return Err(TrainError::Diverged { epoch });
        }
        let logits = fit.answer(state.serving(), &parts.validation);
        let figures = measure(&logits, &right, &fit.collection.classes, 1.0, fit.recipe.seed);
        let accuracy = figures.accuracy.mean;
        // Of equals the later one, which has seen more.
        if state.best.as_ref().is_none_or(|(best, _)| accuracy >= *best) {
            state.best = Some((accuracy, state.serving().clone()));
        }
        let pictures_per_second = parts.train.len() as f64 / learning;
        let epoch = Epoch { epoch, loss, accuracy, log_loss: figures.log_loss, pictures_per_second };
        state.epochs.push(epoch);
        state.seconds += begun.elapsed().as_secs_f64();
        checkpoint::save(folder, run, state)?;
        tell(TrainEvent::Epoch(epoch));
    }
    Ok(())
}

/// Whether the time is up, or nothing better came for long enough.
fn is_over(recipe: &Recipe, state: &State) -> bool {
    let config = &recipe.train;
    let best = state.epochs.iter().rev().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    let waited = best.map_or(0, |best| state.epochs.len() - best.epoch);
    let late = config.minutes > 0.0 && state.seconds >= config.minutes * 60.0;
    late || (config.patience > 0 && waited >= config.patience)
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

/// A number that another recipe, or other data, does not have.
fn fingerprint(recipe: &Recipe, collection: &Collection, parts: &Parts) -> u64 {
    let mut hash = Xxh3::new();
    // Where the data lies and how long it may take say nothing of what is learnt.
    let mut recipe = recipe.clone();
    recipe.data.path = Default::default();
    recipe.train.minutes = 0.0;
    hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
    for part in [&parts.train, &parts.validation, &parts.test] {
        hash.update(&(part.len() as u64).to_le_bytes());
        for &at in part {
            hash.update(&collection.pictures[at].pixels);
            hash.update(&(collection.pictures[at].class as u64).to_le_bytes());
        }
    }
    hash.digest()
}
