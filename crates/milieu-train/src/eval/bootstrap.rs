//! Percentile bootstrap over users (Efron 1979), and the decision to promote.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::Serialize;

/// How often users are drawn anew.
const RESAMPLES: u64 = 1000;

/// A mean and the middle 95% of the means of resampled users.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Interval {
    /// The mean of the users there are.
    pub mean: f64,
    /// 2.5% of the resampled means are below.
    pub low: f64,
    /// 2.5% of the resampled means are above.
    pub high: f64,
}

/// The mean of one measure over users with its confidence interval. No users give zeros.
#[must_use]
pub fn bootstrap(users: &[f64], seed: u64) -> Interval {
    resampled(users.len(), seed, |draws| draws.map(|user| users[user]).sum::<f64>() / users.len() as f64)
}

/// A measure of so many users with its confidence interval: `measure` gets the numbers of users, one of them as often as
/// it was drawn. No users give zeros.
#[must_use]
pub fn resampled(
    users: usize,
    seed: u64,
    measure: impl Fn(&mut dyn Iterator<Item = usize>) -> f64 + Sync,
) -> Interval {
    if users == 0 {
        return Interval::default();
    }
    let resample = |round| {
        let mut rng = Pcg64Mcg::seed_from_u64(seed ^ (round << 32));
        measure(&mut (0..users).map(|_| rng.random_range(0..users)))
    };
    let mut means: Vec<f64> = (0..RESAMPLES).into_par_iter().map(resample).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[(share * (means.len() - 1) as f64).round() as usize];
    Interval { mean: measure(&mut (0..users)), low: at(0.025), high: at(0.975) }
}

/// Whether a candidate takes the incumbent's place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Choice {
    /// Candidate minus incumbent, by user.
    pub difference: Interval,
    /// Whether the candidate is promoted.
    pub promote: bool,
}

/// Compares a candidate with the incumbent on the same users in the same order: it is promoted where it
/// is better on average and not better by luck, that is where the confidence interval of the paired
/// difference lies above 0. Without an incumbent any candidate is promoted.
#[must_use]
pub fn choose(incumbent: Option<&[f64]>, candidate: &[f64], seed: u64) -> Choice {
    match incumbent {
        None => Choice { difference: bootstrap(candidate, seed), promote: true },
        Some(incumbent) => {
            let paired: Vec<f64> = candidate.iter().zip(incumbent).map(|(c, i)| c - i).collect();
            let difference = bootstrap(&paired, seed);
            Choice { difference, promote: difference.low > 0.0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_mean_and_repeat() {
        let users: Vec<f64> = (0..400).map(|user| f64::from(user % 5)).collect();
        let interval = bootstrap(&users, 7);
        assert_eq!(interval, bootstrap(&users, 7));
        assert!((interval.mean - 2.0).abs() < 1e-12);
        // The standard error is sqrt(2 / 400) = 0.0707.
        assert!((interval.high - interval.low - 2.0 * 1.96 * 0.0707).abs() < 0.04);
        assert_eq!(bootstrap(&[], 1), Interval::default());
        let same = bootstrap(&[0.25; 9], 1);
        assert_eq!((same.low, same.high), (0.25, 0.25));
    }

    #[test]
    fn only_better_ones_are_promoted() {
        let incumbent: Vec<f64> = (0..200).map(|user| f64::from(user % 7) / 7.0).collect();
        let shifted = |by: f64| incumbent.iter().map(|x| x + by).collect::<Vec<_>>();
        assert!(choose(None, &incumbent, 1).promote);
        assert!(choose(Some(&incumbent), &shifted(0.01), 1).promote);
        assert!(!choose(Some(&incumbent), &incumbent, 1).promote);
        assert!(!choose(Some(&incumbent), &shifted(-0.01), 1).promote);
        let noisy: Vec<f64> =
            incumbent.iter().enumerate().map(|(i, x)| x + if i % 2 == 0 { 0.3 } else { -0.3 }).collect();
        assert!(!choose(Some(&incumbent), &noisy, 1).promote);
    }
}
