//! Training and evaluation from the log: collaborative models and the action model.

mod actions;
mod collaborative;
mod config;
pub mod eval;
mod exposures;
mod learn;
mod progress;
mod replay;
pub mod worker;

pub use actions::{TrainedActions, train_actions};
pub use collaborative::{Choice, Gathered, TrainedCollaborative};
pub use config::{ActionsConfig, TrainConfig};
pub use learn::{Incumbent, LearnError, Learnt, learn};
pub use progress::Progress;
pub use replay::{ReplayConfig, ReplayError, ReplayReport, SystemReport, replay};
