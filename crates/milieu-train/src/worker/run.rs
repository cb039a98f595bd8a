//! The training process: reads the job and the log, trains, publishes.

use super::{JobReader, ProtocolError};
use crate::actions::train_actions;
use crate::collaborative::{Choice, Gathered};
use crate::eval::Candidate;
use crate::exposures::Exposures;
use crate::{Progress, TrainConfig};
use milieu_factors::FactorsError;
use milieu_feed::{ActionScorer, Collaborative};
use milieu_ranker::RankerError;
use milieu_registry::{DataDescription, Draft, Registry, RegistryError};
use milieu_types::{Record, Timestamp};
use std::collections::BTreeMap;
use std::io::Read;

/// The kind of the collaborative models in the registry.
pub const COLLABORATIVE: &str = "collaborative";
/// The file with the model, a [`milieu_factors::Served`] in postcard.
pub const SERVED_FILE: &str = "model.postcard";
/// The file with the id of each item, a JSON array.
pub const ITEMS_FILE: &str = "items.json";
/// The kind of the action models in the registry.
pub const ACTIONS: &str = "actions";
/// The file with a [`milieu_ranker::ActionModel`] in JSON.
pub const ACTIONS_FILE: &str = "model.json";
/// How many records between two lines of progress.
const REPORT_EVERY: u64 = 100_000;

/// Why a training run failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The input cannot be used.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A collaborative model cannot be trained.
    #[error(transparent)]
    Factors(#[from] FactorsError),
    /// An action model cannot be trained.
    #[error(transparent)]
    Ranker(#[from] RankerError),
    /// The registry cannot be read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A model cannot be written down.
    #[error("the model cannot be encoded: {0}")]
    Encode(String),
}

/// Reads a job and its records from `input`, trains what can be trained and publishes it. Too little data
/// is no failure; it is said by [`Progress::Skipped`].
///
/// The collaborative model is chosen on the older part of the log. Trained on that part alone it gives
/// the action model its collaborative inputs over the recent part, so that these are as good as they
/// will be in serving, and no better; trained on everything it is published.
///
/// # Errors
/// [`WorkerError`].
pub fn run(input: impl Read, mut progress: impl FnMut(Progress)) -> Result<(), WorkerError> {
    let mut reader = JobReader::new(input)?;
    let registry = Registry::open(&reader.job.registry)?;
    let config = reader.job.config.clone();
    let incumbent = Incumbent::read(&registry)?;
    let older = (reader.job.records as f64 * (1.0 - config.recent_share.clamp(0.0, 0.5))) as u64;
    let mut gathered = Gathered::default();
    let mut choice = None;
    let mut exposures: Option<Exposures> = None;
    for entry in reader.by_ref() {
        let (seq, record) = entry?;
        if gathered.records() == older {
            let (chosen, began) = begin(&gathered, &config, older, &incumbent, &mut progress)?;
            choice = chosen;
            exposures = Some(began);
        }
        if let (Some(exposures), Record::Event(event)) = (&mut exposures, &record) {
            exposures.observe(gathered.world(), event);
        }
        gathered.apply(seq, &record);
        if gathered.records().is_multiple_of(REPORT_EVERY) {
            progress(Progress::Reading { records: gathered.records() });
        }
    }
    let publish = Publish {
        registry: &registry,
        at: reader.job.at,
        records: gathered.records(),
        last_seq: gathered.last(),
    };
    if choice.is_none() {
        // The older part was too small; the whole may do.
        match gathered.choose(&config, incumbent.recipe.as_ref(), &mut progress)? {
            Ok(chosen) => choice = Some(chosen),
            Err(reason) => progress(Progress::Skipped { kind: COLLABORATIVE.into(), reason }),
        }
    }
    if let Some(choice) = choice {
        progress(Progress::Stage { name: "training the collaborative model on everything".into() });
        publish.collaborative(&gathered, &choice, &config, &mut progress)?;
    }
    let (inputs, labels) = exposures.map(Exposures::finish).unwrap_or_default();
    progress(Progress::Stage { name: "training the action model".into() });
    match train_actions(&inputs, &labels, incumbent.actions.as_ref(), &config)? {
        Ok(trained) => {
            let file = serde_json::to_vec(&trained.model).map_err(encode)?;
            let counts = BTreeMap::from([("examples".to_owned(), trained.examples as u64)]);
            let draft =
                publish.draft(ACTIONS, vec![(ACTIONS_FILE.to_owned(), file)], trained.metrics, counts);
            publish.publish(draft, trained.is_better, &mut progress)?;
        }
        Err(reason) => progress(Progress::Skipped { kind: ACTIONS.into(), reason }),
    }
    progress(Progress::Done { records: gathered.records() });
    Ok(())
}

/// Chooses on the older part, and begins to collect examples with a model of that part.
fn begin(
    gathered: &Gathered,
    config: &TrainConfig,
    older: u64,
    incumbent: &Incumbent,
    progress: &mut impl FnMut(Progress),
) -> Result<(Option<Choice>, Exposures), WorkerError> {
    let choice = gathered.choose(config, incumbent.recipe.as_ref(), &mut *progress)?.ok();
    let past = match &choice {
        Some(choice) => {
            let trained = gathered.train(&choice.candidate, config)?;
            Some(Collaborative::bind("past".into(), trained.served, &trained.items, gathered.world()))
        }
        None => None,
    };
    let share = config.recent_share.clamp(0.01, 0.5);
    let recent = (older as f64 * share / (1.0 - share)) as u64;
    let exposures = Exposures::new(&config.actions, past, recent, gathered.has_views(), config.seed);
    Ok((choice, exposures))
}

/// What serves now, as far as this build can still read it.
struct Incumbent {
    recipe: Option<Candidate>,
    actions: Option<ActionScorer>,
}

impl Incumbent {
    fn read(registry: &Registry) -> Result<Self, WorkerError> {
        let recipe = match registry.serving(COLLABORATIVE)? {
            Some(version) => serde_json::from_str(&registry.manifest(COLLABORATIVE, version)?.recipe).ok(),
            None => None,
        };
        let actions = match registry.serving(ACTIONS)? {
            Some(number) => {
                let version = registry.load(ACTIONS, number)?;
                let model =
                    version.files.get(ACTIONS_FILE).and_then(|file| serde_json::from_slice(file).ok());
                model.and_then(|model| ActionScorer::learnt(&format!("{ACTIONS}/{number}"), model).ok())
            }
            None => None,
        };
        Ok(Self { recipe, actions })
    }
}

struct Publish<'a> {
    registry: &'a Registry,
    at: Timestamp,
    records: u64,
    last_seq: u64,
}

impl Publish<'_> {
    fn draft(
        &self,
        kind: &str,
        files: Vec<(String, Vec<u8>)>,
        metrics: BTreeMap<String, f64>,
        mut counts: BTreeMap<String, u64>,
    ) -> Draft {
        counts.insert("records".to_owned(), self.records);
        Draft {
            kind: kind.to_owned(),
            created_at: self.at,
            files,
            metrics,
            data: DataDescription { last_seq: self.last_seq, counts, hash: String::new() },
            parent: None,
            recipe: String::new(),
            attributes: BTreeMap::new(),
        }
    }

    fn collaborative(
        &self,
        gathered: &Gathered,
        choice: &Choice,
        config: &TrainConfig,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), WorkerError> {
        let trained = gathered.train(&choice.candidate, config)?;
        let files = vec![
            (SERVED_FILE.to_owned(), postcard::to_stdvec(&trained.served).map_err(encode)?),
            (ITEMS_FILE.to_owned(), serde_json::to_vec(&trained.items).map_err(encode)?),
        ];
        let counts = BTreeMap::from([
            ("users".to_owned(), trained.users as u64),
            ("items".to_owned(), trained.items.len() as u64),
            ("interactions".to_owned(), trained.interactions as u64),
        ]);
        let mut draft = self.draft(COLLABORATIVE, files, choice.metrics.clone(), counts);
        draft.recipe = serde_json::to_string(&choice.candidate).map_err(encode)?;
        self.publish(draft, choice.beats_popularity, progress)
    }

    fn publish(
        &self,
        mut draft: Draft,
        promote: bool,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), WorkerError> {
        draft.parent = self.registry.serving(&draft.kind)?;
        let manifest = self.registry.publish(&draft)?;
        progress(Progress::Published {
            kind: draft.kind,
            version: manifest.version,
            metrics: draft.metrics,
            promote,
        });
        Ok(())
    }
}

fn encode(error: impl std::fmt::Display) -> WorkerError {
    WorkerError::Encode(error.to_string())
}
