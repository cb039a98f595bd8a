//! Learning the coefficients of the strength: Poisson regression by Newton's method with halved steps, drawn towards known
//! coefficients.

use super::strength::{FEATURES, Features, TieModel};
use milieu_world::UserIx;

/// The most steps.
const STEPS: usize = 100;
/// The most halvings of a step that does not help.
const HALVINGS: usize = 30;
/// A smaller change of the mean loss ends it.
const TOLERANCE: f64 = 1e-10;

/// What is learnt from: features as of a time, and how many interactions came in the 30 days after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Who acts, and on whose items.
    pub between: (UserIx, UserIx),
    /// See [`super::features`].
    pub features: Features,
    /// How many came.
    pub count: u32,
}

/// What was learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The coefficients.
    pub model: TieModel,
    /// Steps that it took.
    pub steps: usize,
    /// The share of the deviance that the coefficients explain, against the mean count alone, on the samples learnt from.
    pub explained: f64,
}

/// Why nothing can be learnt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No sample has an interaction.
    #[error("nothing happened in the 30 days that are to be learnt from")]
    Nothing,
    /// A feature is not a finite number.
    #[error("sample {0} has a feature that is not a finite number")]
    Sample(usize),
    /// The pull towards the known coefficients is not above 0.
    #[error("the pull is {0}, and must be above 0")]
    Pull(f64),
}

/// Learns from pairs with something between them the coefficients: those that make the counts most likely, less `pull / 2` times the squared distance from `known`.
/// What is expected of strangers stays as `known` has it.
///
/// # Errors
/// [`FitError`].
pub fn fit(samples: &[Sample], known: &TieModel, pull: f64) -> Result<Fit, FitError> {
    if pull.is_nan() || pull <= 0.0 {
        return Err(FitError::Pull(pull));
    }
    let usable = |sample: &Sample| sample.features.iter().all(|x| x.is_finite());
    if let Some(place) = samples.iter().position(|sample| !usable(sample)) {
        return Err(FitError::Sample(place));
    }
    let total = samples.len() as f64;
    let came: f64 = samples.iter().map(|sample| f64::from(sample.count)).sum();
    if came <= 0.0 {
        return Err(FitError::Nothing);
    }
    let mut model = *known;
    let mut loss = penalised(samples, &model, known, pull);
    let mut steps = 0;
    while steps < STEPS {
        steps += 1;
        let Some(step) = newton(samples, &model, known, pull) else { break };
        let mut best = None;
        for halving in 0..HALVINGS {
            let share = 0.5_f64.powi(halving as i32);
            let mut next = model;
            next.coefficients.iter_mut().zip(&step).for_each(|(c, s)| *c += share * s);
            let next_loss = penalised(samples, &next, known, pull);
            if next_loss < loss {
                best = Some((next, next_loss));
                break;
            }
        }
        let Some((next, next_loss)) = best else { break };
        let gain = (loss - next_loss) / total;
        (model, loss) = (next, next_loss);
        if gain < TOLERANCE {
            break;
        }
    }
    let mean = came / total;
    let none = deviance(samples, |_| mean);
    let explained = if none > 0.0 {
        1.0 - deviance(samples, |sample| model.expected(&sample.features)) / none
    } else {
        0.0
    };
    Ok(Fit { model, steps, explained })
}

/// Twice the log likelihood that is missing to that of a model which knows each count.
fn deviance(samples: &[Sample], expected: impl Fn(&Sample) -> f64) -> f64 {
    let one = |sample: &Sample| {
        let (count, mean) = (f64::from(sample.count), expected(sample).max(f64::MIN_POSITIVE));
        let known = if sample.count > 0 { count * (count / mean).ln() } else { 0.0 };
        2.0 * (known - (count - mean))
    };
    samples.iter().map(one).sum()
}

/// Less the logarithm of the likelihood, but for a constant, and with the pull.
fn penalised(samples: &[Sample], model: &TieModel, known: &TieModel, pull: f64) -> f64 {
    let one = |sample: &Sample| {
        let sum: f64 = model.coefficients.iter().zip(&sample.features).map(|(c, x)| c * x).sum();
        sum.exp() - f64::from(sample.count) * sum
    };
    let apart: f64 = model.coefficients.iter().zip(&known.coefficients).map(|(c, k)| (c - k).powi(2)).sum();
    samples.iter().map(one).sum::<f64>() + pull / 2.0 * apart
}

/// Newton's step; `None` where the curvature is no number.
fn newton(samples: &[Sample], model: &TieModel, known: &TieModel, pull: f64) -> Option<Features> {
    let mut slope = [0.0; FEATURES];
    let mut curvature = [[0.0; FEATURES]; FEATURES];
    for sample in samples {
        let sum: f64 = model.coefficients.iter().zip(&sample.features).map(|(c, x)| c * x).sum();
        let mean = sum.exp();
        let residual = f64::from(sample.count) - mean;
        for (row, &x) in sample.features.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            slope[row] += residual * x;
            for (entry, &y) in curvature[row].iter_mut().zip(&sample.features) {
                *entry += mean * x * y;
            }
        }
    }
    for place in 0..FEATURES {
        slope[place] -= pull * (model.coefficients[place] - known.coefficients[place]);
        curvature[place][place] += pull;
    }
    solve(curvature, slope)
}

/// Solves a symmetric positive definite system by Cholesky's method; `None` where it is not one.
fn solve(mut matrix: [[f64; FEATURES]; FEATURES], mut right: Features) -> Option<Features> {
    for column in 0..FEATURES {
        for row in column..FEATURES {
            let product: f64 = (0..column).map(|k| matrix[row][k] * matrix[column][k]).sum();
            let value = matrix[row][column] - product;
            if row == column {
                if value.is_nan() || value <= 0.0 {
                    return None;
                }
                matrix[row][column] = value.sqrt();
            } else {
                matrix[row][column] = value / matrix[column][column];
            }
        }
    }
    for row in 0..FEATURES {
        let product: f64 = (0..row).map(|k| matrix[row][k] * right[k]).sum();
        right[row] = (right[row] - product) / matrix[row][row];
    }
    for row in (0..FEATURES).rev() {
        let product: f64 = (row + 1..FEATURES).map(|k| matrix[k][row] * right[k]).sum();
        right[row] = (right[row] - product) / matrix[row][row];
    }
    right.iter().all(|x| x.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const NOBODY: (UserIx, UserIx) = (UserIx(0), UserIx(0));

    fn poisson(random: &mut Pcg64Mcg, mean: f64) -> u32 {
        let (mut left, mut count) = ((-mean).exp(), 0);
        let mut product: f64 = random.random();
        while product > left {
            product *= random.random::<f64>();
            count += 1;
            left = left.max(f64::MIN_POSITIVE);
        }
        count
    }

    fn samples(truth: &TieModel, count: usize, seed: u64) -> Vec<Sample> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        (0..count)
            .map(|_| {
                let mut features = [0.0; FEATURES];
                features.iter_mut().for_each(|x| *x = random.random_range(0.0..1.5));
                features[0] = 1.0;
                let count = poisson(&mut random, truth.expected(&features));
                Sample { between: NOBODY, features, count }
            })
            .collect()
    }

    #[test]
    fn coefficients_are_found_again() {
        let truth = TieModel {
            coefficients: std::array::from_fn(|at| if at == 0 { -2.0 } else { 0.05 * at as f64 }),
            strangers: 0.0,
        };
        let found = fit(&samples(&truth, 20_000, 3), &TieModel::default(), 1e-3).unwrap();
        for (found, truth) in found.model.coefficients.iter().zip(&truth.coefficients) {
            assert!((found - truth).abs() < 0.08, "{found} for {truth}");
        }
        assert!(found.explained > 0.2 && found.steps < 30, "{found:?}");
    }

    #[test]
    fn a_strong_pull_keeps_what_is_known() {
        let known = TieModel::default();
        let found =
            fit(&samples(&TieModel { coefficients: [0.1; FEATURES], strangers: 0.0 }, 500, 1), &known, 1e9)
                .unwrap();
        for (found, known) in found.model.coefficients.iter().zip(&known.coefficients) {
            assert!((found - known).abs() < 1e-3);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let sample = Sample { between: NOBODY, features: [1.0; FEATURES], count: 1 };
        let check = |samples: &[Sample], pull: f64, expected: FitError| {
            assert_eq!(fit(samples, &TieModel::default(), pull), Err(expected));
        };
        check(&[], 1.0, FitError::Nothing);
        check(&[Sample { count: 0, ..sample }], 1.0, FitError::Nothing);
        check(&[sample, Sample { features: [f64::NAN; FEATURES], ..sample }], 1.0, FitError::Sample(1));
        check(&[sample], 0.0, FitError::Pull(0.0));
    }
}
