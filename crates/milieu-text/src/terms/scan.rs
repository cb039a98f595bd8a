//! The search: the rows with the terms of a query, the best of them exactly.
//!
//! Slots are looked at a window at a time; scores are gathered for a whole window, term by term. Once enough rows are
//! found, terms that all together cannot lift a row among the best are looked up only for rows that other terms have
//! found (MaxScore: Turtle and Flood, "Query evaluation: strategies and optimizations", Information Processing &
//! Management 31(6), 1995). Scores are whole numbers, so that their sums do not depend on the order of the terms.

use super::index::{Bm25, Posting};
use super::{TermCounts, TermIndex};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Slots whose scores are gathered together: they fit into the nearest cache.
const WINDOW: u32 = 4096;
/// A weight of 1 as a whole number.
const ONE: f64 = (1 << 20) as f64;

/// A score and a row that order by score, the smaller row first among equals.
type Rank = (u64, Reverse<u32>);

/// A term of a query.
struct Scorer<'i> {
    /// Those that were not looked at.
    left: &'i [Posting],
    /// The rarity of the term, times how often the query has it.
    rarity: f64,
    /// No row gets more for the term.
    bound: u64,
}

impl Scorer<'_> {
    /// Moves on to the first posting at a slot or behind it.
    fn advance(&mut self, slot: u32) -> Option<Posting> {
        let mut step = 1;
        while self.left.get(step).is_some_and(|posting| posting.slot < slot) {
            step *= 2;
        }
        let near = self.left.get(..self.left.len().min(step + 1)).unwrap_or_default();
        let behind = near.partition_point(|posting| posting.slot < slot);
        self.left = self.left.get(behind..).unwrap_or_default();
        self.left.first().copied()
    }
}

/// The best `k` so far.
struct Best {
    k: usize,
    /// The worst on top.
    heap: BinaryHeap<Reverse<Rank>>,
}

impl Best {
    /// What a row has to reach; 0 before there are enough.
    fn floor(&self) -> u64 {
        if self.heap.len() < self.k { 0 } else { self.heap.peek().map_or(0, |Reverse((score, _))| *score) }
    }

    fn admits(&self, rank: Rank) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_none_or(|Reverse(worst)| *worst < rank)
    }

    fn push(&mut self, rank: Rank) {
        self.heap.push(Reverse(rank));
        if self.heap.len() > self.k {
            self.heap.pop();
        }
    }
}

impl TermIndex {
    /// The `k` rows with the highest scores of those that `keep` keeps and that have any term of the query, the best
    /// first; the smaller number first among equals. Exact. A term that the query has again counts again.
    ///
    /// `keep` is asked of rows that are among the best so far and of no others.
    pub fn search(&self, query: &TermCounts, k: usize, keep: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        if k == 0 {
            return Vec::new();
        }
        let mean = self.mean_length();
        let mut scorers = self.scorers(query, mean);
        scorers.sort_by_key(|scorer| scorer.bound);
        // For each number of the first scorers, what they give together at most.
        let bounds: Vec<u64> = std::iter::once(0)
            .chain(scorers.iter().scan(0, |sum, scorer| {
                *sum += scorer.bound;
                Some(*sum)
            }))
            .collect();
        let bound = |scorers: usize| bounds.get(scorers).copied().unwrap_or_default();
        let mut best = Best { k, heap: BinaryHeap::new() };
        let mut sums = vec![0_u64; WINDOW as usize];
        let mut looked_up = 0;
        loop {
            while looked_up < scorers.len() && bound(looked_up + 1) < best.floor() {
                looked_up += 1;
            }
            let (few, rest) = scorers.split_at_mut(looked_up);
            let next = rest.iter().filter_map(|scorer| scorer.left.first()).map(|posting| posting.slot).min();
            let Some(start) = next else { break };
            for scorer in rest {
                self.gather(scorer, start, mean, &mut sums);
            }
            for (slot, sum) in (start..).zip(&mut sums) {
                let sum = std::mem::take(sum);
                if sum == 0 || sum + bound(looked_up) < best.floor() {
                    continue;
                }
                let Some(found) = self.slots.get(slot as usize).filter(|found| found.length > 0) else {
                    continue;
                };
                let mut score = sum;
                for (at, scorer) in few.iter_mut().enumerate().rev() {
                    if score + bound(at + 1) < best.floor() {
                        break;
                    }
                    if let Some(posting) = scorer.advance(slot).filter(|posting| posting.slot == slot) {
                        score += self.score(scorer.rarity, posting, found.length, mean);
                    }
                }
                let rank = (score, Reverse(found.row));
                if best.admits(rank) && keep(found.row) {
                    best.push(rank);
                }
            }
        }
        let ranked = best.heap.into_sorted_vec().into_iter();
        ranked.map(|Reverse((score, Reverse(row)))| (row, (score as f64 / ONE) as f32)).collect()
    }

    /// The terms of the query that any row has.
    fn scorers(&self, query: &TermCounts, mean: f64) -> Vec<Scorer<'_>> {
        let scorer = |(term, times): &(String, u32)| {
            let list = self.lists.get(*self.terms.get(term.as_str())? as usize)?;
            let rarity = f64::from(*times) * Bm25::rarity(self.len(), list.rows);
            let most = Posting { slot: 0, count: list.most };
            // One more for what is rounded.
            let bound = self.score(rarity, most, list.shortest, mean) + 1;
            (list.rows > 0).then_some(Scorer { left: &list.postings, rarity, bound })
        };
        query.counts.iter().filter_map(scorer).collect()
    }

    /// Adds what a term says of the slots of the window that begins at `start`.
    fn gather(&self, scorer: &mut Scorer<'_>, start: u32, mean: f64, sums: &mut [u64]) {
        let end = scorer.left.partition_point(|posting| posting.slot - start < WINDOW);
        let (now, later) = scorer.left.split_at(end);
        for posting in now {
            let length = self.slots.get(posting.slot as usize).map_or(0, |slot| slot.length);
            if let Some(sum) = sums.get_mut((posting.slot - start) as usize) {
                *sum += self.score(scorer.rarity, *posting, length, mean);
            }
        }
        scorer.left = later;
    }

    fn score(&self, rarity: f64, posting: Posting, length: u32, mean: f64) -> u64 {
        (ONE * self.weights.weight(rarity, posting.count, length, mean)).round() as u64
    }
}
