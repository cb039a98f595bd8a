//! Training and evaluation from the log: collaborative models and the action model.

mod collaborative;
mod config;
pub mod eval;
mod progress;
pub mod worker;

pub use collaborative::{Gathered, TrainedCollaborative};
pub use config::{ActionsConfig, TrainConfig};
pub use progress::Progress;
