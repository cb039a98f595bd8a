//! How good the predictions of a head are.

use crate::examples::{POSITIVE, UNLABELLED};
use serde::{Deserialize, Serialize};

/// Groups of equal size that the calibration error compares.
const CALIBRATION_BINS: usize = 10;

/// The measures of one head. A measure that cannot be computed (no example, or only one class for AUC) is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadMetrics {
    /// The task.
    pub task: String,
    /// Labelled examples.
    pub examples: usize,
    /// Positive ones among them.
    pub positives: usize,
    /// Share of positives.
    pub base_rate: Option<f64>,
    /// Mean prediction; near the base rate if calibrated.
    pub mean_prediction: Option<f64>,
    /// Area under the ROC curve: how often a positive is above a negative, ties count half.
    pub auc: Option<f64>,
    /// Mean negative log likelihood, in nats.
    pub log_loss: Option<f64>,
    /// The log loss of always predicting the base rate: what a useful head is below.
    pub base_log_loss: Option<f64>,
    /// Expected calibration error: mean distance between predicted and observed rate in ten groups of equal size.
    pub calibration_error: Option<f64>,
}

/// The measures of each head; `predicted` (probabilities) and `labels` are `n x A`, row-major.
#[must_use]
pub fn measure_heads(tasks: &[String], predicted: &[f32], labels: &[u8]) -> Vec<HeadMetrics> {
    let count = tasks.len();
    let head = |(task, name): (usize, &String)| {
        let pairs = predicted.iter().zip(labels).skip(task).step_by(count);
        let labelled: Vec<(f32, bool)> = pairs
            .filter(|(_, label)| **label != UNLABELLED)
            .map(|(p, label)| (*p, *label == POSITIVE))
            .collect();
        measure(name, labelled)
    };
    tasks.iter().enumerate().map(head).collect()
}

fn measure(task: &str, mut labelled: Vec<(f32, bool)>) -> HeadMetrics {
    labelled.sort_by(|a, b| a.0.total_cmp(&b.0));
    let examples = labelled.len();
    let positives = labelled.iter().filter(|(_, positive)| *positive).count();
    let mean = |sum: f64| (examples > 0).then(|| sum / examples as f64);
    let base_rate = mean(positives as f64);
    let losses = |p: f64| (-(1.0 - p).ln(), -p.ln());
    HeadMetrics {
        task: task.to_owned(),
        examples,
        positives,
        base_rate,
        mean_prediction: mean(labelled.iter().map(|(p, _)| f64::from(*p)).sum()),
        auc: auc(&labelled, positives),
        log_loss: mean(labelled.iter().map(|(p, positive)| loss(*p, *positive)).sum()),
        base_log_loss: base_rate.map(|rate| {
            if rate <= 0.0 || rate >= 1.0 {
                return 0.0;
            }
            let (negative, positive) = losses(rate);
            rate * positive + (1.0 - rate) * negative
        }),
        calibration_error: mean(calibration_distance(&labelled)),
    }
}

/// The negative log likelihood of a label, with the probability kept off 0 and 1.
pub(crate) fn loss(p: f32, positive: bool) -> f64 {
    let p = f64::from(p).clamp(1e-7, 1.0 - 1e-7);
    -(if positive { p } else { 1.0 - p }).ln()
}

/// By the sum of the positives' ranks (Mann and Whitney); `labelled` is sorted.
fn auc(labelled: &[(f32, bool)], positives: usize) -> Option<f64> {
    let negatives = labelled.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut before = 0;
    for ties in labelled.chunk_by(|a, b| a.0 == b.0) {
        let here = ties.iter().filter(|(_, positive)| *positive).count();
        let mean_rank = before as f64 + (ties.len() as f64 + 1.0) / 2.0;
        rank_sum += here as f64 * mean_rank;
        before += ties.len();
    }
    let (p, n) = (positives as f64, negatives as f64);
    Some((rank_sum - p * (p + 1.0) / 2.0) / (p * n))
}

/// The sum over groups of |sum of predictions - positives|; `labelled` is sorted.
fn calibration_distance(labelled: &[(f32, bool)]) -> f64 {
    let size = labelled.len().div_ceil(CALIBRATION_BINS).max(1);
    labelled
        .chunks(size)
        .map(|group| {
            let difference: f64 =
                group.iter().map(|(p, positive)| f64::from(*p) - f64::from(u8::from(*positive))).sum();
            difference.abs()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(predicted: &[f32], labels: &[u8], auc: Option<f64>, error: Option<f64>) {
        let found = &measure_heads(&["like".to_owned()], predicted, labels)[0];
        assert_eq!(found.auc, auc);
        match (found.calibration_error, error) {
            (Some(found), Some(error)) => assert!((found - error).abs() < 1e-6, "{found}"),
            (found, error) => assert_eq!(found, error),
        }
    }

    #[test]
    fn measures() {
        check(&[0.1, 0.9], &[0, 1], Some(1.0), Some(0.1));
        check(&[0.9, 0.1], &[0, 1], Some(0.0), Some(0.9));
        check(&[0.5, 0.5], &[0, 1], Some(0.5), Some(0.5));
        check(&[0.5, 0.5, 0.7], &[0, 2, 1], Some(1.0), Some(0.4));
        check(&[0.5], &[1], None, Some(0.5));
        check(&[0.5], &[2], None, None);
        check(&[], &[], None, None);
    }
}
