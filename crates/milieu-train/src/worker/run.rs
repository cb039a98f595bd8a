//! The training process: reads the job and the log, trains, publishes.

use super::{JobReader, ProtocolError};
use crate::Progress;
use crate::actions::TrainedActions;
use crate::collaborative::{Choice, TrainedCollaborative};
use crate::learn::{Incumbent, LearnError, Learnt, learn};
use crate::next::TrainedNext;
use crate::sequences;
use milieu_feed::ActionScorer;
use milieu_registry::{DataDescription, Draft, Registry, RegistryError};
use milieu_types::Timestamp;
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
/// The kind of the next-item models in the registry, which is also the name of the recipe for them.
pub const NEXT: &str = "feed-sequence";

/// Why a training run failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The input cannot be used.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A model cannot be trained.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// The registry cannot be read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A next-item model cannot be published.
    #[error(transparent)]
    Publish(#[from] crate::PublishError),
    /// A model cannot be written down.
    #[error("the model cannot be encoded: {0}")]
    Encode(String),
}

/// Reads a job and its records from `input`, trains what can be trained and publishes it. Too little data
/// is no failure; it is said by [`Progress::Skipped`].
///
/// # Errors
/// [`WorkerError`].
pub fn run(input: impl Read, mut progress: impl FnMut(Progress)) -> Result<(), WorkerError> {
    let mut reader = JobReader::new(input)?;
    let registry = Registry::open(&reader.job.registry)?;
    let incumbent = incumbent(&registry)?;
    let job = reader.job.clone();
    let records = reader.by_ref().map(|entry| entry.map_err(WorkerError::from));
    let Learnt { gathered, collaborative, next, actions } =
        learn(records, job.records, &incumbent, &job.config, &mut progress)?;
    let publish =
        Publish { registry: &registry, at: job.at, records: gathered.records(), last_seq: gathered.last() };
    match collaborative {
        Ok((choice, trained)) => {
            let promote = choice.beats_popularity;
            publish.publish(publish.collaborative(choice, &trained)?, promote, &mut progress)?;
        }
        Err(reason) => progress(Progress::Skipped { kind: COLLABORATIVE.into(), reason }),
    }
    match next {
        Ok(trained) => {
            let promote = trained.beats_popularity;
            publish.publish(publish.next(&trained)?, promote, &mut progress)?;
        }
        Err(reason) => progress(Progress::Skipped { kind: NEXT.into(), reason }),
    }
    match actions {
        Ok(trained) => {
            let promote = trained.is_better;
            publish.publish(publish.actions(trained)?, promote, &mut progress)?;
        }
        Err(reason) => progress(Progress::Skipped { kind: ACTIONS.into(), reason }),
    }
    progress(Progress::Done { records: gathered.records() });
    Ok(())
}

/// What serves now, as far as this build can still read it.
fn incumbent(registry: &Registry) -> Result<Incumbent, WorkerError> {
    let recipe = match registry.live(COLLABORATIVE)? {
        Some(version) => serde_json::from_str(&registry.manifest(COLLABORATIVE, version)?.recipe).ok(),
        None => None,
    };
    let actions = match registry.live(ACTIONS)? {
        Some(number) => {
            let version = registry.load(ACTIONS, number)?;
            let model = version.files.get(ACTIONS_FILE).and_then(|file| serde_json::from_slice(file).ok());
            model.and_then(|model| ActionScorer::learnt(&format!("{ACTIONS}/{number}"), model).ok())
        }
        None => None,
    };
    Ok(Incumbent { recipe, actions })
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
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            attributes: BTreeMap::new(),
        }
    }

    fn collaborative(&self, choice: Choice, trained: &TrainedCollaborative) -> Result<Draft, WorkerError> {
        let files = vec![
            (SERVED_FILE.to_owned(), postcard::to_stdvec(&trained.served).map_err(encode)?),
            (ITEMS_FILE.to_owned(), serde_json::to_vec(&trained.items).map_err(encode)?),
        ];
        let counts = BTreeMap::from([
            ("users".to_owned(), trained.users as u64),
            ("items".to_owned(), trained.items.len() as u64),
            ("interactions".to_owned(), trained.interactions as u64),
        ]);
        let recipe = serde_json::to_string(&choice.candidate).map_err(encode)?;
        Ok(Draft { recipe, ..self.draft(COLLABORATIVE, files, choice.metrics, counts) })
    }

    fn next(&self, trained: &TrainedNext) -> Result<Draft, WorkerError> {
        let mut draft = sequences::draft(NEXT, &trained.report, &trained.parameters, self.at)?;
        draft.metrics.extend(trained.metrics.map(|(name, value)| (name.to_owned(), value)));
        draft.data.last_seq = self.last_seq;
        draft.data.counts.insert("records".to_owned(), self.records);
        Ok(draft)
    }

    fn actions(&self, trained: TrainedActions) -> Result<Draft, WorkerError> {
        let file = serde_json::to_vec(&trained.model).map_err(encode)?;
        let counts = BTreeMap::from([("examples".to_owned(), trained.examples as u64)]);
        Ok(self.draft(ACTIONS, vec![(ACTIONS_FILE.to_owned(), file)], trained.metrics, counts))
    }

    fn publish(
        &self,
        mut draft: Draft,
        promote: bool,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), WorkerError> {
        draft.parent = self.registry.live(&draft.kind)?;
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
