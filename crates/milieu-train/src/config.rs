//! The settings of a training run.

use serde::{Deserialize, Serialize};

/// What is trained from the log, and how. Every field has a default; unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Decides every random choice: the same log and seed give the same models.
    pub seed: u64,
    /// The share of the positive interactions, latest in time, that validates collaborative models and
    /// gives the action model its examples; from 0 to 0.5.
    pub recent_share: f64,
    /// The fewest positive interactions from which a collaborative model is learnt.
    pub min_interactions: usize,
    /// How many related items serving keeps for each item.
    pub neighbours: usize,
    /// The action model.
    pub actions: ActionsConfig,
}

/// How examples for the action model are collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionsConfig {
    /// How long after an exposure an action still counts as its outcome, in hours.
    pub window_hours: u32,
    /// The most examples; more are thinned evenly in time.
    pub max_examples: usize,
    /// The fewest examples from which an action model is learnt.
    pub min_examples: usize,
    /// Where the app reports no views: how many items that were not acted on stand beside each that was.
    pub negatives: usize,
    /// The share of the examples, latest in time, that measures the model and is not learnt from.
    pub validation_share: f64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            recent_share: 0.2,
            min_interactions: 200,
            neighbours: 200,
            actions: ActionsConfig::default(),
        }
    }
}

impl Default for ActionsConfig {
    fn default() -> Self {
        Self {
            window_hours: 24,
            max_examples: 300_000,
            min_examples: 500,
            negatives: 8,
            validation_share: 0.2,
        }
    }
}
