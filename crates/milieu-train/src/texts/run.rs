//! A recipe from files to a measured model.

use super::bag::Bag;
use super::characters::{Networks, TrainedCharacters};
use super::data::Data;
use super::distil::{Distillation, Lessons, TeacherError};
use super::encoder::{EncoderError, Encoders, TunedEncoder};
use super::family::{Epoch, Family, Reading, State};
use super::frozen::{HeadOnEncoder, Heads, embeds};
use super::grams::Bags;
use super::recipe::{DataConfig, EncoderConfig, Recipe};
use super::registered::{Registered, RegisteredError};
use super::words::{TrainedWords, Words};
use crate::checkpoint::{self, CheckpointError};
use crate::classification::Figures;
use crate::epochs::Epochs;
use crate::parts::PartsError;
use crate::settings::name_only;
use milieu_dataset::tables::TableError;
use milieu_dataset::{BadLines, Dropped};
use milieu_registry::Registry;
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
    /// A teacher labels texts.
    Teaching {
        /// Texts it has labelled.
        done: usize,
        /// Texts it was asked about.
        of: usize,
    },
    /// An encoder that learns nothing makes vectors of texts.
    Encoding {
        /// Texts that have theirs.
        done: usize,
        /// Texts there are.
        of: usize,
    },
    /// What was learnt without a teacher, to compare with.
    Alone {
        /// Its accuracy on the test part.
        accuracy: f64,
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
    /// No text has the label that stands for no class.
    #[error("no text has the label {label:?} of data.unknown")]
    Unknown {
        /// The label.
        label: String,
    },
    /// A source has no class of the name by which it knows a label.
    #[error(
        "no class of the source is {class:?}, which data.sources says means {label:?}; there are: {there}"
    )]
    Means {
        /// The label.
        label: String,
        /// The class that is not there.
        class: String,
        /// Those that are.
        there: String,
    },
    /// Of a label only one side is seen.
    #[error("of no text of the training part it is known that it is{not} {label:?}")]
    OneSided {
        /// The label.
        label: String,
        /// ` not`, or nothing.
        not: &'static str,
    },
    /// The encoder that was to go on learning.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder that was to stay as it is.
    #[error("the encoder: {0}")]
    Frozen(RegisteredError),
    /// The classifier that was to teach.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
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
    /// What a teacher brought, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distillation: Option<Distillation>,
    /// Whether the gate is passed.
    pub passed: bool,
}

/// A model and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its figures and where they come from.
    pub report: Report,
    /// What it learnt.
    pub model: Model,
}

/// A model of one of the families.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// A bag of n-grams.
    Bag(Bag),
    /// A bag of n-grams beside windows over words.
    Words(Box<TrainedWords>),
    /// A published encoder that went on learning.
    Encoder(Box<TunedEncoder>),
    /// A matrix on an encoder that did not.
    Head(Box<HeadOnEncoder>),
    /// A network of characters.
    Characters(Box<TrainedCharacters>),
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
    train_with(recipe, folder, None, tell)
}

/// The same by a recipe that names models of a registry.
///
/// # Errors
/// [`TrainError`].
pub fn train_with(
    recipe: &Recipe,
    folder: &Path,
    registry: Option<&Registry>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Trained, TrainError> {
    let data = Data::read(recipe)?;
    let parts = [&data.parts.train, &data.parts.validation, &data.parts.test].map(Vec::len);
    let (classes, left_out, bad) = (data.classes.len(), data.dropped.len(), data.bad.count);
    tell(TrainEvent::Read { parts, classes, left_out, bad });
    let run = Run { recipe, data: &data, folder, others: 0 };
    let mut distillation = None;
    let (learnt, model) = match (&recipe.encoder, &recipe.network) {
        (None, Some(config)) => {
            let family = Networks::new(recipe, config, &data);
            let (learnt, parameters) = run.of(&family, tell)?;
            (learnt, Model::Characters(Box::new(family.trained(parameters))))
        }
        (None, None) => {
            let (learnt, model, found) = taught(&run, registry, tell)?;
            distillation = found;
            (learnt, model)
        }
        (Some(config @ EncoderConfig { path: Some(path), .. }), _) => {
            let family = Encoders::new(recipe, config, &data, path)?;
            let (learnt, parameters) = run.of(&family, tell)?;
            (learnt, Model::Encoder(Box::new(family.tuned(parameters))))
        }
        (Some(config), _) => {
            let named = config.model.as_deref().unwrap_or_default();
            let mut encoder =
                Registered::open(registry, named).and_then(embeds).map_err(TrainError::Frozen)?;
            let mut encoding = |done, of| tell(TrainEvent::Encoding { done, of });
            let family =
                Heads::new(recipe, &data, &mut encoder, folder, &mut encoding).map_err(TrainError::Frozen)?;
            let run = Run { others: family.hash(), ..run };
            let (learnt, head) = run.of(&family, tell)?;
            (
                learnt,
                Model::Head(Box::new(HeadOnEncoder { head: family.plain(&head), encoder: encoder.into() })),
            )
        }
    };
    let Learnt { parameters, epochs, seconds, test, .. } = learnt;
    let report = Report {
        passed: test.accuracy.mean >= recipe.gate.accuracy && test.macro_f1 >= recipe.gate.macro_f1,
        recipe: recipe.clone(),
        parameters,
        parts,
        data_hash: format!("{:016x}", data.hash),
        classes: data.classes,
        dropped: data.dropped,
        bad: data.bad,
        epochs,
        seconds,
        test,
        distillation,
    };
    Ok(Trained { report, model })
}

/// A bag, or one beside windows over words, as it learns from the labels and from what a teacher says.
fn pupil(
    run: &Run<'_>,
    lessons: Option<&Lessons>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Learnt, Model), TrainError> {
    let &Run { recipe, data, .. } = run;
    let Some(config) = &recipe.model.order else {
        let (learnt, bag) = run.of(&Bags::new(recipe, data, lessons), tell)?;
        return Ok((learnt, Model::Bag(bag)));
    };
    let family = Words::new(recipe, config, data, lessons);
    let (learnt, parameters) = run.of(&family, tell)?;
    Ok((learnt, Model::Words(Box::new(family.trained(parameters)))))
}

/// The same, with a teacher where the recipe names one.
fn taught(
    run: &Run<'_>,
    registry: Option<&Registry>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<(Learnt, Model, Option<Distillation>), TrainError> {
    let &Run { recipe, data, folder, .. } = run;
    let Some(config) = &recipe.teacher else {
        let (learnt, model) = pupil(run, None, tell)?;
        return Ok((learnt, model, None));
    };
    let mut teaching = |done, of| tell(TrainEvent::Teaching { done, of });
    let lessons = Lessons::new((recipe, config), data, folder, registry, &mut teaching)?;
    let untaught = Recipe { teacher: None, ..recipe.clone() };
    let apart = folder.join("alone");
    std::fs::create_dir_all(&apart).map_err(|source| CheckpointError::Io { path: apart.clone(), source })?;
    let alone = Run { recipe: &untaught, folder: &apart, ..*run };
    let alone = pupil(&alone, None, &mut |_| {})?.0.test;
    tell(TrainEvent::Alone { accuracy: alone.accuracy.mean });
    let (learnt, model) = pupil(&Run { others: lessons.hash, ..*run }, Some(&lessons), tell)?;
    let (teacher_accuracy, agreement) = lessons.compared(data, &data.parts.test, &learnt.logits);
    let (teacher, more) = (lessons.teacher, lessons.more.len());
    Ok((learnt, model, Some(Distillation { teacher, more, teacher_accuracy, agreement, alone })))
}

/// What is the same for every family.
#[derive(Clone, Copy)]
struct Run<'a> {
    recipe: &'a Recipe,
    data: &'a Data,
    folder: &'a Path,
    /// A number of what models of the registry said; 0 where none is asked.
    others: u64,
}

/// What is known of a model after a run.
struct Learnt {
    parameters: usize,
    epochs: Vec<Epoch>,
    seconds: f64,
    test: Figures,
    /// Of the test part.
    logits: Vec<f32>,
}

impl Run<'_> {
    fn of<F: Family>(
        &self,
        family: &F,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<(Learnt, F::Model), TrainError> {
        let Self { recipe, data, folder, others } = *self;
        let run = fingerprint(recipe, data) ^ others;
        let mut state = match checkpoint::load::<State<F>>(folder, run)? {
            Some(state) => {
                tell(TrainEvent::Resumed { epochs: state.done.len() });
                state
            }
            None => Epochs::begin(family.begin()),
        };
        self.learn(family, run, &mut state, tell)?;
        let (model, epochs, seconds) = state.end(|now| family.model(now).clone());
        let answer = |numbers: &[usize]| family.answer(&model, numbers);
        let logits = answer(&data.parts.validation);
        let reading = Reading::fit(recipe, data, &logits, &data.parts.validation);
        let logits = answer(&data.parts.test);
        let test = reading.measure(data, &logits, &data.parts.test, recipe.seed);
        Ok((Learnt { parameters: family.parameters(&model), epochs, seconds, test, logits }, model))
    }

    fn learn<F: Family>(
        &self,
        family: &F,
        run: u64,
        state: &mut State<F>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<(), TrainError> {
        let Self { recipe, data, folder, .. } = *self;
        let held_out = &data.parts.validation;
        while !state.is_over(recipe.train.epochs, recipe.train.patience) {
            let begun = Instant::now();
            let number = state.done.len() + 1;
            let mut step = |done, of| tell(TrainEvent::Step { epoch: number, done, of });
            let loss = family.epoch(&mut state.now, number - 1, &mut step);
            let learning = begun.elapsed().as_secs_f64();
            let logits = family.answer(family.model(&state.now), held_out);
            if !loss.is_finite() || logits.iter().any(|logit| !logit.is_finite()) {
                return Err(TrainError::Diverged { epoch: number });
            }
            let reading = Reading::plain(recipe, data, &logits, held_out);
            let figures = reading.measure(data, &logits, held_out, recipe.seed);
            let epoch = Epoch {
                epoch: number,
                loss,
                accuracy: figures.accuracy.mean,
                macro_f1: figures.macro_f1,
                log_loss: figures.log_loss,
                texts_per_second: data.parts.train.len() as f64 / learning,
            };
            let worth = epoch.worth(recipe.train.choose);
            state.keep(epoch, worth, begun.elapsed().as_secs_f64(), |now| family.model(now).clone());
            checkpoint::save(folder, run, state)?;
            tell(TrainEvent::Epoch(epoch));
        }
        Ok(())
    }
}

/// A number that another recipe, or other data, does not have.
fn fingerprint(recipe: &Recipe, data: &Data) -> u64 {
    let mut hash = Xxh3::new();
    // Where the data lies and what is good enough say nothing of what is learnt; whether a text has one label does.
    let mut recipe = recipe.clone();
    recipe.data = DataConfig { separator: recipe.data.separator, ..DataConfig::default() };
    recipe.gate = Default::default();
    if let Some(encoder) = &mut recipe.encoder {
        encoder.path = encoder.path.as_deref().map(name_only);
    }
    if let Some(teacher) = &mut recipe.teacher {
        teacher.texts.iter_mut().for_each(|path| *path = name_only(path));
    }
    hash.update(&serde_json::to_vec(&recipe).unwrap_or_default());
    hash.update(&data.hash.to_le_bytes());
    hash.digest()
}
