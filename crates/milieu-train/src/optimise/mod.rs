//! Smaller and faster versions of a classifier in the registry, ours or from elsewhere, each measured beside its parent.

mod examples;
mod measure;
mod method;
mod pictures;
mod texts;
mod tune;

pub use examples::{ExamplesConfig, ExamplesError};
pub use measure::{Measured, measure_version};
pub use method::Method;

pub use milieu_inference::{EngineChoice, Engines};

use crate::eval::Interval;
use crate::pictures::{EncoderError, NETWORK_FILE, TrainError};
use crate::version::MODEL_FILE;
use examples::Examples;
use measure::{Engined, figures, in_turns};
use method::Smaller;
use milieu_inference::{EngineError, LoadError, RunError, ShapeError};
use milieu_models::ModelError;
use milieu_onnx::{Limits, Model, OnnxError};
use milieu_registry::{Draft, ModelCard, Preprocessing, Registry, RegistryError};
use milieu_types::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What is made smaller, how, and what it may lose.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimisation {
    /// The name of the model.
    pub name: String,
    /// Which version.
    pub version: u32,
    /// What is done.
    pub method: Method,
    /// The examples to calibrate, to tune and to measure with.
    pub examples: ExamplesConfig,
    /// The most accuracy that may be lost, as a share of all answers.
    pub most_lost: f64,
    /// Where checkpoints of training on go; it must exist.
    pub folder: PathBuf,
    /// The engine that speed is measured with.
    pub engine: EngineChoice,
    /// Its library, where it has one.
    pub library: Option<PathBuf>,
    /// Threads of the engine.
    pub threads: NonZeroUsize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Optimised {
    /// What was done.
    pub method: Method,
    /// The engine that was measured with.
    pub engine: &'static str,
    /// What was measured with: `pictures`, `texts`.
    pub examples: &'static str,
    /// The parent.
    pub before: Measured,
    /// The smaller one.
    pub after: Measured,
    /// Accuracy lost, with a 95% interval over examples.
    pub lost: Interval,
    /// How many times as many examples a second: the median of measurements in turns.
    pub speedup: f64,
    /// Whether it lost no more than it may.
    pub passed: bool,
}

/// Why there is no smaller version.
#[derive(Debug, thiserror::Error)]
pub enum OptimiseError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The examples.
    #[error(transparent)]
    Examples(#[from] ExamplesError),
    /// The graph cannot be rewritten.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The network cannot be made smaller.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Pictures are of another size than the model reads.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The model cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It cannot be trained back.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// It cannot be prepared for.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// It is none that this can be done with.
    #[error("{name} {version}: {reason}")]
    Unfit {
        /// The model.
        name: String,
        /// Its version.
        version: u32,
        /// Why.
        reason: String,
    },
}

/// Makes a smaller version and measures it; the draft is there where it passes.
///
/// # Errors
/// [`OptimiseError`].
pub fn optimise(
    registry: &Registry,
    wanted: &Optimisation,
    now: Timestamp,
    tell: &mut dyn FnMut(&str),
) -> Result<(Optimised, Option<Draft>), OptimiseError> {
    let Optimisation { name, version, .. } = wanted;
    let unfit = |reason: &str| OptimiseError::Unfit {
        name: name.clone(),
        version: *version,
        reason: reason.to_owned(),
    };
    let parent = registry.load(name, *version)?;
    let card = ModelCard::of(&parent.manifest)?;
    let bytes = parent.files.get(&card.model_file).ok_or_else(|| unfit("it has no model file"))?;
    let model = Model::read(bytes, &Limits::default())?;
    let engines = Engines::find(wanted.engine, wanted.library.as_deref(), wanted.threads)?;
    let mut old = Engined::load(&engines, bytes)?;
    tell("reading examples");
    let examples =
        Examples::read(&wanted.examples, &card, &old, &parent.files).map_err(|error| match error {
            ExamplesError::Card(reason) => unfit(&reason),
            error => error.into(),
        })?;
    let batches = examples.batches()?;
    tell("rewriting");
    let smaller = Smaller { wanted, card: &card, model: &model, network: parent.files.get(NETWORK_FILE) };
    let (after, network) = smaller.make(&engines, &examples, &parent.manifest.recipe, tell)?;
    let written = after.write();
    tell("measuring");
    let mut new = Engined::load(&engines, &written)?;
    let (answers_before, answers_after) = (old.answers(&batches)?, new.answers(&batches)?);
    let speeds = in_turns(&mut old, &mut new, &batches)?;
    let before = Measured::new(&answers_before, &examples, &card, bytes.len(), speeds.before);
    let after = Measured::new(&answers_after, &examples, &card, written.len(), speeds.after);
    let classes = card.labels.len();
    let lost = examples.lost(&answers_before, &answers_after, classes, wanted.examples.seed);
    let report = Optimised {
        method: wanted.method,
        engine: engines.kind().name(),
        examples: examples.what(),
        passed: lost.mean <= wanted.most_lost,
        before,
        after,
        lost,
        speedup: speeds.ratio,
    };
    if !report.passed {
        return Ok((report, None));
    }
    let mut metrics = BTreeMap::new();
    for (prefix, measured) in [("", &report.after), ("parent_", &report.before)] {
        metrics.extend(figures(measured).map(|(name, value)| (format!("{prefix}{name}"), value)));
    }
    metrics.insert("lost".to_owned(), report.lost.mean);
    metrics.insert("speedup".to_owned(), report.speedup);
    let preprocessing = card.preprocessing.clone();
    let mut attributes = parent.manifest.attributes.clone();
    ModelCard { model_file: MODEL_FILE.to_owned(), ..card }.write(&mut attributes)?;
    attributes.insert("optimised".to_owned(), serde_json::json!(report.method));
    attributes.insert("engine".to_owned(), serde_json::json!(report.engine));
    let mut files = vec![(MODEL_FILE.to_owned(), written)];
    if let Some(name) = preprocessing.as_ref().and_then(Preprocessing::file) {
        files.extend(parent.files.get(name).map(|bytes| (name.clone(), bytes.clone())));
    }
    files.extend(network.map(|network| (NETWORK_FILE.to_owned(), network)));
    let draft = Draft {
        kind: name.clone(),
        created_at: now,
        files,
        metrics,
        data: parent.manifest.data.clone(),
        parent: Some(*version),
        recipe: parent.manifest.recipe.clone(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes,
    };
    Ok((report, Some(draft)))
}
