//! Steps down the gradient.

use crate::orthogonal::orthogonalised;
use crate::{Gradient, Gradients, ParameterKind, Parameters};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values that one thread steps at a time. Each value is stepped by itself, so that the number of threads changes nothing.
const PIECE: usize = 1 << 14;

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
    /// Steps of one length in every direction for the kernels of convolutions, whose own lengths are kept, and
    /// gradient descent with Nesterov's momentum for everything else (Jordan et al. 2024, "Muon").
    Muon {
        /// The share of the last step that a step of the others keeps.
        momentum: f32,
        /// How much weights other than kernels shrink.
        weight_decay: f32,
        /// The share of the last gradients that a step of kernels keeps.
        kernel_momentum: f32,
        /// The rate of kernels as a multiple of that of the others.
        kernel_rate: f32,
    },
}

impl OptimiserConfig {
    /// Adam with its usual settings and no decay.
    pub const ADAM: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
}

/// A rule as it is kept with its memory. [`OptimiserConfig`] is written as people write recipes, by a `kind`
/// among the settings, which formats that do not describe themselves cannot read back.
#[derive(Serialize, Deserialize)]
#[serde(remote = "OptimiserConfig")]
enum Rule {
    Sgd { momentum: f32, nesterov: bool, weight_decay: f32 },
    AdamW { beta1: f32, beta2: f32, epsilon: f32, weight_decay: f32 },
    Muon { momentum: f32, weight_decay: f32, kernel_momentum: f32, kernel_rate: f32 },
}

/// A rule with its memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimiser {
    #[serde(with = "Rule")]
    config: OptimiserConfig,
    offset_rate: f32,
    /// How many times as long the steps of each parameter are; once as long where there is none.
    rates: Vec<f32>,
    steps: i32,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
}

impl Optimiser {
    /// Begins.
    #[must_use]
    pub fn new(config: OptimiserConfig) -> Self {
        Self { config, offset_rate: 1.0, rates: Vec::new(), steps: 0, first: Vec::new(), second: Vec::new() }
    }

    /// The same with the steps of offsets this many times as long.
    #[must_use]
    pub fn with_offset_rate(self, factor: f32) -> Self {
        Self { offset_rate: factor, ..self }
    }

    /// The same with the steps of each parameter, in their order, this many times as long.
    #[must_use]
    pub fn with_rates(self, rates: Vec<f32>) -> Self {
        Self { rates, ..self }
    }

    /// Changes every parameter that has a gradient, by steps of this rate. Of a table with gradients of some
    /// rows only those rows change, and their memory with them, as in PyTorch's `SparseAdam`: a step costs
    /// what the gradients hold and not what the parameters hold.
    pub fn step(&mut self, parameters: &mut Parameters, gradients: &Gradients, rate: f32) {
        self.steps += 1;
        self.first.resize_with(parameters.len(), Vec::new);
        self.second.resize_with(parameters.len(), Vec::new);
        let memory = self.first.iter_mut().zip(&mut self.second);
        let rates = self.rates.iter().copied().chain(std::iter::repeat(1.0));
        let all = parameters.iter_mut().zip(gradients).zip(memory).zip(rates);
        for (((parameter, gradient), (first, second)), factor) in all {
            let Some(gradient) = gradient else { continue };
            if parameter.kind == ParameterKind::Statistic {
                continue;
            }
            let decays = parameter.kind == ParameterKind::Weight;
            let rate = factor * rate;
            let rate = if parameter.kind == ParameterKind::Offset { rate * self.offset_rate } else { rate };
            let step = Step { config: self.config, steps: self.steps, rate, decays };
            // Kernels of one input channel have no directions to tell apart.
            let kernel = match parameter.shape[..] {
                [_, inputs, height, width] if inputs > 1 => Some(inputs * height * width),
                _ => None,
            };
            let values = &mut parameter.values;
            first.resize(values.len(), 0.0);
            if let (OptimiserConfig::Muon { kernel_momentum, kernel_rate, .. }, Some(columns)) =
                (self.config, kernel)
                && let Gradient::Dense(gradient) = gradient
            {
                turn(values, gradient, first, columns, kernel_momentum, rate * kernel_rate);
                continue;
            }
            if matches!(self.config, OptimiserConfig::AdamW { .. }) {
                second.resize(values.len(), 0.0);
            }
            match gradient {
                Gradient::Dense(gradient) => step.apply_in_pieces(values, gradient, first, second),
                Gradient::Rows { rows, values: gradient } => {
                    let width = gradient.len() / rows.len().max(1);
                    for (&row, gradient) in rows.iter().zip(gradient.chunks_exact(width.max(1))) {
                        let place = row as usize * width..(row as usize + 1) * width;
                        let second = second.get_mut(place.clone()).unwrap_or_default();
                        if let (Some(values), Some(first)) =
                            (values.get_mut(place.clone()), first.get_mut(place))
                        {
                            step.apply(values, gradient, first, second);
                        }
                    }
                }
            }
        }
    }
}

/// One step of one parameter, or of a row of it.
#[derive(Clone, Copy)]
struct Step {
    config: OptimiserConfig,
    steps: i32,
    rate: f32,
    decays: bool,
}

impl Step {
    /// A step of many values, on all threads.
    fn apply_in_pieces(self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let pieces = values.par_chunks_mut(PIECE).zip(gradient.par_chunks(PIECE));
        let pieces = pieces.zip(first.par_chunks_mut(PIECE));
        if second.is_empty() {
            pieces.for_each(|((values, gradient), first)| self.apply(values, gradient, first, &mut []));
        } else {
            pieces.zip(second.par_chunks_mut(PIECE)).for_each(|(((values, gradient), first), second)| {
                self.apply(values, gradient, first, second)
            });
        }
    }

    fn apply(self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let rate = self.rate;
        match self.config {
            OptimiserConfig::Sgd { momentum, nesterov, weight_decay } => {
                self.descend(values, gradient, first, (momentum, nesterov, weight_decay));
            }
            OptimiserConfig::Muon { momentum, weight_decay, .. } => {
                self.descend(values, gradient, first, (momentum, true, weight_decay));
            }
            OptimiserConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let keep = if self.decays { 1.0 - rate * weight_decay } else { 1.0 };
                // The means begin at 0, which is taken out.
                let (first_bias, second_bias) = (1.0 - beta1.powi(self.steps), 1.0 - beta2.powi(self.steps));
                let by = Adam { beta1, beta2, epsilon, keep, rate, first_bias, second_bias };
                Arch::new().dispatch(AdamStep { by, values, gradient, first, second });
            }
        }
    }
}

/// The numbers of a step of Adam.
#[derive(Clone, Copy)]
struct Adam {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    keep: f32,
    rate: f32,
    first_bias: f32,
    second_bias: f32,
}

// A structure and not a closure: a compiler may leave the call of a closure as it is, without the processor's features.
struct AdamStep<'a> {
    by: Adam,
    values: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl NullaryFnOnce for AdamStep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Adam { beta1, beta2, epsilon, keep, rate, first_bias, second_bias } = self.by;
        let values = self.values.iter_mut().zip(self.gradient).zip(self.first).zip(self.second);
        for (((value, &gradient), mean), square) in values {
            *mean += (1.0 - beta1) * (gradient - *mean);
            *square += (1.0 - beta2) * (gradient * gradient - *square);
            let deviation = (*square / second_bias).sqrt() + epsilon;
            *value = *value * keep - rate * (*mean / first_bias) / deviation;
        }
    }
}

impl Step {
    fn descend(
        self,
        values: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
        (momentum, nesterov, weight_decay): (f32, bool, f32),
    ) {
        let decay = if self.decays { weight_decay } else { 0.0 };
        for ((value, &gradient), velocity) in values.iter_mut().zip(gradient).zip(velocity) {
            let gradient = gradient + decay * *value;
            *velocity = momentum * *velocity + gradient;
            let step = if nesterov { gradient + momentum * *velocity } else { *velocity };
            *value -= self.rate * step;
        }
    }
}

/// A step of kernels that is as long in every direction, from kernels that are brought to the same length each
/// time, the root of their number: their length says nothing where they are normalised.
fn turn(values: &mut [f32], gradient: &[f32], memory: &mut [f32], columns: usize, momentum: f32, rate: f32) {
    let mut ahead = Vec::with_capacity(values.len());
    for (memory, &gradient) in memory.iter_mut().zip(gradient) {
        *memory = momentum * *memory + gradient;
        ahead.push(gradient + momentum * *memory);
    }
    let step = orthogonalised(&ahead, columns);
    let length = values.iter().map(|x| x * x).sum::<f32>().sqrt();
    let kept = if length > 0.0 { (values.len() as f32 / columns as f32).sqrt() / length } else { 1.0 };
    values.iter_mut().zip(step).for_each(|(value, step)| *value = *value * kept - rate * step);
}

/// Shortens gradients that are together longer than `most`, and gives their length before.
pub fn clip(gradients: &mut Gradients, most: f32) -> f32 {
    let square: f64 = gradients.iter().flatten().map(|gradient| square_of(gradient.values())).sum();
    let length = square.sqrt() as f32;
    if length > most && length.is_finite() {
        let factor = most / length;
        for gradient in gradients.iter_mut().flatten() {
            gradient
                .values_mut()
                .par_chunks_mut(PIECE)
                .for_each(|piece| piece.iter_mut().for_each(|x| *x *= factor));
        }
    }
    length
}

/// The square of a length, added up in the same order on any number of threads.
fn square_of(values: &[f32]) -> f64 {
    let pieces = values.par_chunks(PIECE).map(|piece| {
        let (parts, rest) = piece.as_chunks::<8>();
        let square = |x: f32| f64::from(x) * f64::from(x);
        let mut sums = [0.0; 8];
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, &x)| *sum += square(x));
        }
        sums.iter().sum::<f64>() + rest.iter().map(|&x| square(x)).sum::<f64>()
    });
    pieces.collect::<Vec<f64>>().iter().sum()
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
                &[vec![0.5, 1.0], vec![-1.0], vec![9.0]].map(|values| Some(Gradient::Dense(values))).to_vec(),
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
        let others = Optimiser::new(sgd).with_rates(vec![1.0, 3.0]);
        check(others, [1.0 - 0.06 - 0.1134, -2.0 - 0.08 - 0.1512, 0.5 + 0.3 + 0.57]);
        let sgd = OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 };
        check(Optimiser::new(sgd), [1.0 - 0.095 - 0.1355, -2.0 - 0.19 - 0.271, 0.5 + 0.19 + 0.271]);
        // With one and the same gradient a step of Adam is the rate.
        let adam = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-12, weight_decay: 0.5 };
        let decayed = |x: f32| (x * 0.95 - 0.1) * 0.95 - 0.1;
        check(Optimiser::new(adam), [decayed(1.0), decayed(-2.0), 0.7]);
    }

    #[test]
    fn kernels_turn_and_keep_their_length() {
        let kernels = |values: Vec<f32>| {
            let mut parameters = Parameters::default();
            let (name, kind) = (String::new(), ParameterKind::Weight);
            parameters.add(Parameter { name, shape: vec![2, 2, 1, 1], kind, values });
            parameters
        };
        let (momentum, weight_decay) = (0.9, 0.1);
        let muon = OptimiserConfig::Muon { momentum, weight_decay, kernel_momentum: 0.5, kernel_rate: 2.0 };
        let mut of = kernels(vec![3.0, 0.0, 0.0, 4.0]);
        let mut optimiser = Optimiser::new(muon);
        optimiser.step(&mut of, &vec![Some(Gradient::Dense(vec![0.0, 9.0, 0.1, 0.0]))], 0.1);
        let found = of.iter().next().unwrap().values.clone();
        let length = 2f32.sqrt() / 5.0;
        assert!(
            (found[0] - 3.0 * length).abs() < 1e-5 && (found[3] - 4.0 * length).abs() < 1e-5,
            "{found:?}"
        );
        // The small gradient makes as long a step as the large one, about the rate of kernels.
        assert!(found[1..3].iter().all(|step| (-0.25..-0.13).contains(step)), "{found:?}");
        // What is no kernel goes down as with Nesterov's momentum.
        let sgd = OptimiserConfig::Sgd { momentum, nesterov: true, weight_decay };
        let (mut one, mut other) = (parameters(), parameters());
        let gradients = [vec![0.5, 1.0], vec![-1.0], vec![9.0]].map(|values| Some(Gradient::Dense(values)));
        Optimiser::new(muon).step(&mut one, &gradients.to_vec(), 0.1);
        Optimiser::new(sgd).step(&mut other, &gradients.to_vec(), 0.1);
        assert_eq!(one, other);
    }

    #[test]
    fn rows_change_as_if_they_were_parameters_of_their_own() {
        let of = |values: Vec<f32>| {
            let mut parameters = Parameters::default();
            let (name, kind) = (String::new(), ParameterKind::Weight);
            parameters.add(Parameter { name, shape: vec![values.len() / 2, 2], kind, values });
            parameters
        };
        let values = |parameters: &Parameters| parameters.iter().next().unwrap().values.clone();
        let sgd = OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.1 };
        let adam = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 };
        for config in [sgd, adam] {
            let (mut table, mut row) = (of(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), of(vec![3.0, 4.0]));
            let (mut one, mut other) = (Optimiser::new(config), Optimiser::new(config));
            for gradient in [[0.5, -1.0], [0.25, 2.0]] {
                let rows = Gradient::Rows { rows: vec![1, 9], values: [gradient, [1.0, 1.0]].concat() };
                one.step(&mut table, &vec![Some(rows)], 0.1);
                other.step(&mut row, &vec![Some(Gradient::Dense(gradient.to_vec()))], 0.1);
            }
            // The row beyond the table is nobody's.
            let expected = [&[1.0, 2.0][..], &values(&row), &[5.0, 6.0]].concat();
            assert_eq!(values(&table), expected, "{config:?}");
        }
    }

    #[test]
    fn long_gradients_are_shortened() {
        let rows = Gradient::Rows { rows: vec![7], values: vec![0.0, 4.0] };
        let mut gradients = vec![Some(Gradient::Dense(vec![3.0])), None, Some(rows)];
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((clip(&mut gradients, 9.0) - 1.0).abs() < 1e-6);
    }
}
