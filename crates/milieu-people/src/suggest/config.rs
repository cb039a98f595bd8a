//! The settings of suggestions, each with its range.

use serde::{Deserialize, Serialize};

/// The settings of suggestions of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SuggestConfig {
    /// The most people who are scored for an answer, taken from the sources in turn, 100 to 2000.
    pub candidates: usize,
    /// The most ties of friends that are walked over in search of people, 1000 to 1000000; friends with few ties come
    /// first.
    pub ties: usize,
    /// The most common friends whom a reason names, 0 to 10.
    pub named: usize,
}

impl Default for SuggestConfig {
    fn default() -> Self {
        Self { candidates: 200, ties: 30_000, named: 3 }
    }
}
