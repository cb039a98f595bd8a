//! Routes, configuration, composition and the page at `/`.
//!
//! A [`Server`] owns a data directory: the event log, the world folded from it, the feed engine and the
//! models. Everything that changes the world goes through the log; everything that reads it takes a
//! short read lock. Training and other jobs run in other processes, which the caller supplies as [`Work`].

mod answer;
mod append;
mod child;
pub mod config;
mod datasets;
mod disk;
pub mod doctor;
mod jobs;
pub mod listing;
mod metrics;
mod models;
mod receipts;
mod relations;
mod routes;
mod serve;
mod serving;
mod state;
pub mod store;
mod telemetry;
mod training;
mod understanding;
mod work;

pub use append::{AppendAllError, Appended, append_all};
pub use child::{ChildHandle, Limits, each_line};
pub use jobs::{CheckJob, JobInput, JobOutcome, RunJob};
pub use models::{ACTIONS, ACTIONS_FILE, COLLABORATIVE, ITEMS_FILE, NEXT, SERVED_FILE};
pub use relations::{KeptModel, KeptModelError, LearnError, LearntTies, learn_ties};
pub use serve::{ServeError, Server, listen, signal};
pub use telemetry::start_telemetry;
pub use training::{RunTraining, TrainingInput};
pub use work::Work;
