//! Logistic regression with a penalty, to its optimum.

use super::bag::Loss;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Steps of which the optimiser remembers the curvature.
const MEMORY: usize = 10;
/// The most steps.
const STEPS: usize = 200;
/// A step is tried half as long so many times.
const HALVES: usize = 30;
/// The share of what a straight slope promises that a step must bring (Armijo 1966).
const SHARE: f64 = 1e-4;
/// The slope at which it is at the bottom.
const FLAT: f64 = 1e-5;
/// Examples whose gradient is summed on one thread.
const TOGETHER: usize = 256;

/// A matrix and biases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// Values of an example.
    pub width: usize,
    /// `classes x width`.
    pub weight: Vec<f32>,
    /// One for each class.
    pub bias: Vec<f32>,
}

/// What is learnt from: `N x width` values, and `N x classes` shares that are wanted.
#[derive(Clone, Copy)]
pub(super) struct Examples<'a> {
    pub(super) width: usize,
    pub(super) classes: usize,
    pub(super) values: &'a [f32],
    pub(super) shares: &'a [f32],
    /// Whether each class is there or not, or not known (NaN); else shares add up to 1.
    pub(super) many: bool,
}

impl Linear {
    /// All zeros.
    pub(super) fn new(width: usize, classes: usize) -> Self {
        Self { width, weight: vec![0.0; width * classes], bias: vec![0.0; classes] }
    }

    /// The logits of an example.
    #[must_use]
    pub fn logits(&self, values: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.width.max(1)).zip(&self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(values).map(|(a, b)| a * b).sum::<f32>()).collect()
    }
}

/// The least mean loss plus half of `penalty` times the squares of the weights, from a first guess, by L-BFGS with a
/// search along each step (Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 3.1). Gives the mean loss
/// without the penalty. The same on any number of threads.
pub(super) fn fit(examples: Examples<'_>, penalty: f64, linear: &mut Linear) -> f64 {
    let mut at: Vec<f64> = linear.weight.iter().chain(&linear.bias).map(|&x| f64::from(x)).collect();
    let (mut loss, mut slope) = worth(examples, penalty, &at);
    let mut memory: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for _ in 0..STEPS {
        if dot(&slope, &slope).sqrt() < FLAT {
            break;
        }
        let mut step = direction(&slope, &memory);
        let mut down = dot(&step, &slope);
        if down >= 0.0 {
            memory.clear();
            step = slope.iter().map(|x| -x).collect();
            down = -dot(&slope, &slope);
        }
        let mut length = 1.0;
        let found = (0..HALVES).find_map(|_| {
            let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x + length * s).collect();
            let (lower, steep) = worth(examples, penalty, &next);
            let enough = lower <= loss + SHARE * length * down;
            length /= 2.0;
            enough.then_some((next, lower, steep))
        });
        let Some((next, lower, steep)) = found else { break };
        let moved: Vec<f64> = next.iter().zip(&at).map(|(new, old)| new - old).collect();
        let turned: Vec<f64> = steep.iter().zip(&slope).map(|(new, old)| new - old).collect();
        if dot(&moved, &turned) > 1e-12 {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((moved, turned));
        }
        (at, loss, slope) = (next, lower, steep);
    }
    let weights = linear.weight.len();
    for (value, x) in linear.weight.iter_mut().chain(&mut linear.bias).zip(&at) {
        *value = *x as f32;
    }
    loss - penalty / 2.0 * at.iter().take(weights).map(|x| x * x).sum::<f64>()
}

/// Where to go, by the curvature of the last steps (two-loop recursion).
fn direction(slope: &[f64], memory: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
    let mut way: Vec<f64> = slope.iter().map(|x| -x).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (moved, turned) in memory.iter().rev() {
        let share = dot(moved, &way) / dot(moved, turned);
        way.iter_mut().zip(turned).for_each(|(x, t)| *x -= share * t);
        shares.push(share);
    }
    if let Some((moved, turned)) = memory.last() {
        let scale = dot(moved, turned) / dot(turned, turned);
        way.iter_mut().for_each(|x| *x *= scale);
    }
    for ((moved, turned), share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(turned, &way) / dot(moved, turned);
        way.iter_mut().zip(moved).for_each(|(x, m)| *x += (share - back) * m);
    }
    way
}

/// The mean loss with the penalty, and its gradient.
fn worth(examples: Examples<'_>, penalty: f64, at: &[f64]) -> (f64, Vec<f64>) {
    let Examples { width, classes, values, shares, .. } = examples;
    let weights = width * classes;
    let linear = Linear {
        width,
        weight: at.iter().take(weights).map(|&x| x as f32).collect(),
        bias: at.iter().skip(weights).map(|&x| x as f32).collect(),
    };
    let parts: Vec<(f64, Vec<f32>)> = values
        .par_chunks(TOGETHER * width.max(1))
        .zip(shares.par_chunks(TOGETHER * classes.max(1)))
        .map(|(values, shares)| part(examples, &linear, values, shares))
        .collect();
    let over = 1.0 / (shares.len() / classes.max(1)).max(1) as f64;
    let mut slope = vec![0.0; at.len()];
    let mut loss = 0.0;
    for (some, gradient) in parts {
        loss += over * some;
        slope.iter_mut().zip(gradient).for_each(|(sum, x)| *sum += over * f64::from(x));
    }
    for (x, weight) in slope.iter_mut().zip(at).take(weights) {
        *x += penalty * weight;
        loss += penalty / 2.0 * weight * weight;
    }
    (loss, slope)
}

/// The sum of the losses of some examples, and its gradient.
fn part(examples: Examples<'_>, linear: &Linear, values: &[f32], shares: &[f32]) -> (f64, Vec<f32>) {
    let Examples { width, classes, many, .. } = examples;
    let mut gradient = vec![0.0; classes * (width + 1)];
    let (weight, bias) = gradient.split_at_mut(classes * width);
    let mut loss = 0.0;
    for (values, shares) in values.chunks_exact(width.max(1)).zip(shares.chunks_exact(classes.max(1))) {
        let mut logits = linear.logits(values);
        let of = if many { Loss::Logistic } else { Loss::CrossEntropy };
        loss += of.gradient(&mut logits, shares);
        for ((row, bias), &logit) in weight.chunks_exact_mut(width.max(1)).zip(&mut *bias).zip(&logits) {
            *bias += logit;
            row.iter_mut().zip(values).for_each(|(sum, x)| *sum += logit * x);
        }
    }
    (loss, gradient)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 12] = [0.0, 1.0, 0.2, 0.8, 1.0, 0.1, 0.9, -0.2, -1.0, -0.9, -0.8, -1.1];

    fn examples(shares: &[f32], classes: usize, many: bool) -> Examples<'_> {
        Examples { width: 2, classes, values: &VALUES, shares, many }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let one = [1.0, 0.0, 0.0, 0.7, 0.2, 0.1, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let mut masked = one;
        [1, 5, 9, 10, 11].into_iter().for_each(|place| masked[place] = f32::NAN);
        for (shares, many) in [(&one, false), (&one, true), (&masked, true)] {
            let examples = examples(shares, 3, many);
            let at: Vec<f64> = (0..9).map(|place| f64::from(place) * 0.1 - 0.4).collect();
            let (_, slope) = worth(examples, 0.3, &at);
            for place in 0..at.len() {
                let moved = |by: f64| {
                    let mut at = at.clone();
                    at[place] += by;
                    worth(examples, 0.3, &at).0
                };
                let by_hand = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((by_hand - slope[place]).abs() < 1e-3, "{by_hand} {}", slope[place]);
            }
        }
    }

    /// A class that is known of some of the examples gets the row that it gets from these alone. The penalty is beside the
    /// mean loss of all examples.
    #[test]
    fn what_is_not_known_of_a_class_changes_nothing_of_it() {
        let (nan, penalty) = (f32::NAN, 0.02);
        let shares = [1.0, nan, nan, 0.0, 1.0, 1.0, 0.0, nan, nan, 1.0, 0.0, 0.0];
        let mut joint = Linear::new(2, 2);
        fit(examples(&shares, 2, true), penalty, &mut joint);
        for class in 0..2 {
            let of = |at: &usize| shares[at * 2 + class];
            let known: Vec<usize> = (0..6).filter(|at| !of(at).is_nan()).collect();
            let values: Vec<f32> = known.iter().flat_map(|at| VALUES[at * 2..at * 2 + 2].to_vec()).collect();
            let shares: Vec<f32> = known.iter().map(of).collect();
            let some = Examples { width: 2, classes: 1, values: &values, shares: &shares, many: true };
            let mut alone = Linear::new(2, 1);
            fit(some, penalty * 6.0 / known.len() as f64, &mut alone);
            let row = joint.weight[class * 2..class * 2 + 2].iter().chain([&joint.bias[class]]);
            for (found, expected) in row.zip(alone.weight.iter().chain(&alone.bias)) {
                assert!((found - expected).abs() < 1e-2, "{joint:?} {alone:?}");
            }
        }
    }

    #[test]
    fn it_ends_where_it_is_flat_whatever_it_begins_with() {
        let shares = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
        let examples = examples(&shares, 2, false);
        let mut one = Linear::new(2, 2);
        let mut other = Linear { width: 2, weight: vec![3.0, -2.0, 1.0, 4.0], bias: vec![1.0, 1.0] };
        let (first, second) = (fit(examples, 0.1, &mut one), fit(examples, 0.1, &mut other));
        assert!((first - second).abs() < 1e-4 && first < 0.65, "{first} {second}");
        for (x, y) in one.weight.iter().zip(&other.weight) {
            assert!((x - y).abs() < 1e-3, "{one:?} {other:?}");
        }
        // A weaker penalty fits closer.
        assert!(fit(examples, 1e-3, &mut one) < first);
    }
}
