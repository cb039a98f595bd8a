//! The training process: reads the job and the log, trains, publishes.

use super::{JobReader, ProtocolError};
use crate::Progress;
use crate::collaborative::{Gathered, TrainedCollaborative};
use milieu_registry::{DataDescription, Draft, Registry, RegistryError};
use std::collections::BTreeMap;
use std::io::Read;

/// The kind of the collaborative models in the registry.
pub const COLLABORATIVE: &str = "collaborative";
/// The file with the model, a [`milieu_factors::Served`] in postcard.
pub const SERVED_FILE: &str = "model.postcard";
/// The file with the id of each item, a JSON array.
pub const ITEMS_FILE: &str = "items.json";
/// How many records between two lines of progress.
const REPORT_EVERY: u64 = 100_000;

/// Why a training run failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The input cannot be used.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A model cannot be trained.
    #[error(transparent)]
    Factors(#[from] milieu_factors::FactorsError),
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
/// # Errors
/// [`WorkerError`].
pub fn run(input: impl Read, mut progress: impl FnMut(Progress)) -> Result<(), WorkerError> {
    let mut reader = JobReader::new(input)?;
    let mut gathered = Gathered::default();
    for entry in reader.by_ref() {
        let (seq, record) = entry?;
        gathered.apply(seq, &record);
        if gathered.records().is_multiple_of(REPORT_EVERY) {
            progress(Progress::Reading { records: gathered.records() });
        }
    }
    let job = reader.job;
    let (records, last_seq) = (gathered.records(), gathered.last());
    match gathered.train(&job.config, &mut progress)? {
        Err(reason) => progress(Progress::Skipped { kind: COLLABORATIVE.into(), reason }),
        Ok(trained) => {
            let registry = Registry::open(&job.registry)?;
            let draft = Draft {
                kind: COLLABORATIVE.into(),
                created_at: job.at,
                files: files(&trained)?,
                metrics: trained.metrics.clone(),
                data: DataDescription {
                    last_seq,
                    counts: BTreeMap::from([
                        ("records".to_owned(), records),
                        ("users".to_owned(), trained.users as u64),
                        ("items".to_owned(), trained.items.len() as u64),
                        ("interactions".to_owned(), trained.interactions as u64),
                    ]),
                    hash: String::new(),
                },
                parent: registry.serving(COLLABORATIVE)?,
                recipe: serde_json::to_string(&trained.chosen)
                    .map_err(|e| WorkerError::Encode(e.to_string()))?,
                attributes: BTreeMap::new(),
            };
            let manifest = registry.publish(&draft)?;
            progress(Progress::Published {
                kind: COLLABORATIVE.into(),
                version: manifest.version,
                metrics: trained.metrics,
                promote: trained.beats_popularity,
            });
        }
    }
    progress(Progress::Done { records });
    Ok(())
}

fn files(trained: &TrainedCollaborative) -> Result<Vec<(String, Vec<u8>)>, WorkerError> {
    let served = postcard::to_stdvec(&trained.served).map_err(|e| WorkerError::Encode(e.to_string()))?;
    let items = serde_json::to_vec(&trained.items).map_err(|e| WorkerError::Encode(e.to_string()))?;
    Ok(vec![(SERVED_FILE.to_owned(), served), (ITEMS_FILE.to_owned(), items)])
}
