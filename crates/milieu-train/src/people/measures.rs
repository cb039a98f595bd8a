//! How well scores put links above pairs that are none.

use milieu_ranker::{NEGATIVE, POSITIVE, measure_heads};

/// The area under the ROC curve of scores of links and of other pairs.
pub(super) fn area(links: &[f64], others: &[f64]) -> f64 {
    // Ranks are all that counts, and 32 bits would make equal what is not.
    let mut all: Vec<f64> = links.iter().chain(others).copied().collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    let place = |score: &f64| all.partition_point(|other| other < score) as f32;
    let scores: Vec<f32> = links.iter().chain(others).map(place).collect();
    let labels: Vec<u8> = links.iter().map(|_| POSITIVE).chain(others.iter().map(|_| NEGATIVE)).collect();
    let measured = measure_heads(&["link".to_owned()], &scores, &labels);
    measured.first().and_then(|head| head.auc).unwrap_or(f64::NAN)
}

/// The share of the links that score above all but `k - 1` of the other pairs (Hu et al. 2020, "Open Graph Benchmark",
/// Hits@K).
pub(super) fn hits_of_all(links: &[f64], others: &[f64], k: usize) -> f64 {
    let mut sorted = others.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let bar = sorted.get(k.saturating_sub(1)).copied().unwrap_or(f64::NEG_INFINITY);
    links.iter().filter(|&&score| score > bar).count() as f64 / links.len().max(1) as f64
}

/// The place of a link among its own negatives, from 1; equal ones count half.
pub(super) fn place(link: f64, others: &[f64]) -> f64 {
    let above = others.iter().filter(|&&other| other > link).count() as f64;
    let equal = others.iter().filter(|&&other| other == link).count() as f64;
    1.0 + above + equal / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        assert_eq!(area(&[0.5, 0.9], &[0.1, 0.7]), 0.75);
        assert_eq!(area(&[0.5], &[0.5]), 0.5);
        assert_eq!(hits_of_all(&[0.5, 0.9, 0.2], &[0.1, 0.7, 0.3], 2), 2.0 / 3.0);
        assert_eq!(hits_of_all(&[0.5], &[0.1], 2), 1.0);
        assert_eq!((place(0.5, &[0.9, 0.5, 0.5, 0.1]), place(1.0, &[])), (3.0, 1.0));
    }
}
