//! A recipe from a file to measured parameters.

use super::figures::{Figures, gain};
use super::fit::{Epoch, Fit, State};
use super::recipe::Recipe;
use super::windows::Window;
use crate::checkpoint::{self, CheckpointError};
use milieu_dataset::{ItemSequences, SequencesError};
use milieu_models::sequence::Sequence;
use milieu_nn::{Network, Parameters, ShapeError};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use xxhash_rust::xxh3::Xxh3;

/// The fewest users that figures can rest on.
const FEWEST: usize = 10;
/// How many of the first the validation looks at.
const FIRST: usize = 10;

/// What a run says while it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainEvent {
    /// The sequences were read.
    Read {
        /// How many users there are.
        users: usize,
        /// How many items there are.
        items: usize,
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
    Sequences(#[from] SequencesError),
    /// Too little of it.
    #[error("{count} users have three items or more; {FEWEST} are needed")]
    TooFew {
        /// How many there are.
        count: usize,
    },
    /// The network does not fit.
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

/// What came of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The recipe.
    pub recipe: Recipe,
    /// What each item is called, in the order of the scores.
    #[serde(skip)]
    pub items: Vec<String>,
    /// How many values were learnt.
    pub parameters: usize,
    /// Items to be found in the training, validation and test part.
    pub parts: [usize; 3],
    /// A number of all sequences, in hexadecimal, by which two runs can be told to have learnt from the same.
    pub data_hash: String,
    /// The run, epoch by epoch.
    pub epochs: Vec<Epoch>,
    /// Seconds of learning and validating, over all resumed runs.
    pub seconds: f64,
    /// The test part, looked at once.
    pub test: Figures,
    /// The rank of each user's item of the test part.
    #[serde(skip)]
    pub ranks: Vec<usize>,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// Trains by a recipe on what it names; see [`train_on`]. Checkpoints go to `folder`, which must exist; a run that
/// was cut off there goes on and ends as if it had not been.
///
/// # Errors
/// [`TrainError`].
pub fn train(
    recipe: &Recipe,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Report, Parameters), TrainError> {
    train_on(recipe, ItemSequences::read(&recipe.data.path)?, Some(folder), tell)
}

/// Trains on sequences by a recipe. Of each user with three items or more the last is for the test and the one before it
/// for validation; what was before is ranked out, as in S3-Rec (Zhou et al. 2020). Checkpoints go to
/// `folder`, where there is one.
///
/// # Errors
/// [`TrainError`].
pub fn train_on(
    recipe: &Recipe,
    data: ItemSequences,
    folder: Option<&Path>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Report, Parameters), TrainError> {
    let items = data.items.len();
    tell(TrainEvent::Read { users: data.sequences.len(), items });
    let &Sequence::SelfAttentive { width, length, .. } = &recipe.model;
    let held_out = |sequence: &[u32]| if sequence.len() < 3 { 0 } else { 2 };
    let training = |sequence: &[u32]| sequence.len() - held_out(sequence);
    let windows: Vec<Window<'_>> = data
        .sequences
        .iter()
        .flat_map(|sequence| Window::all(&sequence[..training(sequence)], length))
        .collect();
    let measured = || data.sequences.iter().filter(|sequence| sequence.len() >= 3);
    let cases = |from_end: usize| -> Vec<(&[u32], u32)> {
        let case = |sequence: &'_ Vec<u32>| sequence.len() - from_end;
        measured().map(|sequence| (&sequence[..case(sequence)], sequence[case(sequence)])).collect()
    };
    let (validation, test) = (cases(2), cases(1));
    if test.len() < FEWEST {
        return Err(TrainError::TooFew { count: test.len() });
    }
    let (network, parameters) = Network::new(&recipe.model.layers(items), recipe.model.input(), recipe.seed)?;
    let Some(table) = network.embedding() else {
        let message = "there is no embedding".to_owned();
        return Err(ShapeError { path: String::new(), message }.into());
    };
    let run = fingerprint(recipe, &data);
    let earlier = folder.map(|folder| checkpoint::load::<State>(folder, run)).transpose()?.flatten();
    let mut state = match earlier {
        Some(state) => {
            tell(TrainEvent::Resumed { epochs: state.epochs.len() });
            state
        }
        None => State::new(recipe, parameters),
    };
    let fit = Fit { recipe, network: &network, table, items, width, length, windows: &windows };
    learn(&fit, &validation, folder, run, &mut state, tell)?;
    let best = state.best.map_or(state.parameters, |(_, best)| best);
    let ranks = fit.ranks(&best, &test);
    let figures = Figures::of(&ranks, recipe.seed);
    let at = |measure: &std::collections::BTreeMap<usize, crate::eval::Interval>| {
        measure.get(&FIRST).map_or(0.0, |interval| interval.mean)
    };
    let passed = at(&figures.hit_rate) >= recipe.gate.hit_rate && at(&figures.ndcg) >= recipe.gate.ndcg;
    let learnt: usize = windows.iter().map(|window| window.targets().len()).sum();
    let report = Report {
        recipe: recipe.clone(),
        parameters: best.count(),
        parts: [learnt, validation.len(), test.len()],
        epochs: state.epochs,
        seconds: state.seconds,
        data_hash: format!("{:016x}", data_hash(&data)),
        test: figures,
        ranks,
        passed,
        items: data.items,
    };
    Ok((report, best))
}

fn learn(
    fit: &Fit<'_>,
    validation: &[(&[u32], u32)],
    folder: Option<&Path>,
    run: u64,
    state: &mut State,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(), TrainError> {
    let config = &fit.recipe.train;
    while state.epochs.len() < config.epochs && !is_over(fit.recipe, state) {
        let begun = Instant::now();
        let epoch = state.epochs.len() + 1;
        let loss = fit.epoch(state, &mut |done, steps| tell(TrainEvent::Step { epoch, done, steps }));
        let learning = begun.elapsed().as_secs_f64();
        if !loss.is_finite() {
            return Err(TrainError::Diverged { epoch });
        }
        let ranks = fit.ranks(&state.parameters, validation);
        let mean = |of: &dyn Fn(usize) -> f64| {
            ranks.iter().map(|&rank| of(rank)).sum::<f64>() / ranks.len().max(1) as f64
        };
        let hit_rate = mean(&|rank| f64::from(u8::from(rank <= FIRST)));
        let ndcg = mean(&|rank| gain(rank, FIRST));
        if state.best.as_ref().is_none_or(|(best, _)| ndcg > *best) {
            state.best = Some((ndcg, state.parameters.clone()));
        }
        let sequences_per_second = fit.windows.len() as f64 / learning;
        let epoch = Epoch { epoch, loss, hit_rate, ndcg, sequences_per_second };
        state.epochs.push(epoch);
        state.seconds += begun.elapsed().as_secs_f64();
        if let Some(folder) = folder {
            checkpoint::save(folder, run, state)?;
        }
        tell(TrainEvent::Epoch(epoch));
    }
    Ok(())
}

/// Whether the time is up, or nothing better came for long enough.
fn is_over(recipe: &Recipe, state: &State) -> bool {
    let config = &recipe.train;
    let best = state.best.as_ref().map_or(0.0, |(best, _)| *best);
    let since = state.epochs.iter().position(|epoch| epoch.ndcg >= best).unwrap_or(0);
    let waited = state.epochs.len().saturating_sub(since + 1);
    let late = config.minutes > 0.0 && state.seconds >= config.minutes * 60.0;
    late || (config.patience > 0 && waited >= config.patience)
}

/// A number that another recipe, or other data, does not have.
fn fingerprint(recipe: &Recipe, data: &ItemSequences) -> u64 {
    let mut hash = Xxh3::new();
    // Where the data lies, how long it may take and what is good enough say nothing of what is learnt.
    let mut recipe = recipe.clone();
    recipe.data.path = Default::default();
    recipe.train.minutes = 0.0;
    recipe.gate = Default::default();
    hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
    hash.update(&data_hash(data).to_le_bytes());
    hash.digest()
}

/// A number that other data does not have.
fn data_hash(data: &ItemSequences) -> u64 {
    let mut hash = Xxh3::new();
    for sequence in &data.sequences {
        hash.update(&(sequence.len() as u64).to_le_bytes());
        sequence.iter().for_each(|item| hash.update(&item.to_le_bytes()));
    }
    hash.digest()
}
