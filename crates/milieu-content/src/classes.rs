//! From the numbers of a classifier to classes with probabilities.

use milieu_inference::{DataType, Dimension, Signature, Tensor};
use milieu_registry::ModelCard;

/// What the numbers of a classifier are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Any numbers; their softmax is the probabilities.
    #[default]
    Logits,
    /// Probabilities that add up to 1.
    Probabilities,
}

/// A class and how probable it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Its label; its number where the model has no labels.
    pub label: String,
    /// 0 to 1.
    pub probability: f64,
    /// Whether it applies, where an example may have any number of classes.
    pub applies: Option<bool>,
}

/// What a classifier gave cannot be read as classes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// It is no row of 32-bit floats.
    #[error("the model gave no row of 32-bit floats")]
    Form,
    /// There are more or fewer numbers than labels.
    #[error("the model gave {found} numbers for {expected} labels")]
    Length {
        /// Numbers.
        found: usize,
        /// Labels.
        expected: usize,
    },
    /// A number is infinite or none at all.
    #[error("the model gave a number that is none")]
    NotANumber,
}

/// How the numbers of a classifier are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    pub(crate) labels: Vec<String>,
    pub(crate) temperature: f64,
    pub(crate) scale: Scale,
    /// From which probability on each class applies, where an example may have any number of them; else empty.
    pub(crate) thresholds: Vec<f64>,
    /// Which class says that an example is of none, and from which probability on others are believed.
    pub(crate) unknown: Option<(usize, f64)>,
}

impl Classes {
    /// How the first output of a model is read, by its card.
    pub(crate) fn new(card: &ModelCard, signature: &Signature, scale: Scale) -> Result<Self, String> {
        let output = signature.outputs.first().ok_or("it has no output")?;
        if output.data_type != DataType::F32 {
            return Err(format!("its output {} is of {} and not FP32", output.name, output.data_type));
        }
        if let Some(Dimension::Fixed(found)) = output.shape.as_ref().and_then(|shape| shape.last())
            && !card.labels.is_empty()
            && card.labels.len() != *found
        {
            return Err(format!("it gives {found} numbers for {} labels", card.labels.len()));
        }
        let ModelCard { labels, temperature, thresholds, unknown, .. } = card;
        let unknown = unknown.as_ref().and_then(|unknown| {
            Some((labels.iter().position(|label| *label == unknown.label)?, unknown.threshold))
        });
        let (labels, thresholds) = (labels.clone(), thresholds.clone());
        Ok(Self { labels, temperature: temperature.unwrap_or(1.0), scale, thresholds, unknown })
    }

    /// The labels, where the model has any.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How probable a class is where nothing is to be seen: as much as its opposite, or as all others.
    #[must_use]
    pub fn of_nothing(&self) -> f64 {
        if self.thresholds.is_empty() { 1.0 / self.labels.len().max(2) as f64 } else { 0.5 }
    }

    /// The `top` most probable classes, the most probable first (or that which says that the example is of none), from
    /// the first of the outputs for one example.
    /// Logits are divided by the temperature first (Guo et al. 2017, section 4.2); so are the logarithms of
    /// probabilities, which are logits as well.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn read(&self, outputs: &[Tensor], top: usize) -> Result<Vec<Class>, OutputError> {
        let output = outputs.first().ok_or(OutputError::Form)?;
        let values = output.as_f32().ok_or(OutputError::Form)?;
        // One example: every dimension but the last is 1, whatever their number.
        if values.is_empty() || output.shape().last() != Some(&values.len()) {
            return Err(OutputError::Form);
        }
        if !self.labels.is_empty() && self.labels.len() != values.len() {
            return Err(OutputError::Length { found: values.len(), expected: self.labels.len() });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(OutputError::NotANumber);
        }
        let probabilities = self.probabilities(values);
        let mut order: Vec<usize> = (0..values.len()).collect();
        // Stable: of equals, the first class comes first.
        order.sort_by(|&one, &other| probabilities[other].total_cmp(&probabilities[one]));
        self.doubt(&probabilities, &mut order);
        let class = |at: usize| Class {
            label: self.labels.get(at).cloned().unwrap_or_else(|| at.to_string()),
            probability: probabilities[at],
            applies: self.thresholds.get(at).map(|&least| probabilities[at] >= least),
        };
        Ok(order.into_iter().take(top).map(class).collect())
    }

    /// Puts the class first that says that the example is of none, where no other is probable enough.
    fn doubt(&self, probabilities: &[f64], order: &mut [usize]) {
        let Some((unknown, threshold)) = self.unknown else { return };
        let best = order.iter().find(|&&class| class != unknown).map_or(0.0, |&class| probabilities[class]);
        if let Some(place) = order.iter().position(|&class| class == unknown)
            && best < threshold
        {
            order[..=place].rotate_right(1);
        }
    }

    fn probabilities(&self, values: &[f32]) -> Vec<f64> {
        let logit = |value: &f32| match self.scale {
            Scale::Logits => f64::from(*value) / self.temperature,
            // Rounding may leave a tiny number below 0.
            Scale::Probabilities => f64::from(value.max(f32::MIN_POSITIVE)).ln() / self.temperature,
        };
        if !self.thresholds.is_empty() {
            return values.iter().map(|value| 1.0 / (1.0 + (-logit(value)).exp())).collect();
        }
        let logits: Vec<f64> = values.iter().map(logit).collect();
        let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|logit| (logit - greatest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_inference::Data;

    fn classes(labels: &[&str], temperature: f64, scale: Scale) -> Classes {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Classes { labels, temperature, scale, thresholds: Vec::new(), unknown: None }
    }

    fn row(values: &[f32]) -> [Tensor; 1] {
        [Tensor::new(vec![1, values.len()], Data::F32(values.to_vec())).unwrap()]
    }

    #[test]
    fn numbers_become_probabilities() {
        fn check(classes: &Classes, values: &[f32], top: usize, expected: &[(&str, f64)]) {
            let found = classes.read(&row(values), top).unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, (label, probability)) in found.iter().zip(expected) {
                assert_eq!(found.label, *label);
                assert!((found.probability - probability).abs() < 1e-6, "{found:?} {probability}");
            }
        }
        let three = ["a", "b", "c"];
        let ln = |number: f32| number.ln();
        let logits = [ln(1.0), ln(2.0), ln(5.0)];
        check(&classes(&three, 1.0, Scale::Logits), &logits, 9, &[("c", 0.625), ("b", 0.25), ("a", 0.125)]);
        check(&classes(&three, 1.0, Scale::Logits), &logits, 1, &[("c", 0.625)]);
        check(&classes(&three, 1.0, Scale::Logits), &logits, 0, &[]);
        let sum = 1.0 + 2f64.sqrt() + 5f64.sqrt();
        check(&classes(&three, 2.0, Scale::Logits), &logits, 1, &[("c", 5f64.sqrt() / sum)]);
        check(
            &classes(&three, 1.0, Scale::Probabilities),
            &[0.0, 0.25, 0.75],
            2,
            &[("c", 0.75), ("b", 0.25)],
        );
        check(&classes(&[], 1.0, Scale::Logits), &[0.0, 0.0], 2, &[("0", 0.5), ("1", 0.5)]);
        check(&classes(&three, 1.0, Scale::Logits), &[3e38, -3e38, 0.0], 1, &[("a", 1.0)]);
    }

    #[test]
    fn what_applies_and_what_is_unknown() {
        let of = |values: &[f32], classes: &Classes| -> Vec<(String, Option<bool>)> {
            let found = classes.read(&row(values), 3).unwrap();
            found.into_iter().map(|class| (class.label, class.applies)).collect()
        };
        let mut many = classes(&["a", "b", "c"], 1.0, Scale::Logits);
        many.thresholds = vec![0.9, 0.2, 0.5];
        // Sigmoids of .5, .73 and .27.
        let expected =
            [("b", true), ("a", false), ("c", false)].map(|(label, is)| (label.to_owned(), Some(is)));
        assert_eq!(of(&[0.0, 1.0, -1.0], &many), expected);
        let mut one = classes(&["a", "none", "c"], 1.0, Scale::Logits);
        one.unknown = Some((1, 0.6));
        let order = |values: &[f32]| of(values, &one).into_iter().map(|(label, _)| label).collect::<String>();
        assert_eq!(order(&[3.0, 0.0, 1.0]), "acnone");
        assert_eq!(order(&[1.0, 0.0, 0.5]), "noneac");
        assert_eq!(order(&[0.0, 3.0, 0.5]), "noneca");
    }

    #[test]
    fn what_is_no_row_of_classes() {
        let classes = classes(&["a", "b"], 1.0, Scale::Logits);
        let check = |outputs: &[Tensor], expected: OutputError| {
            assert_eq!(classes.read(outputs, 5).unwrap_err(), expected);
        };
        check(&[], OutputError::Form);
        check(&row(&[]), OutputError::Form);
        check(&[Tensor::new(vec![2, 2], Data::F32(vec![0.0; 4])).unwrap()], OutputError::Form);
        check(&[Tensor::new(vec![2], Data::I64(vec![0; 2])).unwrap()], OutputError::Form);
        check(&row(&[0.0; 3]), OutputError::Length { found: 3, expected: 2 });
        check(&row(&[0.0, f32::NAN]), OutputError::NotANumber);
        check(&row(&[0.0, f32::INFINITY]), OutputError::NotANumber);
    }
}
