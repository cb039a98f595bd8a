//! A recipe from files to a measured model.

use super::bag::Bag;
use super::data::Data;
use super::fit::{Epoch, Fit, State};
use super::recipe::{DataConfig, Recipe};
use crate::checkpoint::{self, CheckpointError};
use crate::classification::{Figures, fit_temperature, measure};
use milieu_dataset::split::SplitError;
use milieu_dataset::tables::TableError;
use milieu_dataset::{BadLines, Dropped};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use xxhash_rust::xxh3::Xxh3;

/// What a run says while it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainEvent {
    /// The data were read.
    Read {
        /// Texts of the training, validation and test part.
        parts: [usize; 3],
        /// How many classes they have.
        classes: usize,
        /// Texts that were left out.
        left_out: usize,
        /// Lines that are no examples.
        bad: usize,
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
        of: usize,
    },
    /// An epoch is over.
    Epoch(Epoch),
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No data.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The data cannot be parted.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A text has no label, or several.
    #[error("{name} has {count} labels; one is needed")]
    Labels {
        /// Which.
        name: String,
        /// How many it has.
        count: usize,
    },
    /// There is nothing to tell apart.
    #[error("{count} classes were found; 2 are needed")]
    Classes {
        /// How many there are.
        count: usize,
    },
    /// Too little of it.
    #[error("the {part} part has {count} texts; {fewest} are needed")]
    TooFew {
        /// Which part.
        part: &'static str,
        /// How many there are.
        count: usize,
        /// How many are needed.
        fewest: usize,
    },
    /// The disk, or the checkpoint of another run.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It learnt nothing that is a number.
    #[error("the loss or the answers of epoch {epoch} are not numbers; a lower train.rate may help")]
    Diverged {
        /// Which epoch.
        epoch: usize,
    },
}

/// What came of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The recipe.
    pub recipe: Recipe,
    /// The classes in the order of the logits.
    pub classes: Vec<String>,
    /// How many values were learnt.
    pub parameters: usize,
    /// Texts of the training, validation and test part.
    pub parts: [usize; 3],
    /// A number of all texts and their classes, in hexadecimal.
    pub data_hash: String,
    /// Texts that were left out, each with its reason.
    pub dropped: Vec<Dropped>,
    /// Lines that are no examples.
    pub bad: BadLines,
    /// The run, epoch by epoch.
    pub epochs: Vec<Epoch>,
    /// Seconds of learning and validating, over all resumed runs.
    pub seconds: f64,
    /// The test part, looked at once.
    pub test: Figures,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// A model and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its figures and where they come from.
    pub report: Report,
    /// What it learnt.
    pub bag: Bag,
}

/// Trains by a recipe. Checkpoints go to `folder`, which must exist; a run that was cut off there goes on and ends as if
/// it had not been.
///
/// # Errors
/// [`TrainError`].
pub fn train(
    recipe: &Recipe,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Trained, TrainError> {
    let data = Data::read(recipe)?;
    let parts = [&data.parts.train, &data.parts.validation, &data.parts.test].map(Vec::len);
    let (classes, left_out, bad) = (data.classes.len(), data.dropped.len(), data.bad.count);
    tell(TrainEvent::Read { parts, classes, left_out, bad });
    let fit = Fit { recipe, data: &data };
    let run = fingerprint(recipe, &data);
    let rows = recipe.model.grams.rows as usize;
    let mut state = match checkpoint::load::<State>(folder, run)? {
        Some(state) => {
            tell(TrainEvent::Resumed { epochs: state.epochs.len() });
            state
        }
        None => State {
            bag: Bag::new(rows, recipe.model.width, classes, recipe.seed),
            epochs: Vec::new(),
            best: None,
            seconds: 0.0,
        },
    };
    learn(&fit, folder, run, &mut state, tell)?;
    let State { bag, epochs, best, seconds } = state;
    let bag = best.map_or(bag, |(_, best)| best);
    let logits = fit.answer(&bag, &data.parts.validation);
    let temperature = fit_temperature(&logits, &data.right(&data.parts.validation), classes);
    let logits = fit.answer(&bag, &data.parts.test);
    let test = measure(&logits, &data.right(&data.parts.test), &data.classes, temperature, recipe.seed);
    let report = Report {
        passed: test.accuracy.mean >= recipe.gate.accuracy && test.macro_f1 >= recipe.gate.macro_f1,
        recipe: recipe.clone(),
        parameters: bag.parameters(),
        parts,
        data_hash: format!("{:016x}", data.hash),
        classes: data.classes,
        dropped: data.dropped,
        bad: data.bad,
        epochs,
        seconds,
        test,
    };
    Ok(Trained { report, bag })
}

fn learn(
    fit: &Fit<'_>,
    folder: &Path,
    run: u64,
    state: &mut State,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(), TrainError> {
    let Fit { recipe, data } = fit;
    let right = data.right(&data.parts.validation);
    while state.epochs.len() < recipe.train.epochs && !is_over(recipe, state) {
        let begun = Instant::now();
        let epoch = state.epochs.len() + 1;
        let loss = fit.epoch(state, &mut |done, of| tell(TrainEvent::Step { epoch, done, of }));
        let learning = begun.elapsed().as_secs_f64();
        let logits = fit.answer(&state.bag, &data.parts.validation);
        if !loss.is_finite() || logits.iter().any(|logit| !logit.is_finite()) {
            return Err(TrainError::Diverged { epoch });
        }
        let figures = measure(&logits, &right, &data.classes, 1.0, recipe.seed);
        let log_loss = figures.log_loss;
        if state.best.as_ref().is_none_or(|(best, _)| log_loss <= *best) {
            state.best = Some((log_loss, state.bag.clone()));
        }
        let epoch = Epoch {
            epoch,
            loss,
            accuracy: figures.accuracy.mean,
            macro_f1: figures.macro_f1,
            log_loss,
            texts_per_second: data.parts.train.len() as f64 / learning,
        };
        state.epochs.push(epoch);
        state.seconds += begun.elapsed().as_secs_f64();
        checkpoint::save(folder, run, state)?;
        tell(TrainEvent::Epoch(epoch));
    }
    Ok(())
}

/// Whether nothing better came for long enough.
fn is_over(recipe: &Recipe, state: &State) -> bool {
    let best = state.epochs.iter().rev().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    let waited = best.map_or(0, |best| state.epochs.len() - best.epoch);
    recipe.train.patience > 0 && waited >= recipe.train.patience
}

/// A number that another recipe, or other data, does not have.
fn fingerprint(recipe: &Recipe, data: &Data) -> u64 {
    let mut hash = Xxh3::new();
    // Where the data lies and what is good enough say nothing of what is learnt.
    let mut recipe = recipe.clone();
    recipe.data = DataConfig::default();
    recipe.gate = Default::default();
    hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
    hash.update(&data.hash.to_le_bytes());
    hash.digest()
}
