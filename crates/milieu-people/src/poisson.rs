//! Poisson regression: expected counts from features.
//!
//! The logarithm of the expected count is a sum over standardised features (a generalised linear model with the
//! canonical link; McCullagh & Nelder, "Generalized Linear Models", 1989, chapter 6), fitted by Newton's method on the penalised
//! likelihood. Only the mean has to be right for the fit to be: counts that vary more than Poisson's do no harm to it.

use serde::{Deserialize, Serialize};

/// The most features.
const MOST_FEATURES: usize = 256;
/// The linear predictor is kept inside of this, so that no count overflows.
const MOST_LOGARITHM: f64 = 30.0;
/// Newton's method ends where a step lowers the mean loss by less than this.
const SMALLEST_GAIN: f64 = 1e-10;
/// How often a step that does not lower the loss is halved.
const HALVINGS: usize = 30;

/// How a regression is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoissonConfig {
    /// Strength of the penalty on squared weights of standardised features, beside the mean loss of a row; 0 to 1000.
    pub penalty: f64,
    /// Steps at most, 1 to 1000.
    pub steps: usize,
    /// Standard scores are cut to this magnitude, .1 to 100.
    pub clamp: f64,
}

impl Default for PoissonConfig {
    fn default() -> Self {
        Self { penalty: 1e-4, steps: 50, clamp: 8.0 }
    }
}

/// Why a regression cannot be fitted or asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PoissonError {
    /// Lists that belong together have different lengths.
    #[error("{what}: {found} values where {expected} were expected")]
    Shape {
        /// Which list.
        what: &'static str,
        /// Values expected.
        expected: usize,
        /// Values there are.
        found: usize,
    },
    /// A setting or a number is outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// Nothing to learn from.
    #[error("no rows to learn from")]
    NoRows,
}

/// A fitted regression over `F` features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Poisson {
    /// Names of the features in the order of the columns.
    pub feature_names: Vec<String>,
    mean: Vec<f64>,
    /// One over the deviation; 0 for a feature that does not vary.
    inverse: Vec<f64>,
    clamp: f64,
    /// One a feature, then the constant.
    weights: Vec<f64>,
}

impl Poisson {
    /// Fits to `n` rows: `features` is `n x F`, row-major, NaN stands for a missing value; `counts` has one number a row, 0
    /// or more. The same input gives the same numbers.
    ///
    /// # Errors
    /// Lengths that do not fit, a count below 0 or not finite, a setting out of range, no rows.
    pub fn fit(
        feature_names: Vec<String>,
        features: &[f32],
        counts: &[f32],
        config: &PoissonConfig,
    ) -> Result<Self, PoissonError> {
        check(config)?;
        let width = feature_names.len();
        if width == 0 || width > MOST_FEATURES {
            return Err(PoissonError::OutOfRange("the number of features"));
        }
        if counts.is_empty() {
            return Err(PoissonError::NoRows);
        }
        let expected = counts.len() * width;
        if features.len() != expected {
            return Err(PoissonError::Shape { what: "features", expected, found: features.len() });
        }
        if !counts.iter().all(|count| count.is_finite() && *count >= 0.0) {
            return Err(PoissonError::OutOfRange("a count"));
        }
        let (mean, inverse) = scaling(features, width);
        let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
        let mut weights = vec![0.0; width + 1];
        // Half an event keeps the logarithm finite where nothing ever happened.
        weights[width] = (total.max(0.5) / counts.len() as f64).ln();
        let mut model = Self { feature_names, mean, inverse, clamp: config.clamp, weights };
        if total > 0.0 {
            let mut rows = Vec::with_capacity(counts.len() * (width + 1));
            features.chunks_exact(width).for_each(|row| model.standardise(row, &mut rows));
            descend(&mut model.weights, &rows, counts, config);
        }
        Ok(model)
    }

    /// The expected count of each row of `features`, `n x F`, row-major. Each depends on its own row only.
    ///
    /// # Errors
    /// A length that is no whole number of rows.
    pub fn expected(&self, features: &[f32]) -> Result<Vec<f64>, PoissonError> {
        let width = self.feature_names.len();
        let rows = features.len() / width.max(1);
        if rows * width != features.len() || self.mean.len() != width || self.weights.len() != width + 1 {
            return Err(PoissonError::Shape {
                what: "features",
                expected: rows * width,
                found: features.len(),
            });
        }
        let mut row = Vec::with_capacity(width + 1);
        let expected = features.chunks_exact(width).map(|features| {
            row.clear();
            self.standardise(features, &mut row);
            logarithm(&self.weights, &row).exp()
        });
        Ok(expected.collect())
    }

    fn standardise(&self, row: &[f32], out: &mut Vec<f64>) {
        let scales = self.mean.iter().zip(&self.inverse);
        out.extend(row.iter().zip(scales).map(|(x, (mean, inverse))| {
            let z = (f64::from(*x) - mean) * inverse;
            if z.is_nan() { 0.0 } else { z.clamp(-self.clamp, self.clamp) }
        }));
        out.push(1.0);
    }
}

/// The mean deviance of counts from their expectations: 0 where all are met, less is better (McCullagh & Nelder 1989, section
/// 2.3). 0 without any.
#[must_use]
pub fn deviance(expected: &[f64], counts: &[f32]) -> f64 {
    let one = |(expected, count): (&f64, &f32)| {
        let (mu, y) = (expected.max(1e-12), f64::from(*count));
        let log = if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
        2.0 * (log - (y - mu))
    };
    expected.iter().zip(counts).map(one).sum::<f64>() / counts.len().max(1) as f64
}

fn check(config: &PoissonConfig) -> Result<(), PoissonError> {
    if !(0.0..=1000.0).contains(&config.penalty) {
        return Err(PoissonError::OutOfRange("penalty"));
    }
    if !(1..=1000).contains(&config.steps) {
        return Err(PoissonError::OutOfRange("steps"));
    }
    if !(0.1..=100.0).contains(&config.clamp) {
        return Err(PoissonError::OutOfRange("clamp"));
    }
    Ok(())
}

/// Mean and one over the deviation of each feature, over its finite values.
fn scaling(features: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    let column = |feature: usize| {
        let (mut count, mut mean, mut square) = (0.0, 0.0, 0.0);
        for x in features.iter().skip(feature).step_by(width).filter(|x| x.is_finite()) {
            count += 1.0;
            let difference = f64::from(*x) - mean;
            mean += difference / count;
            square += difference * (f64::from(*x) - mean);
        }
        let deviation: f64 = (square / f64::max(count, 1.0)).sqrt();
        (mean, if deviation > 1e-9 { 1.0 / deviation } else { 0.0 })
    };
    (0..width).map(column).unzip()
}

fn logarithm(weights: &[f64], row: &[f64]) -> f64 {
    let sum: f64 = weights.iter().zip(row).map(|(weight, x)| weight * x).sum();
    sum.clamp(-MOST_LOGARITHM, MOST_LOGARITHM)
}

/// The mean negative log likelihood without its constant, and the penalty.
fn loss(weights: &[f64], rows: &[f64], counts: &[f32], penalty: f64) -> f64 {
    let width = weights.len();
    let likelihood: f64 = rows
        .chunks_exact(width)
        .zip(counts)
        .map(|(row, count)| {
            let eta = logarithm(weights, row);
            eta.exp() - f64::from(*count) * eta
        })
        .sum();
    let squares: f64 = weights[..width - 1].iter().map(|weight| weight * weight).sum();
    likelihood / counts.len() as f64 + 0.5 * penalty * squares
}

/// Newton's method with halved steps.
fn descend(weights: &mut Vec<f64>, rows: &[f64], counts: &[f32], config: &PoissonConfig) {
    let width = weights.len();
    let scale = 1.0 / counts.len() as f64;
    let mut least = loss(weights, rows, counts, config.penalty);
    for _ in 0..config.steps {
        let mut gradient = vec![0.0; width];
        let mut curvature = vec![0.0; width * width];
        for (row, count) in rows.chunks_exact(width).zip(counts) {
            let mu = logarithm(weights, row).exp();
            for (place, x) in row.iter().enumerate() {
                gradient[place] += (mu - f64::from(*count)) * x * scale;
                let line = &mut curvature[place * width..=place * width + place];
                line.iter_mut().zip(row).for_each(|(sum, other)| *sum += mu * x * other * scale);
            }
        }
        for place in 0..width {
            let penalty = if place + 1 < width { config.penalty } else { 0.0 };
            gradient[place] += penalty * weights[place];
            // The small constant keeps features that say the same from making the system singular.
            curvature[place * width + place] += penalty + 1e-9;
        }
        let Some(step) = solved(&mut curvature, &gradient) else { return };
        let mut size = 1.0;
        let better = (0..HALVINGS).find_map(|_| {
            let next: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w - size * s).collect();
            size *= 0.5;
            let reached = loss(&next, rows, counts, config.penalty);
            (reached < least).then_some((next, reached))
        });
        let Some((next, reached)) = better else { return };
        let gain = least - reached;
        (*weights, least) = (next, reached);
        if gain < SMALLEST_GAIN {
            return;
        }
    }
}

/// Solves a symmetric positive system, of which the lower half is given, by Cholesky's method; `None` where it is not positive.
fn solved(matrix: &mut [f64], right: &[f64]) -> Option<Vec<f64>> {
    let width = right.len();
    for row in 0..width {
        for column in 0..=row {
            let products: f64 =
                (0..column).map(|k| matrix[row * width + k] * matrix[column * width + k]).sum();
            let rest = matrix[row * width + column] - products;
            matrix[row * width + column] = if row == column {
                if rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / matrix[column * width + column]
            };
        }
    }
    let mut solution = right.to_vec();
    for row in 0..width {
        let known: f64 = (0..row).map(|k| matrix[row * width + k] * solution[k]).sum();
        solution[row] = (solution[row] - known) / matrix[row * width + row];
    }
    for row in (0..width).rev() {
        let known: f64 = (row + 1..width).map(|k| matrix[k * width + row] * solution[k]).sum();
        solution[row] = (solution[row] - known) / matrix[row * width + row];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    fn names(width: usize) -> Vec<String> {
        (0..width).map(|feature| format!("f{feature}")).collect()
    }

    #[test]
    fn finds_the_rates_of_two_groups() {
        // Counts of mean 1 where the feature is 0, of mean 4 where it is 1.
        let features = [0.0, 0.0, 1.0, 1.0];
        let config = PoissonConfig { penalty: 0.0, ..PoissonConfig::default() };
        let model = Poisson::fit(names(1), &features, &[0.0, 2.0, 3.0, 5.0], &config).unwrap();
        let expected = model.expected(&[0.0, 1.0, f32::NAN]).unwrap();
        for (found, wanted) in expected.iter().zip([1.0, 4.0, 2.0]) {
            assert!((found - wanted).abs() < 1e-6, "{expected:?}");
        }
    }

    #[test]
    fn finds_the_weights_that_made_the_counts() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let (mut features, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let (x, y): (f32, f32) = (random.random(), random.random());
            features.extend([x, y]);
            // A Poisson number by the gaps between its events.
            let rate = (0.5 + 2.0 * x - y).exp();
            let (mut time, mut count) = (0.0, 0.0);
            loop {
                time -= (1.0 - random.random::<f32>()).ln() / rate;
                if time > 1.0 {
                    break;
                }
                count += 1.0;
            }
            counts.push(count);
        }
        let model = Poisson::fit(names(2), &features, &counts, &PoissonConfig::default()).unwrap();
        let found = model.expected(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        for (found, wanted) in found.iter().zip([0.5_f64, 2.5, -0.5]) {
            assert!((found.ln() - wanted).abs() < 0.1, "{found} {wanted}");
        }
    }

    #[test]
    fn nothing_that_happens_and_nothing_that_varies() {
        let config = PoissonConfig::default();
        let silent = Poisson::fit(names(1), &[1.0, 2.0], &[0.0, 0.0], &config).unwrap();
        assert!((silent.expected(&[5.0]).unwrap()[0] - 0.25).abs() < 1e-9);
        let same = Poisson::fit(names(2), &[1.0, 1.0, 1.0, 1.0], &[1.0, 3.0], &config).unwrap();
        assert!((same.expected(&[9.0, 1.0]).unwrap()[0] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn deviances() {
        assert_eq!(deviance(&[], &[]), 0.0);
        assert!(deviance(&[2.0, 1.0], &[2.0, 1.0]).abs() < 1e-12);
        assert!((deviance(&[1.0], &[0.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn refusals() {
        let check = |features: &[f32], counts: &[f32], config: PoissonConfig| {
            assert!(Poisson::fit(names(1), features, counts, &config).is_err(), "{features:?} {counts:?}");
        };
        let config = PoissonConfig::default();
        check(&[], &[], config);
        check(&[1.0], &[1.0, 2.0], config);
        check(&[1.0], &[-1.0], config);
        check(&[1.0], &[f32::NAN], config);
        check(&[1.0], &[1.0], PoissonConfig { penalty: -1.0, ..config });
        check(&[1.0], &[1.0], PoissonConfig { steps: 0, ..config });
        check(&[1.0], &[1.0], PoissonConfig { clamp: 0.0, ..config });
        let model = Poisson::fit(names(2), &[1.0, 2.0], &[1.0], &config).unwrap();
        assert!(model.expected(&[1.0]).is_err());
    }

    proptest! {
        /// At the optimum without a penalty the expected counts add up to those that were seen.
        #[test]
        fn totals_agree(rows in prop::collection::vec((-3.0_f32..3.0, 0_u8..6), 3..40)) {
            let features: Vec<f32> = rows.iter().map(|row| row.0).collect();
            let counts: Vec<f32> = rows.iter().map(|row| f32::from(row.1)).collect();
            prop_assume!(counts.iter().sum::<f32>() > 0.0);
            let config = PoissonConfig::default();
            let model = Poisson::fit(names(1), &features, &counts, &config).unwrap();
            let expected: f64 = model.expected(&features).unwrap().iter().sum();
            let seen: f64 = counts.iter().map(|&count| f64::from(count)).sum();
            prop_assert!((expected - seen).abs() < 1e-3 * seen.max(1.0), "{} {}", expected, seen);
        }
    }
}
