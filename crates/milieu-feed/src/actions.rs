//! P(action): by the model learnt from the log, or by the prior before there is one.

use crate::inputs::{INPUTS, input_names};
use crate::prior::{PREDICTED, PriorModel};
use milieu_ranker::{ActionModel, RankerError};
use milieu_world::FEATURES;
use std::sync::Arc;

/// The version of the prior in receipts.
const PRIOR_VERSION: &str = "prior/1";

/// The action model in use.
#[derive(Debug, Clone)]
pub enum ActionScorer {
    /// Hand-set, until enough was learnt.
    Prior {
        /// Its name in receipts.
        version: Arc<str>,
        /// The model.
        model: Box<PriorModel>,
    },
    /// Learnt from the log.
    Learnt {
        /// The registry's name of it, such as `actions/3`.
        version: Arc<str>,
        /// The model.
        model: Box<ActionModel>,
    },
}

impl Default for ActionScorer {
    fn default() -> Self {
        Self::Prior { version: PRIOR_VERSION.into(), model: Box::default() }
    }
}

impl ActionScorer {
    /// Takes a learnt model, if it reads what the feed gives and tells what the feed asks. One from before a
    /// model was added to the feed reads the inputs in front of that model's.
    ///
    /// # Errors
    /// [`RankerError`] with the first name that differs.
    pub fn learnt(version: &str, model: ActionModel) -> Result<Self, RankerError> {
        let names = input_names();
        let read = model.feature_names().len().clamp(FEATURES, INPUTS);
        model.check_names(&names[..read], &PREDICTED.map(|action| action.name()))?;
        Ok(Self::Learnt { version: version.into(), model: Box::new(model) })
    }

    /// The name of the version.
    #[must_use]
    pub fn version(&self) -> Arc<str> {
        match self {
            Self::Prior { version, .. } | Self::Learnt { version, .. } => Arc::clone(version),
        }
    }

    /// The probabilities of [`PREDICTED`] for each row of inputs. A row's do not depend on the others.
    #[must_use]
    pub fn predict(&self, inputs: &[[f32; INPUTS]]) -> Vec<[f32; PREDICTED.len()]> {
        match self {
            Self::Prior { model, .. } => inputs.iter().map(|row| model.predict(row)).collect(),
            Self::Learnt { model, .. } => {
                let mut out = vec![[0.0; PREDICTED.len()]; inputs.len()];
                // The widths were checked when the model was taken; were they wrong after all, every
                // probability stays 0 and the order is that of the candidates' numbers.
                let _ = match model.feature_names().len() {
                    INPUTS => model.predict(inputs.as_flattened(), out.as_flattened_mut()),
                    read => {
                        let read: Vec<f32> =
                            inputs.iter().flat_map(|row| &row[..read.min(INPUTS)]).copied().collect();
                        model.predict(&read, out.as_flattened_mut())
                    }
                };
                out
            }
        }
    }
}
