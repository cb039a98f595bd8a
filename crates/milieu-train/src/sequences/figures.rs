//! How good a ranking of the whole catalogue is.

use crate::eval::{Interval, bootstrap};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many of the first that hit rates look at.
const HITS: [usize; 4] = [1, 5, 10, 20];
/// How many of the first that NDCG looks at.
const GAINS: [usize; 3] = [5, 10, 20];

/// Figures of one right item for each user, ranked among all that the user did not have before. Each with
/// its 95% interval over users.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Users measured on.
    pub users: usize,
    /// Share of users whose item is among the first so many.
    pub hit_rate: BTreeMap<usize, Interval>,
    /// Mean of `1 / log2(rank + 1)` where the rank is at most so many, else 0.
    pub ndcg: BTreeMap<usize, Interval>,
    /// Mean of `1 / rank`.
    pub mrr: Interval,
}

impl Figures {
    /// Measures ranks, which begin with 1.
    #[must_use]
    pub fn of(ranks: &[usize], seed: u64) -> Self {
        let over = |of: &dyn Fn(usize) -> f64| {
            bootstrap(&ranks.iter().map(|&rank| of(rank)).collect::<Vec<f64>>(), seed)
        };
        let hit = |k: usize| (k, over(&|rank| f64::from(u8::from(rank <= k))));
        Self {
            users: ranks.len(),
            hit_rate: HITS.into_iter().map(hit).collect(),
            ndcg: GAINS.into_iter().map(|k| (k, over(&|rank| gain(rank, k)))).collect(),
            mrr: over(&|rank| 1.0 / rank as f64),
        }
    }
}

/// The gain of a rank among the first `k`: `1 / log2(rank + 1)`, or 0 beyond them.
#[must_use]
pub fn gain(rank: usize, k: usize) -> f64 {
    if rank <= k { 1.0 / (rank as f64 + 1.0).log2() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let found = Figures::of(&[1, 3, 10, 11], 1);
        let hits: Vec<f64> = found.hit_rate.values().map(|interval| interval.mean).collect();
        assert_eq!(hits, [0.25, 0.5, 0.75, 1.0]);
        let at = |k: usize| found.ndcg[&k].mean;
        assert!((at(5) - 1.5 / 4.0).abs() < 1e-12);
        assert!((at(10) - (1.5 + 1.0 / 11f64.log2()) / 4.0).abs() < 1e-12);
        assert!((found.mrr.mean - (1.0 + 1.0 / 3.0 + 0.1 + 1.0 / 11.0) / 4.0).abs() < 1e-12);
        assert_eq!(Figures::of(&[], 1).mrr.mean, 0.0);
    }
}
