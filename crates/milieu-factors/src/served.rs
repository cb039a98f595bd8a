//! Trained models as plain data that serving loads and asks, without the training matrix.

use crate::ials::Ials;
use crate::neighbours::{Accumulator, Neighbours, keep_best};
use crate::popularity::Popularity;
use serde::{Deserialize, Serialize};

/// A model as it is published. Items are numbers; which is which the publisher keeps beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Served {
    /// The same scores for everybody.
    Popularity(Popularity),
    /// Item-item weights: histories of anybody, new users too, are scored by adding rows.
    Neighbours(Neighbours),
    /// Vectors: a history is folded in to a user's vector, whose products with the items' rank them. For
    /// large catalogues search [`Ials::item_factors`] by an index in place of [`Served::recommend`].
    Factors(Box<Ials>),
}

impl Served {
    /// How many items the model knows.
    #[must_use]
    pub fn items(&self) -> usize {
        match self {
            Self::Popularity(popularity) => popularity.scores().len(),
            Self::Neighbours(neighbours) => neighbours.items(),
            Self::Factors(ials) => ials.item_factors().len() / ials.config().factors.max(1),
        }
    }

    /// Whether the parts fit together; ask it of data that was read before using them.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Popularity(popularity) => popularity.scores().iter().all(|score| score.is_finite()),
            Self::Neighbours(neighbours) => neighbours.is_sound(),
            Self::Factors(ials) => ials.is_sound(),
        }
    }

    /// The best `count` items for a history of `(item, weight)`, best first; items of the history may be
    /// among them. `scores` is scratch with room for [`Self::items`], left empty.
    pub fn recommend(
        &self,
        history: &[(u32, f32)],
        count: usize,
        scores: &mut Accumulator,
        best: &mut Vec<(u32, f32)>,
    ) {
        match self {
            Self::Popularity(popularity) => {
                best.clear();
                best.extend((0..).zip(popularity.scores().iter().copied()));
                keep_best(best, count);
            }
            Self::Neighbours(neighbours) => {
                scores.reserve(neighbours.items());
                neighbours.score_history(history, scores);
                scores.take_top(count, best);
            }
            Self::Factors(ials) => rank_by(ials, &ials.fold_in_user(history), count, best),
        }
    }

    /// The items most like one item, best first. Popularity knows of none.
    pub fn similar(&self, item: u32, count: usize, best: &mut Vec<(u32, f32)>) {
        best.clear();
        match self {
            Self::Popularity(_) => {}
            Self::Neighbours(neighbours) => {
                let (items, weights) = neighbours.row(item);
                let pairs = items.iter().copied().zip(weights.iter().copied());
                best.extend(pairs.take_while(|(_, weight)| *weight > 0.0).take(count));
            }
            Self::Factors(ials) if (item as usize) < self.items() => {
                let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
                let own = length(ials.item(item as usize));
                rank_by(ials, ials.item(item as usize), self.items(), best);
                for (other, score) in best.iter_mut() {
                    *score /= (own * length(ials.item(*other as usize))).max(f32::MIN_POSITIVE);
                }
                best.retain(|&(other, score)| other != item && score > 0.0);
                keep_best(best, count);
            }
            Self::Factors(_) => {}
        }
    }
}

/// All items by the product of their vectors with one, the best `count`.
fn rank_by(ials: &Ials, vector: &[f32], count: usize, best: &mut Vec<(u32, f32)>) {
    best.clear();
    let rows = ials.item_factors().chunks_exact(ials.config().factors.max(1));
    let scores = rows.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum());
    best.extend((0..).zip(scores));
    keep_best(best, count);
}

/// Places an item that training did not know, from the histories of those who took it: the items whose
/// takers are over-represented among them, best first, with weights from 0 to 1 (cosines).
///
/// `owners[i]` is in how many histories of the whole community item `i` is. What comes out serves both
/// ways: items like the new one, and, by the same weights, histories the new one suits.
#[must_use]
pub fn fold_in_item(histories: &[&[u32]], owners: &[u32], keep: usize) -> Vec<(u32, f32)> {
    let mut counts = Accumulator::new(owners.len());
    for history in histories {
        history.iter().for_each(|&item| counts.add(item, 1.0));
    }
    let mut links = Vec::new();
    counts.drain(|item, together| {
        let norm = (histories.len() as f32 * owners[item as usize].max(1) as f32).sqrt();
        links.push((item, (together / norm).min(1.0)));
    });
    keep_best(&mut links, keep);
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interactions;

    #[test]
    fn popularity_recommends_the_same() {
        let data = Interactions::from_triples(2, 3, vec![(0, 1, 1.0), (1, 1, 1.0), (1, 2, 1.0)]).unwrap();
        let served = Served::Popularity(Popularity::train(&data));
        let (mut scores, mut best) = (Accumulator::default(), Vec::new());
        served.recommend(&[(0, 1.0)], 2, &mut scores, &mut best);
        assert_eq!(best, vec![(1, 2.0), (2, 1.0)]);
        served.similar(1, 5, &mut best);
        assert!(best.is_empty() && served.is_sound());
    }

    #[test]
    fn new_items_sit_with_what_their_takers_take() {
        let histories: [&[u32]; 3] = [&[0, 1], &[0, 2], &[0]];
        let links = fold_in_item(&histories, &[4, 1, 100], 2);
        assert_eq!(links[0].0, 0);
        assert!((links[0].1 - 3.0 / 12.0_f32.sqrt()).abs() < 1e-6);
        assert_eq!(links[1].0, 1);
    }
}
