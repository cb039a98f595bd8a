//! The feed: sources propose, filters refuse, the scorer weighs, the selector arranges; every entry has
//! a reason in words and a receipt that replays the decision.
//!
//! [`Engine`] is the way in. It reads a [`milieu_world::View`] and never changes the world; time comes
//! with the query. A score never depends on which other candidates are present.

mod actions;
mod affinity;
mod config;
mod engine;
mod filters;
mod inputs;
mod labels;
mod model;
mod next;
mod numbers;
mod prior;
mod rank;
mod reason;
mod receipt;
mod select;
mod sessions;
mod sources;
mod stages;
mod trends;
mod wanted;

pub use actions::ActionScorer;
pub use config::{ActionWeights, ConfigError, FeedConfig};
pub use engine::{Engine, Entry, FeedError, FeedPage, FeedQuery};
pub use inputs::{INPUTS, Inputs, input_names};
pub use labels::{ItemLabel, ItemLabels};
pub use model::{Collaborative, Models};
pub use next::{NextItems, SequenceScores};
pub use prior::{PREDICTED, PriorModel};
pub use reason::Reason;
pub use receipt::{Receipt, receipt_place};
pub use stages::{Filter, Source, Stage, StageReport};
pub use trends::Trend;
pub use wanted::LabelBound;

#[cfg(test)]
mod tests;
