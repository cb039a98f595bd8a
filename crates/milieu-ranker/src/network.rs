//! The network while it learns: loss, gradient by backpropagation, Adam.

use crate::examples::{POSITIVE, UNLABELLED};
use crate::forward::sigmoid;
use crate::model::{MAX_HIDDEN, MAX_TASKS};
use pulp::{Arch, Simd, WithSimd};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// Sizes of the network: features, hidden units, tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) features: usize,
    pub(crate) hidden: usize,
    pub(crate) tasks: usize,
}

impl Shape {
    fn first(&self) -> usize {
        self.features * self.hidden
    }

    fn second(&self) -> usize {
        self.hidden * self.tasks
    }

    fn total(&self) -> usize {
        self.first() + self.hidden + self.second() + self.tasks
    }
}

/// All weights in one vector, so that the optimiser and the gradient check see one: hidden weights (`F x H`), hidden
/// bias, head weights (`H x A`), head bias.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    pub(crate) shape: Shape,
    pub(crate) values: Vec<f32>,
}

/// The four parts of a vector of weights or of a gradient.
pub(crate) struct Parts<'a> {
    pub(crate) hidden_weights: &'a [f32],
    pub(crate) hidden_bias: &'a [f32],
    pub(crate) head_weights: &'a [f32],
    pub(crate) head_bias: &'a [f32],
}

/// Examples of one step, already standardised.
pub(crate) struct Batch<'a> {
    /// `n x F`.
    pub(crate) rows: &'a [f32],
    /// `n x A`.
    pub(crate) labels: &'a [u8],
    /// `n`.
    pub(crate) weights: &'a [f32],
}

impl Network {
    /// Random hidden weights (He et al. 2015: variance 2 / inputs), small head weights, and the given head bias.
    pub(crate) fn new(shape: Shape, head_bias: &[f32], random: &mut Pcg64Mcg) -> Self {
        let mut values = vec![0.0; shape.total()];
        let mut uniform = |part: &mut [f32], variance: f32| {
            let limit = (3.0 * variance).sqrt();
            part.iter_mut().for_each(|x| *x = random.random_range(-limit..=limit));
        };
        uniform(&mut values[..shape.first()], 2.0 / shape.features as f32);
        let heads = shape.first() + shape.hidden;
        uniform(&mut values[heads..heads + shape.second()], 0.2 / shape.hidden as f32);
        values[heads + shape.second()..].copy_from_slice(head_bias);
        Self { shape, values }
    }

    /// The parts of the weights.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let (hidden_weights, rest) = self.values.split_at(self.shape.first());
        let (hidden_bias, rest) = rest.split_at(self.shape.hidden);
        let (head_weights, head_bias) = rest.split_at(self.shape.second());
        Parts { hidden_weights, hidden_bias, head_weights, head_bias }
    }

    /// The head bias.
    pub(crate) fn head_bias_mut(&mut self) -> &mut [f32] {
        let start = self.values.len() - self.shape.tasks;
        &mut self.values[start..]
    }

    /// The weighted cross entropy of a batch, summed over its labelled tasks and divided by its size, plus
    /// `decay / 2 * |weights|^2` (without the biases). Writes its gradient.
    pub(crate) fn loss_and_gradient(
        &self,
        batch: &Batch<'_>,
        task_weights: &[f32],
        decay: f32,
        gradient: &mut [f32],
    ) -> f32 {
        Arch::new().dispatch(Backward { network: self, batch, task_weights, decay, gradient })
    }
}

struct Backward<'a> {
    network: &'a Network,
    batch: &'a Batch<'a>,
    task_weights: &'a [f32],
    decay: f32,
    gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f32 {
        let Self { network, batch, task_weights, decay, gradient } = self;
        let Shape { features, hidden, tasks } = network.shape;
        let weights = network.parts();
        gradient.fill(0.0);
        let (g_first, rest) = gradient.split_at_mut(network.shape.first());
        let (g_hidden, rest) = rest.split_at_mut(hidden);
        let (g_second, g_heads) = rest.split_at_mut(network.shape.second());
        let share = 1.0 / batch.weights.len().max(1) as f32;
        let mut loss = 0.0f64;
        let (mut units, mut d_units) = ([0.0f32; MAX_HIDDEN], [0.0f32; MAX_HIDDEN]);
        let (mut logits, mut d_logits) = ([0.0f32; MAX_TASKS], [0.0f32; MAX_TASKS]);
        let (units, d_units) = (&mut units[..hidden], &mut d_units[..hidden]);
        let (logits, d_logits) = (&mut logits[..tasks], &mut d_logits[..tasks]);

        let examples = batch.rows.chunks_exact(features).zip(batch.labels.chunks_exact(tasks));
        for ((row, labels), weight) in examples.zip(batch.weights) {
            units.copy_from_slice(weights.hidden_bias);
            for (x, w) in row.iter().zip(weights.hidden_weights.chunks_exact(hidden)) {
                add_scaled(*x, w, units);
            }
            units.iter_mut().for_each(|unit| *unit = unit.max(0.0));
            logits.copy_from_slice(weights.head_bias);
            for (unit, w) in units.iter().zip(weights.head_weights.chunks_exact(tasks)) {
                add_scaled(*unit, w, logits);
            }

            for task in 0..tasks {
                let label = labels[task];
                let scale = weight * share * task_weights[task];
                if label == UNLABELLED {
                    d_logits[task] = 0.0;
                    continue;
                }
                let target = f32::from(u8::from(label == POSITIVE));
                let logit = logits[task];
                d_logits[task] = scale * (sigmoid(logit) - target);
                let entropy = logit.max(0.0) - target * logit + (-logit.abs()).exp().ln_1p();
                loss += f64::from(scale * entropy);
            }

            add_scaled(1.0, d_logits, g_heads);
            let heads = weights.head_weights.chunks_exact(tasks).zip(g_second.chunks_exact_mut(tasks));
            for ((unit, d_unit), (w, g)) in units.iter().zip(d_units.iter_mut()).zip(heads) {
                // The rectifier lets a gradient through only where the unit is on.
                *d_unit = 0.0;
                if *unit > 0.0 {
                    *d_unit = w.iter().zip(&*d_logits).map(|(w, d)| w * d).sum();
                    add_scaled(*unit, d_logits, g);
                }
            }
            add_scaled(1.0, d_units, g_hidden);
            for (x, g) in row.iter().zip(g_first.chunks_exact_mut(hidden)) {
                add_scaled(*x, d_units, g);
            }
        }

        let mut decay_by = |weights: &[f32], gradient: &mut [f32]| {
            let square: f32 = weights.iter().map(|w| w * w).sum();
            loss += f64::from(0.5 * decay * square);
            add_scaled(decay, weights, gradient);
        };
        decay_by(weights.hidden_weights, g_first);
        decay_by(weights.head_weights, g_second);
        loss as f32
    }
}

#[inline(always)]
fn add_scaled(scale: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += scale * x;
    }
}

/// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015).
pub(crate) struct Adam {
    rate: f32,
    step: i32,
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Adam {
    const BETA_MEAN: f32 = 0.9;
    const BETA_SQUARE: f32 = 0.999;
    const EPSILON: f32 = 1e-8;

    pub(crate) fn new(rate: f32, size: usize) -> Self {
        Self { rate, step: 0, mean: vec![0.0; size], square: vec![0.0; size] }
    }

    pub(crate) fn step(&mut self, values: &mut [f32], gradient: &[f32]) {
        self.step = self.step.saturating_add(1);
        let mean_bias = 1.0 - Self::BETA_MEAN.powi(self.step);
        let square_bias = 1.0 - Self::BETA_SQUARE.powi(self.step);
        let rate = self.rate * square_bias.sqrt() / mean_bias;
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, g), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            *mean += (1.0 - Self::BETA_MEAN) * (g - *mean);
            *square += (1.0 - Self::BETA_SQUARE) * (g * g - *square);
            *value -= rate * *mean / (square.sqrt() + Self::EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::NEGATIVE;
    use rand::SeedableRng;

    #[test]
    fn gradient_equals_finite_differences() {
        let shape = Shape { features: 5, hidden: 7, tasks: 3 };
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut network = Network::new(shape, &[-1.0, 0.5, 0.0], &mut random);
        let rows: Vec<f32> = (0..5 * 9).map(|_| random.random_range(-2.0..2.0)).collect();
        let labels: Vec<u8> = (0..3 * 9).map(|_| random.random_range(NEGATIVE..=UNLABELLED)).collect();
        let weights: Vec<f32> = (0..9).map(|_| random.random_range(0.0..2.0)).collect();
        let batch = Batch { rows: &rows, labels: &labels, weights: &weights };
        let task_weights = [1.0, 2.0, 0.5];
        let mut gradient = vec![0.0; network.values.len()];
        let mut unused = gradient.clone();
        network.loss_and_gradient(&batch, &task_weights, 0.1, &mut gradient);
        for (place, found) in gradient.iter().enumerate() {
            let was = network.values[place];
            let mut at = |value: f32| {
                network.values[place] = value;
                network.loss_and_gradient(&batch, &task_weights, 0.1, &mut unused)
            };
            let step = 2e-3;
            let slope = (at(was + step) - at(was - step)) / (2.0 * step);
            network.values[place] = was;
            assert!((slope - found).abs() < 2e-3 * (1.0 + slope.abs()), "{place}: {slope} {found}");
        }
    }
}
