//! The model of what a user takes next, from what they took before and in which order.

use crate::numbers::Numbers;
use milieu_world::{ItemIx, Taste, World};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::Arc;

/// How many answers are kept: a network takes long, and is asked the same until a user likes something new.
const KEPT: usize = 4096;
/// How many items are told: enough that many are left when those that were met are taken away.
const MOST: usize = 384;

/// Gives a score to each item of a model after a sequence of so many tokens as the model looks back at, in which
/// item `i` is `i + 1` and 0 stands in front of shorter ones. `None` where it fails.
pub type SequenceScores = dyn Fn(&[i64]) -> Option<Vec<f32>> + Send + Sync;

/// A next-item model with its items bound to the world's.
#[derive(Clone)]
pub struct NextItems {
    /// The registry's name of it, such as `feed-sequence/3`.
    pub version: String,
    scores: Arc<SequenceScores>,
    length: usize,
    items: usize,
    numbers: Numbers,
    kept: Arc<Mutex<FxHashMap<Vec<i64>, Best>>>,
}

/// Items, best first, with their probabilities as shares of the best one's.
type Best = Arc<[(ItemIx, f32)]>;

impl NextItems {
    /// Binds a model that looks back at `length` items and whose item `i` has the id `ids[i]`. Items the world
    /// does not know are never proposed.
    #[must_use]
    pub fn bind(
        version: String,
        scores: Arc<SequenceScores>,
        length: usize,
        ids: &[String],
        world: &World,
    ) -> Self {
        let numbers = Numbers::bind(ids, world);
        Self { version, scores, length, items: ids.len(), numbers, kept: Arc::default() }
    }

    /// The 384 best items after what a user liked, best first, each with its probability as a share of the
    /// best one's. None for a user of whom the model knows no item.
    #[must_use]
    pub fn best(&self, taste: &Taste) -> Best {
        let known = |&(item, _): &(ItemIx, f32)| self.numbers.model_item(item);
        let mut tokens: Vec<i64> = taste
            .liked()
            .iter()
            .filter_map(known)
            .take(self.length)
            .map(|item| i64::from(item) + 1)
            .collect();
        if tokens.is_empty() {
            return Best::default();
        }
        tokens.resize(self.length, 0);
        tokens.reverse();
        if let Some(best) = self.kept.lock().get(&tokens) {
            return Arc::clone(best);
        }
        let best = self.after(&tokens);
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(tokens, Arc::clone(&best));
        best
    }

    fn after(&self, tokens: &[i64]) -> Best {
        let scores = (self.scores)(tokens).filter(|scores| scores.len() == self.items).unwrap_or_default();
        let mut found: Vec<(f32, u32)> =
            scores.into_iter().zip(0..).filter(|(score, _)| score.is_finite()).collect();
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if found.len() > MOST {
            found.select_nth_unstable_by(MOST - 1, order);
            found.truncate(MOST);
        }
        found.sort_unstable_by(order);
        let top = found.first().map_or(0.0, |&(score, _)| score);
        let share =
            |(score, number): (f32, u32)| Some((self.numbers.world_item(number)?, (score - top).exp()));
        found.into_iter().filter_map(share).collect()
    }
}

impl fmt::Debug for NextItems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} items", self.version, self.items)
    }
}
