//! Whether what is predicted comes: its order (AUC), and how often it comes beside what was said (reliability tables).

use serde::Serialize;

/// Predictions that are near to each other, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Their mean.
    pub predicted: f64,
    /// The mean of what happened.
    pub observed: f64,
    /// How many they are.
    pub count: usize,
}

impl Bin {
    fn of(pairs: &[(f64, f64)]) -> Self {
        let count = pairs.len();
        // The sum of no numbers is -0, which would be printed so.
        let mean = |sum: f64| (sum + 0.0) / count.max(1) as f64;
        Self {
            predicted: mean(pairs.iter().map(|pair| pair.0).sum()),
            observed: mean(pairs.iter().map(|pair| pair.1).sum()),
            count,
        }
    }
}

/// Bins of the same width over the unit interval, of predicted probabilities and what happened (0 or 1). Every bin is there, empty
/// ones with zeros (Guo et al. 2017, "On calibration of modern neural networks", section 2).
#[must_use]
pub fn bins_by_width(pairs: &[(f64, f64)], bins: usize) -> Vec<Bin> {
    let mut parts = vec![Vec::new(); bins];
    for &pair in pairs {
        let place = (pair.0 * bins as f64).max(0.0) as usize;
        if let Some(part) = parts.get_mut(place.min(bins.saturating_sub(1))) {
            part.push(pair);
        }
    }
    parts.iter().map(|part| Bin::of(part)).collect()
}

/// Bins with the same number of predictions, ascending; fewer than asked for where there are fewer predictions.
#[must_use]
pub fn bins_by_count(pairs: &[(f64, f64)], bins: usize) -> Vec<Bin> {
    let sorted = ascending(pairs);
    let bins = bins.min(sorted.len());
    (0..bins)
        .map(|bin| Bin::of(&sorted[bin * sorted.len() / bins..(bin + 1) * sorted.len() / bins]))
        .collect()
}

/// Bins that hold about the same sum of predictions each, ascending: where most predictions are near 0, bins of equal numbers put
/// all that happens in the last one.
#[must_use]
pub fn bins_by_sum(pairs: &[(f64, f64)], bins: usize) -> Vec<Bin> {
    let sorted = ascending(pairs);
    let total: f64 = sorted.iter().map(|pair| pair.0).sum();
    let (mut found, mut first, mut sum) = (Vec::with_capacity(bins), 0, 0.0);
    for (place, pair) in sorted.iter().enumerate() {
        sum += pair.0;
        let full = sum >= total * (found.len() + 1) as f64 / bins.max(1) as f64;
        if (full && found.len() + 1 < bins) || place + 1 == sorted.len() {
            found.push(Bin::of(&sorted[first..=place]));
            first = place + 1;
        }
    }
    found
}

/// The mean over predictions of the distance between what their bin predicted and what was observed: the expected calibration
/// error. 0 without predictions.
#[must_use]
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let count: usize = bins.iter().map(|bin| bin.count).sum();
    let distance: f64 = bins.iter().map(|bin| (bin.predicted - bin.observed).abs() * bin.count as f64).sum();
    distance / count.max(1) as f64
}

/// The area under the ROC curve: how often what happened was given a higher number than what did not, ties counting half (by the sum
/// of ranks; Mann & Whitney 1947). `None` where all happened, or nothing did.
#[must_use]
pub fn auc(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let happened = scored.iter().filter(|pair| pair.1).count() as f64;
    let not = scored.len() as f64 - happened;
    let (mut ranks, mut below) = (0.0, 0);
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let here = ties.iter().filter(|pair| pair.1).count();
        ranks += here as f64 * (below as f64 + (ties.len() as f64 + 1.0) / 2.0);
        below += ties.len();
    }
    (happened > 0.0 && not > 0.0).then(|| (ranks - happened * (happened + 1.0) / 2.0) / (happened * not))
}

fn ascending(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins() {
        let check = |found: Vec<Bin>, expected: &[(f64, f64, usize)]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (bin, (predicted, observed, count)) in found.iter().zip(expected) {
                assert!((bin.predicted - predicted).abs() < 1e-12, "{found:?}");
                assert!((bin.observed - observed).abs() < 1e-12, "{found:?}");
                assert_eq!(bin.count, *count);
            }
        };
        let pairs = [(1.0, 1.0), (0.1, 0.0), (0.3, 1.0), (0.2, 0.0)];
        check(bins_by_width(&pairs, 2), &[(0.2, 1.0 / 3.0, 3), (1.0, 1.0, 1)]);
        check(bins_by_width(&[(0.2, 1.0)], 3), &[(0.2, 1.0, 1), (0.0, 0.0, 0), (0.0, 0.0, 0)]);
        assert!(bins_by_width(&[], 1)[0].predicted.is_sign_positive());
        check(bins_by_count(&pairs, 2), &[(0.15, 0.0, 2), (0.65, 1.0, 2)]);
        check(bins_by_count(&pairs[..1], 10), &[(1.0, 1.0, 1)]);
        check(bins_by_count(&[], 10), &[]);
        check(bins_by_sum(&pairs, 2), &[(0.4, 0.5, 4)]);
        check(bins_by_sum(&[(1.0, 2.0), (3.0, 1.0), (2.0, 0.0)], 2), &[(1.5, 1.0, 2), (3.0, 1.0, 1)]);
        check(bins_by_sum(&[], 2), &[]);
    }

    #[test]
    fn areas() {
        let check = |scored: &[(f64, bool)], expected| assert_eq!(auc(scored.to_vec()), expected);
        check(&[(0.9, true), (0.1, false)], Some(1.0));
        check(&[(0.1, true), (0.9, false), (0.0, false)], Some(0.5));
        check(&[(0.5, true), (0.5, false)], Some(0.5));
        check(&[(0.5, true)], None);
        check(&[], None);
    }

    #[test]
    fn errors_of_calibration() {
        let bin = |predicted, observed, count| Bin { predicted, observed, count };
        assert_eq!(calibration_error(&[]), 0.0);
        assert!((calibration_error(&[bin(0.5, 0.4, 1), bin(0.9, 0.9, 3)]) - 0.025).abs() < 1e-12);
    }
}
