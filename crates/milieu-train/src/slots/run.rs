//! A recipe from files to a measured model.

use super::data::Data;
use super::figures::SlotFigures;
use super::network::{Taggers, TunedTagger};
use super::recipe::{Choice, DataConfig, Recipe};
use crate::checkpoint::{self, CheckpointError};
use crate::classification::fit_temperature;
use crate::descent::Learning;
use crate::epochs::Epochs;
use crate::parts::PartsError;
use crate::settings::name_only;
use crate::texts::EncoderError;
use milieu_dataset::tables::TableError;
use milieu_dataset::{BadLines, Dropped};
use milieu_nn::Parameters;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;
use xxhash_rust::xxh3::Xxh3;

/// What came of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Which, from 1.
    pub epoch: usize,
    /// Mean loss of the steps.
    pub loss: f64,
    /// Share of right labels of whole texts on the validation part; 1 where they have none.
    pub accuracy: f64,
    /// F1 of parts there.
    pub slot_f1: f64,
    /// Share of texts there of which all is right.
    pub sentence: f64,
    /// Texts learnt from in a second.
    pub texts_per_second: f64,
}

impl Epoch {
    /// The greater, the better.
    fn worth(&self, choice: Choice) -> f64 {
        match choice {
            Choice::Sentence => self.sentence,
            Choice::SlotF1 => self.slot_f1,
            Choice::Accuracy => self.accuracy,
        }
    }
}

/// What a run says while it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainEvent {
    /// The data were read.
    Read {
        /// Texts of the training, validation and test part.
        parts: [usize; 3],
        /// How many labels whole texts have.
        classes: usize,
        /// How many labels parts have.
        labels: usize,
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
    /// The data have no parts.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// Some texts have a label of the whole, and this one has none.
    #[error("{name} has no label of the whole text, and others have one")]
    NoIntent {
        /// Which.
        name: String,
    },
    /// There is nothing to find.
    #[error("no text has a labelled part")]
    NoSlots,
    /// The encoder that was to go on learning.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
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
    /// The labels of whole texts in the order of the logits; empty where they have none.
    pub classes: Vec<String>,
    /// The labels of parts.
    pub labels: Vec<String>,
    /// How many values were learnt.
    pub parameters: usize,
    /// Texts of the training, validation and test part.
    pub parts: [usize; 3],
    /// A number of all texts and what is right of them, in hexadecimal.
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
    pub test: SlotFigures,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// A model and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its figures and where they come from.
    pub report: Report,
    /// What it learnt.
    pub model: TunedTagger,
}

/// All that a run knows between two epochs.
type State = Epochs<Learning, Parameters, Epoch>;

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
    let (classes, labels) = (data.classes.len(), data.labels.len());
    let (left_out, bad) = (data.dropped.len(), data.bad.count);
    tell(TrainEvent::Read { parts, classes, labels, left_out, bad });
    let taggers = Taggers::new(recipe, &data)?;
    let run = fingerprint(recipe, &data);
    let mut state = match checkpoint::load::<State>(folder, run)? {
        Some(state) => {
            tell(TrainEvent::Resumed { epochs: state.done.len() });
            state
        }
        None => Epochs::begin(taggers.begin()),
    };
    while !state.is_over(recipe.train.epochs, recipe.train.patience) {
        let epoch = learn(recipe, &data, &taggers, &mut state, tell)?;
        checkpoint::save(folder, run, &state)?;
        tell(TrainEvent::Epoch(epoch));
    }
    let (parameters, epochs, seconds) = state.end(|now| now.model().clone());
    let answers = |numbers: &[usize]| {
        let last = epochs.last().map_or(0, |epoch| epoch.epoch);
        taggers.answer(&parameters, numbers).ok_or(TrainError::Diverged { epoch: last })
    };
    let chosen_by = answers(&data.parts.validation)?;
    let right = taggers.right(&data.parts.validation);
    let temperature =
        if classes == 0 { 1.0 } else { fit_temperature(&chosen_by.logits, &right.class, classes) };
    let right = taggers.right(&data.parts.test);
    let test = SlotFigures::of(&answers(&data.parts.test)?, &right, temperature, recipe.seed);
    let gate = &recipe.gate;
    let report = Report {
        passed: test.accuracy() >= gate.accuracy
            && test.slots.f1 >= gate.slot_f1
            && test.sentence.mean >= gate.sentence,
        recipe: recipe.clone(),
        classes: data.classes.clone(),
        labels: data.labels.clone(),
        parameters: parameters.count(),
        parts,
        data_hash: format!("{:016x}", data.hash),
        dropped: data.dropped.clone(),
        bad: data.bad.clone(),
        epochs,
        seconds,
        test,
    };
    Ok(Trained { report, model: taggers.tuned(parameters) })
}

/// One epoch and what came of it.
fn learn(
    recipe: &Recipe,
    data: &Data,
    taggers: &Taggers<'_>,
    state: &mut State,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Epoch, TrainError> {
    let begun = Instant::now();
    let number = state.done.len() + 1;
    let mut step = |done, of| tell(TrainEvent::Step { epoch: number, done, of });
    let loss = taggers.epoch(&mut state.now, number - 1, &mut step);
    let learning = begun.elapsed().as_secs_f64();
    let held_out = &data.parts.validation;
    let answers = taggers.answer(state.now.model(), held_out).filter(|_| loss.is_finite());
    let answers = answers.ok_or(TrainError::Diverged { epoch: number })?;
    let figures = SlotFigures::of(&answers, &taggers.right(held_out), 1.0, recipe.seed);
    let epoch = Epoch {
        epoch: number,
        loss,
        accuracy: figures.accuracy(),
        slot_f1: figures.slots.f1,
        sentence: figures.sentence.mean,
        texts_per_second: data.parts.train.len() as f64 / learning,
    };
    let worth = epoch.worth(recipe.train.choose);
    state.keep(epoch, worth, begun.elapsed().as_secs_f64(), |now| now.model().clone());
    Ok(epoch)
}

/// A number that another recipe, or other data, does not have.
fn fingerprint(recipe: &Recipe, data: &Data) -> u64 {
    let mut hash = Xxh3::new();
    // Where the data lies and what is good enough say nothing of what is learnt.
    let mut recipe = recipe.clone();
    recipe.data = DataConfig::default();
    recipe.gate = Default::default();
    if let Some(encoder) = &mut recipe.encoder {
        encoder.path = encoder.path.as_deref().map(name_only);
    }
    hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
    hash.update(&data.hash.to_le_bytes());
    hash.digest()
}
