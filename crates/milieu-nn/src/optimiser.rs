//! Steps down the gradient.

use crate::{Gradients, ParameterKind, Parameters};
use serde::{Deserialize, Serialize};

/// A rule for steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OptimiserConfig {
    /// Gradient descent with momentum; decay is added to the gradient, as PyTorch does.
    Sgd {
        /// The share of the last step that a step keeps.
        momentum: f32,
        /// Whether the gradient is taken as after the next step (Nesterov 1983).
        nesterov: bool,
        /// How much weights shrink.
        weight_decay: f32,
    },
    /// Adam with decay apart from the gradient (Loshchilov and Hutter 2019).
    AdamW {
        /// The share of the past in the mean of gradients.
        beta1: f32,
        /// The share of the past in the mean of squares.
        beta2: f32,
        /// Added to the root of the mean of squares.
        epsilon: f32,
        /// How much weights shrink.
        weight_decay: f32,
    },
}

impl OptimiserConfig {
    /// Adam with its usual settings and no decay.
    pub const ADAM: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
}

/// A rule with its memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimiser {
    config: OptimiserConfig,
    offset_rate: f32,
    steps: i32,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
}

impl Optimiser {
    /// Begins.
    #[must_use]
    pub fn new(config: OptimiserConfig) -> Self {
        Self { config, offset_rate: 1.0, steps: 0, first: Vec::new(), second: Vec::new() }
    }

    /// The same with the steps of offsets this many times as long.
    #[must_use]
    pub fn with_offset_rate(self, factor: f32) -> Self {
        Self { offset_rate: factor, ..self }
    }

    /// Changes every parameter that has a gradient, by steps of this rate.
    pub fn step(&mut self, parameters: &mut Parameters, gradients: &Gradients, rate: f32) {
        self.steps += 1;
        self.first.resize_with(parameters.len(), Vec::new);
        self.second.resize_with(parameters.len(), Vec::new);
        let memory = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, gradient), (first, second)) in parameters.iter_mut().zip(gradients).zip(memory) {
            let Some(gradient) = gradient else { continue };
            if parameter.kind == ParameterKind::Statistic {
                continue;
            }
            let decays = parameter.kind == ParameterKind::Weight;
            let rate = if parameter.kind == ParameterKind::Offset { rate * self.offset_rate } else { rate };
            let values = parameter.values.iter_mut().zip(gradient);
            match self.config {
                OptimiserConfig::Sgd { momentum, nesterov, weight_decay } => {
                    first.resize(gradient.len(), 0.0);
                    let decay = if decays { weight_decay } else { 0.0 };
                    for ((value, &gradient), velocity) in values.zip(first) {
                        let gradient = gradient + decay * *value;
                        *velocity = momentum * *velocity + gradient;
                        let step = if nesterov { gradient + momentum * *velocity } else { *velocity };
                        *value -= rate * step;
                    }
                }
                OptimiserConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
                    first.resize(gradient.len(), 0.0);
                    second.resize(gradient.len(), 0.0);
                    let keep = if decays { 1.0 - rate * weight_decay } else { 1.0 };
                    // The means begin at 0, which is taken out.
                    let (first_bias, second_bias) =
                        (1.0 - beta1.powi(self.steps), 1.0 - beta2.powi(self.steps));
                    for (((value, &gradient), mean), square) in values.zip(first).zip(second) {
                        *mean += (1.0 - beta1) * (gradient - *mean);
                        *square += (1.0 - beta2) * (gradient * gradient - *square);
                        let deviation = (*square / second_bias).sqrt() + epsilon;
                        *value = *value * keep - rate * (*mean / first_bias) / deviation;
                    }
                }
            }
        }
    }
}

/// Shortens gradients that are together longer than `most`, and gives their length before.
pub fn clip(gradients: &mut Gradients, most: f32) -> f32 {
    let square: f64 = gradients.iter().flatten().flatten().map(|&x| f64::from(x) * f64::from(x)).sum();
    let length = square.sqrt() as f32;
    if length > most && length.is_finite() {
        gradients.iter_mut().flatten().flatten().for_each(|x| *x *= most / length);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameter;

    fn parameters() -> Parameters {
        let mut parameters = Parameters::default();
        for (kind, values) in [
            (ParameterKind::Weight, vec![1.0, -2.0]),
            (ParameterKind::Offset, vec![0.5]),
            (ParameterKind::Statistic, vec![3.0]),
        ] {
            let shape = vec![values.len()];
            parameters.add(Parameter { name: String::new(), shape, kind, values });
        }
        parameters
    }

    fn check(optimiser: Optimiser, expected: [f32; 3]) {
        let mut parameters = parameters();
        let (mut optimiser, config) = (optimiser.clone(), optimiser.config);
        for _ in 0..2 {
            optimiser.step(
                &mut parameters,
                &vec![Some(vec![0.5, 1.0]), Some(vec![-1.0]), Some(vec![9.0])],
                0.1,
            );
        }
        let found: Vec<f32> = parameters.iter().take(2).flat_map(|p| p.values.clone()).collect();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{config:?}: {found} {expected}");
        }
        assert_eq!(parameters.iter().last().unwrap().values, [3.0]);
    }

    #[test]
    fn two_steps_by_hand() {
        // v = g + d w: .6 then .6 * .9 + .5 + .1 * .94 = 1.134; likewise for the others.
        let sgd = OptimiserConfig::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.1 };
        check(Optimiser::new(sgd), [1.0 - 0.06 - 0.1134, -2.0 - 0.08 - 0.1512, 0.5 + 0.1 + 0.19]);
        let faster = Optimiser::new(sgd).with_offset_rate(2.0);
        check(faster, [1.0 - 0.06 - 0.1134, -2.0 - 0.08 - 0.1512, 0.5 + 0.2 + 0.38]);
        let sgd = OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 };
        check(Optimiser::new(sgd), [1.0 - 0.095 - 0.1355, -2.0 - 0.19 - 0.271, 0.5 + 0.19 + 0.271]);
        // With one and the same gradient a step of Adam is the rate.
        let adam = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-12, weight_decay: 0.5 };
        let decayed = |x: f32| (x * 0.95 - 0.1) * 0.95 - 0.1;
        check(Optimiser::new(adam), [decayed(1.0), decayed(-2.0), 0.7]);
    }

    #[test]
    fn long_gradients_are_shortened() {
        let mut gradients = vec![Some(vec![3.0]), None, Some(vec![0.0, 4.0])];
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((clip(&mut gradients, 9.0) - 1.0).abs() < 1e-6);
    }
}
