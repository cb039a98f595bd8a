//! Training and evaluation: collaborative models and the action model from the log; classifiers and next-item
//! models by recipes.

mod actions;
mod checkpoint;
pub mod classification;
mod collaborative;
mod config;
mod descent;
mod epochs;
pub mod eval;
mod exposures;
mod learn;
mod next;
pub mod optimise;
mod parts;
pub mod people;
pub mod pictures;
mod progress;
mod replay;
pub mod search;
pub mod sequences;
mod settings;
pub mod slots;
mod task;
pub mod texts;
mod version;
pub mod worker;

pub use actions::{TrainedActions, train_actions};
pub use collaborative::{Choice, Gathered, TrainedCollaborative};
pub use config::{ActionsConfig, NextConfig, TrainConfig};
pub use learn::{Incumbent, LearnError, Learnt, learn};
pub use next::{NextError, TrainedNext};
pub use parts::PartsError;
pub use progress::Progress;
pub use replay::{ReplayConfig, ReplayError, ReplayReport, SystemReport, replay};
pub use task::Task;
pub use version::{MODEL_FILE, PublishError};
