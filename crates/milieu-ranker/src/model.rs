//! The model as it is stored and asked.

use crate::examples::{check_length, check_size};
use crate::forward::Packed;
use crate::metrics::{HeadMetrics, measure_heads};
use crate::{Examples, RankerError};
use serde::{Deserialize, Serialize};

/// The largest number of features.
pub(crate) const MAX_FEATURES: usize = 128;
/// The largest number of hidden units.
pub(crate) const MAX_HIDDEN: usize = 128;
/// The largest number of tasks.
pub(crate) const MAX_TASKS: usize = 64;
/// The largest magnitude of a parameter, and of the clamp: with these, no sum of the forward pass can overflow.
const MAX_PARAMETER: f32 = 1e8;
const MAX_CLAMP: f32 = 1e3;
/// The format of [`Parameters`].
pub(crate) const VERSION: u32 = 1;

/// All numbers of a model with `F` features, `H` hidden units and `A` tasks: its file, through serde.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Format of this structure.
    pub version: u32,
    /// Names of the features in the order of the columns.
    pub feature_names: Vec<String>,
    /// Names of the tasks in the order of the predictions.
    pub task_names: Vec<String>,
    /// Mean of each feature in training.
    pub mean: Vec<f32>,
    /// Standard deviation of each feature in training; 0 switches a feature off.
    pub deviation: Vec<f32>,
    /// Standard scores are cut to this magnitude.
    pub clamp: f32,
    /// `F x H`, row-major.
    pub hidden_weights: Vec<f32>,
    /// `H`.
    pub hidden_bias: Vec<f32>,
    /// `H x A`, row-major.
    pub head_weights: Vec<f32>,
    /// `A`; the correction for left-out negatives is in it.
    pub head_bias: Vec<f32>,
    /// `A`: a head's logit is multiplied by this,
    pub calibration_slope: Vec<f32>,
    /// `A`: and this is added, before the sigmoid.
    pub calibration_offset: Vec<f32>,
}

impl Parameters {
    fn check(&self) -> Result<(), RankerError> {
        if self.version != VERSION {
            return Err(RankerError::Version { expected: VERSION, found: self.version });
        }
        let (features, tasks) = (self.feature_names.len(), self.task_names.len());
        let hidden = self.hidden_bias.len();
        check_size("features", features, MAX_FEATURES)?;
        check_size("hidden units", hidden, MAX_HIDDEN)?;
        check_size("tasks", tasks, MAX_TASKS)?;
        let parts: [(&'static str, &[f32], usize); 8] = [
            ("mean", &self.mean, features),
            ("deviation", &self.deviation, features),
            ("hidden_weights", &self.hidden_weights, features * hidden),
            ("hidden_bias", &self.hidden_bias, hidden),
            ("head_weights", &self.head_weights, hidden * tasks),
            ("head_bias", &self.head_bias, tasks),
            ("calibration_slope", &self.calibration_slope, tasks),
            ("calibration_offset", &self.calibration_offset, tasks),
        ];
        for (what, values, expected) in parts {
            check_length(what, expected, values.len())?;
            if !values.iter().all(|x| x.abs() <= MAX_PARAMETER) {
                return Err(RankerError::OutOfRange(what));
            }
        }
        if !(self.clamp > 0.0 && self.clamp <= MAX_CLAMP) {
            return Err(RankerError::OutOfRange("clamp"));
        }
        if self.deviation.iter().any(|deviation| *deviation < 0.0) {
            return Err(RankerError::OutOfRange("deviation"));
        }
        Ok(())
    }
}

/// A trained multi-task model. Reading one (serde) checks its format, shapes and numbers; whether it fits the features of
/// this program is asked with [`ActionModel::check_names`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Parameters", into = "Parameters")]
pub struct ActionModel {
    parameters: Parameters,
    packed: Packed,
}

impl TryFrom<Parameters> for ActionModel {
    type Error = RankerError;

    fn try_from(parameters: Parameters) -> Result<Self, RankerError> {
        parameters.check()?;
        let packed = Packed::new(&parameters);
        Ok(Self { parameters, packed })
    }
}

impl From<ActionModel> for Parameters {
    fn from(model: ActionModel) -> Self {
        model.parameters
    }
}

impl PartialEq for ActionModel {
    fn eq(&self, other: &Self) -> bool {
        self.parameters == other.parameters
    }
}

impl ActionModel {
    /// The numbers of the model.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Names of the features in the order of the columns.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.parameters.feature_names
    }

    /// Names of the tasks in the order of the predictions.
    #[must_use]
    pub fn task_names(&self) -> &[String] {
        &self.parameters.task_names
    }

    /// Whether the model takes exactly these features and predicts exactly these tasks, in this order.
    ///
    /// # Errors
    /// The first name that differs.
    pub fn check_names<F: AsRef<str>, T: AsRef<str>>(
        &self,
        feature_names: &[F],
        task_names: &[T],
    ) -> Result<(), RankerError> {
        if let Some((place, expected, found)) = difference(feature_names, self.feature_names()) {
            return Err(RankerError::Features { place, expected, found });
        }
        if let Some((place, expected, found)) = difference(task_names, self.task_names()) {
            return Err(RankerError::Tasks { place, expected, found });
        }
        Ok(())
    }

    /// P(task) for each row: `features` is `n x F`, `out` is `n x A`, both row-major. NaN stands for a missing value,
    /// infinities are cut. Every result is inside the unit interval and depends on its own row only, to the bit.
    ///
    /// # Errors
    /// Lengths that are no whole rows or not the same number of rows.
    pub fn predict(&self, features: &[f32], out: &mut [f32]) -> Result<(), RankerError> {
        let (width, tasks) = (self.feature_names().len(), self.task_names().len());
        let rows = features.len() / width;
        check_length("features", rows * width, features.len())?;
        check_length("predictions", rows * tasks, out.len())?;
        self.packed.predict(features, out);
        Ok(())
    }

    /// What each feature adds to the score `sum(task_weights * P(task))` of a row: the score as it is minus the score
    /// with the feature at its mean (occlusion). `F` values; they need not add up to the score.
    ///
    /// # Errors
    /// A wrong number of features or weights.
    pub fn explain(&self, row: &[f32], task_weights: &[f32]) -> Result<Vec<f32>, RankerError> {
        let (width, tasks) = (self.feature_names().len(), self.task_names().len());
        check_length("features", width, row.len())?;
        check_length("task weights", tasks, task_weights.len())?;
        let mut rows = row.repeat(width + 1);
        for (feature, mean) in self.parameters.mean.iter().enumerate() {
            rows[feature * width + feature] = *mean;
        }
        let mut predicted = vec![0.0; (width + 1) * tasks];
        self.predict(&rows, &mut predicted)?;
        let scores: Vec<f32> = predicted
            .chunks_exact(tasks)
            .map(|p| p.iter().zip(task_weights).map(|(p, w)| p * w).sum())
            .collect();
        let whole = scores.last().copied().unwrap_or_default();
        Ok(scores[..width].iter().map(|score| whole - score).collect())
    }

    /// Measures the model on labelled examples, one entry a task.
    ///
    /// # Errors
    /// Examples of other features or tasks, or malformed ones.
    pub fn evaluate(&self, examples: &Examples) -> Result<Vec<HeadMetrics>, RankerError> {
        examples.check()?;
        self.check_names(&examples.feature_names, &examples.task_names)?;
        let mut predicted = vec![0.0; examples.labels.len()];
        self.predict(&examples.features, &mut predicted)?;
        Ok(measure_heads(&examples.task_names, &predicted, &examples.labels))
    }
}

fn difference<E: AsRef<str>>(expected: &[E], found: &[String]) -> Option<(usize, String, String)> {
    (0..expected.len().max(found.len())).find_map(|place| {
        let expected = expected.get(place).map_or("", AsRef::as_ref);
        let found = found.get(place).map_or("", String::as_str);
        (expected != found).then(|| (place, expected.to_owned(), found.to_owned()))
    })
}
