//! What the model learns from.

use crate::RankerError;
use crate::model::{MAX_FEATURES, MAX_TASKS};

/// Label of a task that did not happen although it could have.
pub const NEGATIVE: u8 = 0;
/// Label of a task that happened.
pub const POSITIVE: u8 = 1;
/// Label of a task that the example says nothing about; it takes no part in the loss.
pub const UNLABELLED: u8 = 2;

/// `n` examples of `F` features and `A` tasks, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Examples {
    /// Names of the features, `F` of them.
    pub feature_names: Vec<String>,
    /// Names of the tasks, `A` of them.
    pub task_names: Vec<String>,
    /// `n x F`, row-major. NaN stands for a missing value.
    pub features: Vec<f32>,
    /// `n x A`, row-major: [`NEGATIVE`], [`POSITIVE`] or [`UNLABELLED`].
    pub labels: Vec<u8>,
    /// How much each example counts, `n`; none at all stands for 1 each.
    pub weights: Vec<f32>,
}

impl Examples {
    /// No examples yet of the named features and tasks.
    #[must_use]
    pub fn new(feature_names: Vec<String>, task_names: Vec<String>) -> Self {
        Self { feature_names, task_names, ..Self::default() }
    }

    /// Adds an example, newer than all before it.
    ///
    /// # Errors
    /// A wrong number of features or labels, an unknown label, a weight that is negative or not finite.
    pub fn push(&mut self, features: &[f32], labels: &[u8], weight: f32) -> Result<(), RankerError> {
        check_length("features", self.feature_names.len(), features.len())?;
        check_length("labels", self.task_names.len(), labels.len())?;
        check_labels(labels)?;
        check_weight(weight)?;
        // Examples filled without weights so far count 1 each.
        let before = self.len();
        self.weights.resize(before, 1.0);
        self.weights.push(weight);
        self.features.extend_from_slice(features);
        self.labels.extend_from_slice(labels);
        Ok(())
    }

    /// How many examples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len() / self.task_names.len().max(1)
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The features of an example.
    pub(crate) fn row(&self, example: usize) -> &[f32] {
        let width = self.feature_names.len();
        &self.features[example * width..][..width]
    }

    /// The labels of an example.
    pub(crate) fn labels_of(&self, example: usize) -> &[u8] {
        let width = self.task_names.len();
        &self.labels[example * width..][..width]
    }

    /// The weight of an example.
    pub(crate) fn weight(&self, example: usize) -> f32 {
        self.weights.get(example).copied().unwrap_or(1.0)
    }

    /// Checks shapes, labels and weights.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self) -> Result<(), RankerError> {
        check_size("features", self.feature_names.len(), MAX_FEATURES)?;
        check_size("tasks", self.task_names.len(), MAX_TASKS)?;
        let count = self.len();
        let (features, tasks) = (self.feature_names.len(), self.task_names.len());
        check_length("labels", count * tasks, self.labels.len())?;
        check_length("features", count * features, self.features.len())?;
        if !self.weights.is_empty() {
            check_length("weights", count, self.weights.len())?;
        }
        check_labels(&self.labels)?;
        self.weights.iter().try_for_each(|weight| check_weight(*weight))
    }
}

pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), RankerError> {
    if expected == found { Ok(()) } else { Err(RankerError::Shape { what, expected, found }) }
}

pub(crate) fn check_size(what: &'static str, found: usize, most: usize) -> Result<(), RankerError> {
    if (1..=most).contains(&found) { Ok(()) } else { Err(RankerError::Size { what, found, most }) }
}

fn check_labels(labels: &[u8]) -> Result<(), RankerError> {
    match labels.iter().find(|label| **label > UNLABELLED) {
        Some(label) => Err(RankerError::Label(*label)),
        None => Ok(()),
    }
}

fn check_weight(weight: f32) -> Result<(), RankerError> {
    if weight.is_finite() && weight >= 0.0 {
        Ok(())
    } else {
        Err(RankerError::OutOfRange("the weight of an example"))
    }
}
