//! A moving average of parameters over the steps: better than any one step's (Polyak and Juditsky 1992).

use crate::Parameters;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values that one thread averages at a time.
const PIECE: usize = 1 << 14;

/// Averaged parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Average {
    decay: f32,
    steps: u64,
    parameters: Parameters,
}

impl Average {
    /// Begins with these; `decay` is the share of the past that a step keeps.
    #[must_use]
    pub fn new(parameters: &Parameters, decay: f32) -> Self {
        Self { decay, steps: 0, parameters: parameters.clone() }
    }

    /// Takes a step in. Early on the past counts less, so that the first values are soon forgotten.
    pub fn update(&mut self, parameters: &Parameters) {
        self.steps += 1;
        let decay = self.decay.min((1.0 + self.steps as f32) / (10.0 + self.steps as f32));
        for (own, new) in self.parameters.iter_mut().zip(parameters.iter()) {
            let pieces = own.values.par_chunks_mut(PIECE).zip(new.values.par_chunks(PIECE));
            pieces.for_each(|(own, new)| {
                own.iter_mut().zip(new).for_each(|(own, new)| *own += (1.0 - decay) * (new - *own));
            });
        }
    }

    /// The average now.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
