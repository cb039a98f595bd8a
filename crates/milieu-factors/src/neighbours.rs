//! Truncated item-item weights: for each item the few others that it speaks for most.

use serde::{Deserialize, Serialize};

/// How many words of 4 bytes a cache line holds.
const LINE: usize = 16;

/// A sparse item by item matrix in compressed rows: `row(i)` says which items a history with item `i`
/// speaks for, and how much.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Neighbours {
    starts: Vec<u32>,
    items: Vec<u32>,
    weights: Vec<f32>,
}

impl Neighbours {
    pub(crate) fn from_rows(items: usize, rows: Vec<Vec<(u32, f32)>>) -> Self {
        debug_assert_eq!(items, rows.len());
        let mut starts = Vec::with_capacity(items + 1);
        starts.push(0);
        let total = rows.iter().map(Vec::len).sum();
        let (mut columns, mut weights) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for row in rows {
            columns.extend(row.iter().map(|&(item, _)| item));
            weights.extend(row.iter().map(|&(_, weight)| weight));
            starts.push(columns.len() as u32);
        }
        Self { starts, items: columns, weights }
    }

    /// How many items there are.
    #[must_use]
    pub fn items(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The neighbours of an item by descending weight, and their weights; empty for an unknown item.
    #[must_use]
    pub fn row(&self, item: u32) -> (&[u32], &[f32]) {
        let item = item as usize;
        match (self.starts.get(item), self.starts.get(item + 1)) {
            (Some(&from), Some(&to)) => {
                let range = from as usize..to as usize;
                (&self.items[range.clone()], &self.weights[range])
            }
            _ => (&[], &[]),
        }
    }

    /// Adds what each `(item, weight)` of a history speaks for. Unknown items are passed over.
    pub fn score_history(&self, history: &[(u32, f32)], scores: &mut Accumulator) {
        // The rows lie far apart in memory: reading a word of each cache line of all of them first lets the
        // processor wait for many at once.
        let first_words = |&(item, _): &(u32, f32)| {
            let (items, weights) = self.row(item);
            let items = items.iter().step_by(LINE).fold(0, |sum: u32, &item| sum.wrapping_add(item));
            weights.iter().step_by(LINE).fold(items, |sum, weight| sum.wrapping_add(weight.to_bits()))
        };
        std::hint::black_box(history.iter().map(first_words).fold(0, u32::wrapping_add));
        for &(item, weight) in history {
            let (items, weights) = self.row(item);
            for (&other, &value) in items.iter().zip(weights) {
                scores.add(other, weight * value);
            }
        }
    }

    /// Whether the parts fit together, to be asked of data that was read.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let items = self.items() as u32;
        self.items.len() == self.weights.len()
            && self.starts.windows(2).all(|pair| pair[0] <= pair[1])
            && self.starts.first().is_none_or(|&first| first == 0)
            && self.starts.last().is_none_or(|&last| last as usize == self.items.len())
            && self.items.iter().all(|&item| item < items)
            && self.weights.iter().all(|weight| weight.is_finite())
    }
}

/// Scores of items under construction: a dense array that is cleaned by what was touched only, to be kept
/// and used again.
#[derive(Debug, Clone, Default)]
pub struct Accumulator {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

impl Accumulator {
    /// Room for that many items.
    #[must_use]
    pub fn new(items: usize) -> Self {
        Self { scores: vec![0.0; items], touched: Vec::new() }
    }

    /// Grows to hold at least that many items.
    pub fn reserve(&mut self, items: usize) {
        if self.scores.len() < items {
            self.scores.resize(items, 0.0);
        }
    }

    /// Adds to an item's score. An item beyond the room is passed over.
    pub fn add(&mut self, item: u32, value: f32) {
        if let Some(score) = self.scores.get_mut(item as usize) {
            // An item that comes back to exactly 0 is noted twice; `take` reads the second time 0.
            if *score == 0.0 {
                self.touched.push(item);
            }
            *score += value;
        }
    }

    /// The score of an item so far.
    #[must_use]
    pub fn get(&self, item: u32) -> f32 {
        self.scores.get(item as usize).copied().unwrap_or(0.0)
    }

    /// Hands every touched item with a score other than 0 to `each` and leaves the accumulator empty.
    pub fn drain(&mut self, mut each: impl FnMut(u32, f32)) {
        for item in self.touched.drain(..) {
            let score = std::mem::take(&mut self.scores[item as usize]);
            if score != 0.0 {
                each(item, score);
            }
        }
    }

    /// The best `count` items with positive scores, best first, equal scores by item.
    pub fn top(&self, count: usize, best: &mut Vec<(u32, f32)>) {
        best.clear();
        best.extend(
            self.touched.iter().map(|&item| (item, self.get(item))).filter(|(_, score)| *score > 0.0),
        );
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        // What came back to 0 on its way is noted twice, with one score: its two notes are neighbours in
        // this order. With room for as many again they cannot push another item out of the best.
        if best.len() > 2 * count && count > 0 {
            best.select_nth_unstable_by(2 * count - 1, order);
            best.truncate(2 * count);
        }
        best.sort_unstable_by(order);
        best.dedup_by_key(|&mut (item, _)| item);
        best.truncate(count);
    }

    /// The best `count` items with positive scores, best first, equal scores by item; leaves the
    /// accumulator empty.
    pub fn take_top(&mut self, count: usize, best: &mut Vec<(u32, f32)>) {
        best.clear();
        self.drain(|item, score| {
            if score > 0.0 {
                best.push((item, score));
            }
        });
        keep_best(best, count);
    }
}

/// Sorts by descending score, then item, and keeps the first `count`.
pub(crate) fn keep_best(list: &mut Vec<(u32, f32)>, count: usize) {
    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if count == 0 {
        list.clear();
    } else if list.len() > count {
        list.select_nth_unstable_by(count - 1, order);
        list.truncate(count);
    }
    list.sort_unstable_by(order);
}

/// Collects the entries of a row that are largest in magnitude.
///
/// Magnitude, since a strong negative weight changes a ranking as much as a positive one.
pub(crate) struct TopRow {
    keep: usize,
    floor: f32,
    entries: Vec<(u32, f32)>,
}

impl TopRow {
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, floor: 0.0, entries: Vec::with_capacity(2 * keep + 1) }
    }

    pub(crate) fn offer(&mut self, item: u32, value: f32) {
        if value.abs() > self.floor && value.is_finite() && self.keep > 0 {
            self.entries.push((item, value));
            if self.entries.len() > 2 * self.keep {
                self.shrink();
                self.floor = self.entries[self.keep - 1].1.abs();
            }
        }
    }

    fn shrink(&mut self) {
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0));
        if self.entries.len() > self.keep {
            self.entries.select_nth_unstable_by(self.keep - 1, order);
            self.entries.truncate(self.keep);
        }
    }

    /// The kept entries by descending value.
    pub(crate) fn into_row(mut self) -> Vec<(u32, f32)> {
        self.shrink();
        keep_best(&mut self.entries, self.keep);
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Neighbours {
        Neighbours::from_rows(3, vec![vec![(1, 2.0), (2, 1.0)], vec![(0, 2.0)], vec![(0, 1.0), (1, -3.0)]])
    }

    #[test]
    fn histories_add_up_and_clean_up() {
        let mut scores = Accumulator::new(3);
        let mut best = Vec::new();
        sample().score_history(&[(0, 1.0), (2, 0.5), (9, 1.0)], &mut scores);
        assert_eq!((scores.get(0), scores.get(1), scores.get(2)), (0.5, 0.5, 1.0));
        scores.take_top(2, &mut best);
        assert_eq!(best, vec![(2, 1.0), (0, 0.5)]);
        assert_eq!((scores.get(0), scores.get(1), scores.get(2)), (0.0, 0.0, 0.0));
        scores.add(1, 1.0);
        scores.add(1, -1.0);
        scores.add(1, 4.0);
        scores.take_top(5, &mut best);
        assert_eq!(best, vec![(1, 4.0)]);
    }

    #[test]
    fn rows_keep_the_largest_magnitudes() {
        let mut row = TopRow::new(2);
        for (item, value) in [0.5, -3.0, 0.1, 2.0, f32::NAN, 1.0, 0.0].into_iter().enumerate() {
            row.offer(item as u32, value);
        }
        assert_eq!(row.into_row(), vec![(3, 2.0), (1, -3.0)]);
        let mut none = TopRow::new(0);
        none.offer(1, 1.0);
        assert!(none.into_row().is_empty());
    }

    #[test]
    fn survives_the_trip_and_knows_broken_data() {
        let bytes = postcard::to_allocvec(&sample()).unwrap();
        let back: Neighbours = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(back, sample());
        assert!(back.is_sound() && Neighbours::default().is_sound());
        let broken = Neighbours { starts: vec![0, 2], items: vec![7], weights: vec![1.0] };
        assert!(!broken.is_sound());
    }
}
