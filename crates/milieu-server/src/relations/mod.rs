//! Interests, ties, communities and credibility: what is kept of them, and how answers are put together.
//!
//! Interests and ties are read from the world at each request. Communities, ranks and credibility are computed of the whole
//! graph by a thread of its own, now and then; who was deleted since is left out of each answer.

mod files;
mod learn;
mod tell;
mod words;
mod worker;

pub use files::{KeptModel, KeptModelError};
pub use learn::{LearnError, LearntTies, learn_ties};
pub(crate) use tell::{communities, community, credibility, interests, tie};
pub(crate) use worker::run;

use files::{people_dir, read_index, read_model};
use milieu_people::communities::PeopleIndex;
use milieu_people::ties::TieModel;
use milieu_types::Seq;
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What requests see of it.
pub(crate) struct Relations {
    dir: PathBuf,
    index: RwLock<Arc<PeopleIndex>>,
    model: TieModel,
}

impl Relations {
    /// Reads what a data directory holds; what it lacks, or cannot be read, is computed anew. `last` is the end of the log.
    pub(crate) fn open(data: &Path, last: Seq) -> Self {
        let dir = people_dir(data);
        let index = read_index(&dir, last).unwrap_or_default();
        let model = read_model(&dir).unwrap_or_default();
        Self { dir, index: RwLock::new(Arc::new(index)), model }
    }

    /// What was computed last.
    pub(crate) fn index(&self) -> Arc<PeopleIndex> {
        Arc::clone(&self.index.read())
    }
}
