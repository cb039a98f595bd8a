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
    /// How many related items serving keeps for each item, where the catalogue is not too large for it.
    pub neighbours: usize,
    /// How many related items serving keeps in all, at 8 bytes each; but not less than
    /// 32 for each item.
    pub neighbour_entries: usize,
    /// The next-item model.
    pub next: NextConfig,
    /// The action model.
    pub actions: ActionsConfig,
}

/// Whether and how long a next-item model is learnt from the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NextConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// The fewest positive interactions from which it is learnt.
    pub min_interactions: usize,
    /// What one training may cost, in 10^12 operations on numbers; two trainings are made of a log. About
    /// a minute each on two cores.
    pub tera_operations: f64,
}

/// What each item keeps in the largest of catalogues.
const FEWEST_NEIGHBOURS: usize = 32;

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

impl TrainConfig {
    /// How many related items each item of a catalogue keeps.
    #[must_use]
    pub fn neighbours_each(&self, items: usize) -> usize {
        let share = self.neighbour_entries / items.max(1);
        self.neighbours.min(share.max(FEWEST_NEIGHBOURS))
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            recent_share: 0.2,
            min_interactions: 200,
            neighbours: 200,
            neighbour_entries: 40_000_000,
            next: NextConfig::default(),
            actions: ActionsConfig::default(),
        }
    }
}

impl Default for NextConfig {
    fn default() -> Self {
        Self { enabled: true, min_interactions: 5000, tera_operations: 2.0 }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_by_catalogue() {
        fn check(items: usize, expected: usize) {
            assert_eq!(TrainConfig::default().neighbours_each(items), expected);
        }
        check(0, 200);
        check(200_000, 200);
        check(500_000, 80);
        check(10_000_000, FEWEST_NEIGHBOURS);
    }
}
