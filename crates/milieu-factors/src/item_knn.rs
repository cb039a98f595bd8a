//! Item nearest neighbours: a walk of two steps, item to user to item, cut to the strongest ends.
//!
//! With `user = 0, item = 0.5` the weights are cosines of the items' columns; other powers give the
//! popularity-damped random walks of RP3beta (Paudel et al. 2016).

use crate::Interactions;
use crate::neighbours::{Accumulator, Neighbours, TopRow};
use crate::scaling::{Scaled, Scaling};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of an [`ItemKnn`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KnnConfig {
    /// Degree normalisation.
    pub scaling: Scaling,
    /// How many neighbours an item keeps.
    pub neighbours: usize,
}

/// The neighbours, and the histories they are applied to.
#[derive(Debug, Clone)]
pub struct ItemKnn {
    pub(crate) scaled: Scaled,
    neighbours: Neighbours,
}

impl ItemKnn {
    /// Finds the neighbours of every item.
    #[must_use]
    pub fn train(data: &Interactions, config: &KnnConfig) -> Self {
        let scaled = Scaled::new(data, config.scaling);
        let items = data.items();
        let row = |scores: &mut Accumulator, item: usize| {
            let fans = scaled.by_item.row(item).iter().zip(scaled.by_item.row_weights(item));
            for (&user, &weight) in fans {
                let user = user as usize;
                let row = scaled.by_user.row(user).iter().zip(scaled.by_user.row_weights(user));
                row.for_each(|(&other, &value)| scores.add(other, weight * value));
            }
            let mut top = TopRow::new(config.neighbours);
            scores.drain(|other, value| {
                if other as usize != item {
                    top.offer(other, value * scaled.target[other as usize]);
                }
            });
            top.into_row()
        };
        let rows = (0..items).into_par_iter().map_init(|| Accumulator::new(items), row).collect();
        let neighbours = Neighbours::from_rows(items, rows);
        Self { scaled, neighbours }
    }

    /// The multiply-adds of training, roughly: over users, the squared length of the history.
    pub(crate) fn work(data: &Interactions) -> f64 {
        (0..data.users()).map(|user| (data.row(user).len() as f64).powi(2)).sum()
    }

    /// Scores every item for some users of the training matrix; see [`crate::Model::score`].
    pub(crate) fn score(&self, mix: Option<&Interactions>, users: &[u32], out: &mut [f32]) {
        let items = self.scaled.by_user.items();
        let histories = self.scaled.histories(mix, users);
        out.fill(0.0);
        for (item, weights) in histories.chunks_exact(users.len()).enumerate() {
            let (others, values) = self.neighbours.row(item as u32);
            for (place, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                for (&other, &value) in others.iter().zip(values) {
                    out[place * items + other as usize] += weight * value;
                }
            }
        }
    }

    /// The neighbours with what an unscaled history weight counts for worked in.
    #[must_use]
    pub fn neighbours(&self, keep: usize) -> Neighbours {
        let row = |item: usize| {
            let (items, weights) = self.neighbours.row(item as u32);
            let weights = weights.iter().map(|weight| weight * self.scaled.history[item]);
            items.iter().copied().zip(weights).take(keep).collect()
        };
        Neighbours::from_rows(self.neighbours.items(), (0..self.neighbours.items()).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_cosines_by_hand() {
        // Columns: item 0 = (1,1,0), item 1 = (1,1,1), item 2 = (0,0,1).
        let triples = vec![(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 1, 1.0), (2, 2, 1.0)];
        let data = Interactions::from_triples(3, 3, triples).unwrap();
        let config = KnnConfig { scaling: Scaling { user: 0.0, item: 0.5, target: 0.0 }, neighbours: 2 };
        let knn = ItemKnn::train(&data, &config);
        let (items, weights) = knn.neighbours.row(1);
        assert_eq!(items, &[0, 2]);
        assert!((weights[0] - 2.0 / 6.0_f32.sqrt()).abs() < 1e-6);
        assert!((weights[1] - 1.0 / 3.0_f32.sqrt()).abs() < 1e-6);
        assert_eq!(ItemKnn::work(&data), 12.0);
    }
}
