//! Training and evaluation from the log: collaborative models and the action model.

mod config;
mod progress;
pub mod worker;

pub use config::{ActionsConfig, TrainConfig};
pub use progress::Progress;
