//! What runs in other processes. The binary supplies it, since training is no business of the server's.

use crate::jobs::{CheckJob, RunJob};
use crate::training::RunTraining;

/// See the module.
pub struct Work {
    /// Trains the models of the feed from the log.
    pub train: RunTraining,
    /// Checks a job before it is queued.
    pub check: CheckJob,
    /// Does a job.
    pub run: RunJob,
}
