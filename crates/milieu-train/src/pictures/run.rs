//! A recipe from files to measured parameters.

use super::data::Data;
use super::encoder::{EncoderError, FrozenEncoder};
use super::fit::{Epoch, Fit, Guide};
use super::learn::{Learnt, learn};
use super::recipe::Recipe;
use super::suspects;
use crate::checkpoint::CheckpointError;
use crate::classification::{Figures, best, fit_temperature, measure, softmax};
use crate::search::{SearchConfig, Trial, halve};
use crate::settings::RecipeError;
use milieu_dataset::pictures::{CollectError, Dropped, Parts, Preparation, png};
use milieu_dataset::{LoaderError, SuspicionError};
use milieu_nn::{Layer, Parameters, ShapeError, Size};
use serde::Serialize;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Wrong answers that are kept.
const MISTAKES: usize = 24;

/// What a run says while it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainEvent {
    /// Files were read and decoded.
    Reading {
        /// How many so far.
        files: usize,
    },
    /// The encoder made features of pictures.
    Encoding {
        /// Of how many so far.
        done: usize,
        /// Of how many.
        of: usize,
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
        /// Pictures of it that were learnt from.
        done: usize,
        /// Pictures it has.
        of: usize,
    },
    /// An epoch is over.
    Epoch(Epoch),
    /// Suspect labels are looked for: a model learns from all parts but one.
    Judging {
        /// Which part is left for it to judge, from 1.
        fold: usize,
        /// Of how many.
        folds: usize,
    },
    /// A candidate is tried out from here on.
    Trying {
        /// Which, from 1.
        candidate: usize,
        /// For how many epochs.
        epochs: usize,
    },
    /// A candidate was tried out.
    Tried(Trial),
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No data.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Too little of it.
    #[error("the {part} part has {count} pictures; {fewest} are needed")]
    TooFew {
        /// Which part.
        part: &'static str,
        /// How many there are.
        count: usize,
        /// How many are needed.
        fewest: usize,
    },
    /// A candidate is no recipe, or learns from other data.
    #[error("candidate {number}: {source}")]
    Candidate {
        /// Which, from 1.
        number: usize,
        /// Why.
        source: RecipeError,
    },
    /// The encoder, or the classifier of sensitive pictures, cannot be used.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// A network gives what are no probabilities.
    #[error(transparent)]
    Suspicion(#[from] SuspicionError),
    /// There is no network to go on from.
    #[error("{}: {reason}", path.display())]
    Parent {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The network does not fit the pictures.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The disk, or the checkpoint of another run.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The thread that makes batches ahead died.
    #[error(transparent)]
    Loader(#[from] LoaderError<Infallible>),
    /// The system gives no thread for that.
    #[error("no thread for making batches: {0}")]
    Thread(#[from] io::Error),
    /// It learnt nothing that is a number.
    #[error("the loss or the answers of epoch {epoch} are not numbers; a lower train.rate may help")]
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
    /// Training pictures whose labels are probably wrong; left out as well where the recipe says so.
    pub suspects: Vec<Dropped>,
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
    /// A number of all pictures and their classes, in hexadecimal, by which two runs can be told to have
    /// learnt from the same.
    pub data_hash: String,
    /// What was left out.
    pub cleaning: Cleaning,
    /// The candidates that were tried out, if any; the recipe is that of the best.
    pub trials: Vec<Trial>,
    /// The run, epoch by epoch.
    pub epochs: Vec<Epoch>,
    /// Seconds of learning and validating, over all resumed runs.
    pub seconds: f64,
    /// The test part, looked at once.
    pub test: Figures,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// A wrong answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The class it is of.
    pub right: usize,
    /// The class it was called.
    pub called: usize,
    /// How sure the network was, 0 to 1.
    pub confidence: f64,
    /// The picture as the network saw it, a PNG file.
    pub png: Vec<u8>,
}

/// A model and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its figures and where they come from.
    pub report: Report,
    /// The layers of the network.
    pub layers: Vec<Layer>,
    /// What it reads.
    pub input: Size,
    /// The encoder before it, where there is one.
    pub encoder: Option<FrozenEncoder>,
    /// What it learnt.
    pub parameters: Parameters,
    /// The wrong answers it was surest of, surest first.
    pub mistakes: Vec<Mistake>,
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
) -> Result<Trained, TrainError> {
    let mut data = Data::read(recipe, tell)?;
    let suspects = suspects::find(recipe, &mut data, folder, tell)?;
    let (recipe, trials) = search(recipe, &data, folder, tell)?;
    let Learnt { layers, network, parameters, epochs, seconds } = learn(&recipe, &data, folder, tell)?;
    let fit = Fit { recipe: &recipe, network: &network, data: &data, guide: Guide::default() };
    let classes = data.collection.classes.clone();
    let Parts { train, validation, test } = &data.parts;
    let logits = fit.answer_as_served(&parameters, validation);
    let temperature = fit_temperature(&logits, &fit.right(validation), classes.len());
    let logits = fit.answer_as_served(&parameters, test);
    let figures = measure(&logits, &fit.right(test), &classes, temperature, recipe.seed);
    let mistakes = worst(&data, &logits, test, temperature);
    let input = data.input();
    let report = Report {
        passed: figures.accuracy.mean >= recipe.gate.accuracy,
        classes,
        parameters: parameters.count(),
        parts: [train.len(), validation.len(), test.len()],
        data_hash: format!("{:016x}", data.hash()),
        trials,
        epochs,
        seconds,
        test: figures,
        preparation: data.preparation,
        cleaning: Cleaning {
            kept: data.collection.pictures.len(),
            dropped: data.collection.dropped,
            suspects,
        },
        recipe,
    };
    Ok(Trained { report, layers, input, encoder: data.encoder, parameters, mistakes })
}

/// Tries the candidates of a recipe out, and gives the recipe of the best.
fn search(
    recipe: &Recipe,
    data: &Data,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Recipe, Vec<Trial>), TrainError> {
    let plain = Recipe { search: SearchConfig::default(), ..recipe.clone() };
    let candidates = recipe.search.candidates.iter().enumerate().map(|(at, settings)| {
        plain.with(settings).map_err(|source| TrainError::Candidate { number: at + 1, source })
    });
    let mut candidates: Vec<Recipe> = candidates.collect::<Result<_, _>>()?;
    if candidates.is_empty() {
        return Ok((plain, Vec::new()));
    }
    let first = recipe.search.epochs.unwrap_or(1);
    let (best, trials) = halve(candidates.len(), first, |candidate, epochs| {
        tell(TrainEvent::Trying { candidate: candidate + 1, epochs });
        let mut recipe = candidates[candidate].clone();
        recipe.train.epochs = epochs;
        let folder = folder.join(format!("candidate-{}-{epochs}", candidate + 1));
        fs::create_dir_all(&folder).map_err(|source| CheckpointError::Io { path: folder.clone(), source })?;
        let score = match learn(&recipe, data, &folder, tell) {
            Ok(learnt) => learnt.score(),
            Err(TrainError::Diverged { .. }) => f64::NAN,
            Err(error) => return Err(error),
        };
        tell(TrainEvent::Tried(Trial { candidate, epochs, score }));
        Ok(score)
    })?;
    Ok((candidates.swap_remove(best), trials))
}

/// The wrong answers among these logits that the network was surest of.
fn worst(data: &Data, logits: &[f32], numbers: &[usize], temperature: f64) -> Vec<Mistake> {
    let rows = logits.chunks_exact(data.collection.classes.len()).zip(numbers);
    let mut wrong: Vec<(f64, usize, usize)> = rows
        .filter_map(|(row, &at)| {
            let shares = softmax(row, temperature);
            let called = best(&shares);
            (called != data.collection.pictures[at].class).then(|| (shares[called], called, at))
        })
        .collect();
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0));
    let side = data.preparation.side;
    let shown = wrong.into_iter().take(MISTAKES).filter_map(|(confidence, called, at)| {
        let picture = &data.collection.pictures[at];
        Some(Mistake { right: picture.class, called, confidence, png: png(&picture.pixels, side, side)? })
    });
    shown.collect()
}
