//! What everybody takes: the baseline that needs no person.

use crate::Interactions;
use crate::sparse::degrees;
use serde::{Deserialize, Serialize};

/// The sum of weights of every item.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Popularity {
    scores: Vec<f32>,
}

impl Popularity {
    /// Counts.
    #[must_use]
    pub fn train(data: &Interactions) -> Self {
        Self { scores: degrees(data).1 }
    }

    /// The score of every item.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}
