//! Measures of ranked lists against what users really took.
//!
//! Recall, NDCG, hit rate and reciprocal rank are defined as in RecBole and LightGCN: all items of the
//! test part are equally relevant, the ideal list holds `min(k, relevant)` of them, and means are over
//! the users who have any. Novelty is the mean self-information of what is shown (Zhou et al. 2010).

use milieu_factors::Interactions;
use serde::Serialize;

/// The measures of one user's list, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Accuracy {
    /// Share of the relevant items that are in the list.
    pub recall: f64,
    /// Discounted gain over that of the ideal list.
    pub ndcg: f64,
    /// 1 if any relevant item is in the list.
    pub hit_rate: f64,
    /// 1 over the rank of the first relevant item, 0 if there is none.
    pub mrr: f64,
}

impl Accuracy {
    /// Measures the first `k` of `list` against `relevant`, which ascends.
    #[must_use]
    pub fn of(list: &[u32], relevant: &[u32], k: usize) -> Self {
        if relevant.is_empty() || k == 0 {
            return Self::default();
        }
        let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
        let (mut hits, mut dcg, mut first) = (0, 0.0, None);
        for (rank, item) in list.iter().take(k).enumerate() {
            if relevant.binary_search(item).is_ok() {
                hits += 1;
                dcg += gain(rank);
                first.get_or_insert(rank);
            }
        }
        let ideal: f64 = (0..relevant.len().min(k)).map(gain).sum();
        Self {
            recall: f64::from(hits) / relevant.len() as f64,
            ndcg: dcg / ideal,
            hit_rate: f64::from(u8::from(hits > 0)),
            mrr: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
        }
    }

    /// The measures as an array: recall, NDCG, hit rate, MRR.
    #[must_use]
    pub fn to_array(self) -> [f64; 4] {
        [self.recall, self.ndcg, self.hit_rate, self.mrr]
    }
}

/// How much of the catalogue is shown, and how unexpected it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Breadth {
    /// Share of the catalogue that is in at least one list.
    pub coverage: f64,
    /// Mean over the shown items of `-log2` of the share of users who have the item in the training part;
    /// an item nobody has counts as if one user had it.
    pub novelty: f64,
}

impl Breadth {
    /// Measures the first `k` of every list.
    #[must_use]
    pub fn of(lists: &[Vec<u32>], train: &Interactions, k: usize) -> Self {
        let mut owners = vec![0_u32; train.items()];
        for user in 0..train.users() {
            for &item in train.row(user) {
                owners[item as usize] += 1;
            }
        }
        let mut shown = vec![false; train.items()];
        let (mut surprise, mut count) = (0.0, 0_u64);
        for &item in lists.iter().flat_map(|list| list.iter().take(k)) {
            shown[item as usize] = true;
            surprise -= (f64::from(owners[item as usize].max(1)) / train.users() as f64).log2();
            count += 1;
        }
        let covered = shown.iter().filter(|&&shown| shown).count();
        Self {
            coverage: covered as f64 / train.items().max(1) as f64,
            novelty: surprise / count.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_by_hand() {
        let check = |list: &[u32], relevant: &[u32], k, expected: [f64; 4]| {
            let got = Accuracy::of(list, relevant, k).to_array();
            for (got, expected) in got.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-4, "{list:?} {relevant:?} {k}: {got} {expected}");
            }
        };
        check(&[7, 3, 9], &[3], 3, [1.0, 0.6309, 1.0, 0.5]);
        check(&[3, 7, 9], &[3, 9], 3, [1.0, 1.5 / 1.6309, 1.0, 1.0]);
        check(&[3, 7, 9], &[1, 2, 3, 4], 2, [0.25, 1.0 / 1.6309, 1.0, 1.0]);
        check(&[3, 7, 9], &[9], 2, [0.0; 4]);
        check(&[], &[9], 2, [0.0; 4]);
        check(&[9], &[], 2, [0.0; 4]);
    }

    #[test]
    fn breadth_by_hand() {
        let train = Interactions::from_triples(4, 4, vec![(0, 0, 1.0), (1, 0, 1.0), (2, 1, 1.0)]).unwrap();
        let breadth = Breadth::of(&[vec![0, 1], vec![0, 3, 2]], &train, 2);
        assert!((breadth.coverage - 0.75).abs() < 1e-12);
        assert!((breadth.novelty - (1.0 + 2.0 + 1.0 + 2.0) / 4.0).abs() < 1e-12);
    }
}
