//! Texts under numbers, found by their terms.

use super::TermCounts;
use std::collections::HashMap;

/// Rows that may be gone before the lists are written anew, however few are left.
const GONE: usize = 1000;

/// How terms are weighed: Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond", Foundations
/// and Trends in Information Retrieval 3(4), 2009.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bm25 {
    /// How much more a term says that comes again; at 0, no more.
    pub k1: f64,
    /// How much less it says in a long text, 0 to 1.
    pub b: f64,
}

impl Default for Bm25 {
    /// Values that the article finds good in many collections.
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

impl Bm25 {
    /// How much a term says: more the fewer rows have it, and always more than nothing.
    pub(super) fn rarity(rows: usize, with: u32) -> f64 {
        let (rows, with) = (rows as f64, f64::from(with));
        (1.0 + (rows - with + 0.5) / (with + 0.5)).ln()
    }

    /// What `count` times a term of such a rarity say of a text of `length` terms, where the mean is `mean`.
    pub(super) fn weight(self, rarity: f64, count: u32, length: u32, mean: f64) -> f64 {
        let count = f64::from(count);
        let norm = self.k1 * (1.0 - self.b + self.b * f64::from(length) / mean);
        rarity * count * (self.k1 + 1.0) / (count + norm)
    }
}

/// That a row has a term. Rows stand in the slots of an index in the order in which they came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub(super) slot: u32,
    pub(super) count: u32,
}

/// The rows with a term, those too that are gone.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Ascending by slot.
    pub(super) postings: Vec<Posting>,
    /// Rows that are not gone.
    pub(super) rows: u32,
    /// The most often it comes in a row, and the fewest terms of a row with it; each may be of one that is gone.
    pub(super) most: u32,
    pub(super) shortest: u32,
}

impl List {
    fn push(&mut self, posting: Posting, length: u32) {
        self.shortest = if self.postings.is_empty() { length } else { self.shortest.min(length) };
        self.most = self.most.max(posting.count);
        self.postings.push(posting);
        self.rows += 1;
    }
}

/// What an index knows of a slot.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) row: u32,
    /// Terms of the text; 0 where the row is gone.
    pub(super) length: u32,
    /// The places of its lists.
    terms: Box<[u32]>,
}

/// Texts under `u32` numbers, searched by BM25.
///
/// Rows come and go: one that goes leaves its postings behind, which are taken away all together once as many rows are
/// gone as are left; how many rows have a term is right at any time. A row takes about 12 bytes for each of its different
/// terms, of which it has 1000 at most.
#[derive(Debug, Clone, Default)]
pub struct TermIndex {
    pub(super) weights: Bm25,
    pub(super) terms: HashMap<Box<str>, u32>,
    pub(super) lists: Vec<List>,
    pub(super) slots: Vec<Slot>,
    of_row: HashMap<u32, u32>,
    /// Terms of all rows.
    length: u64,
}

impl TermIndex {
    /// An empty index.
    #[must_use]
    pub fn new(weights: Bm25) -> Self {
        Self { weights, ..Self::default() }
    }

    /// Puts a text in the place of the one that a row had. One without terms is found by nothing.
    pub fn put(&mut self, row: u32, text: &TermCounts) {
        self.remove(row);
        let Ok(slot) = u32::try_from(self.slots.len()) else { return };
        if text.is_empty() {
            return;
        }
        let mut terms = Vec::with_capacity(text.counts.len());
        for (term, count) in &text.counts {
            let place = match self.terms.get(term.as_str()) {
                Some(&place) => place,
                None => {
                    let place = self.lists.len() as u32;
                    self.terms.insert(term.as_str().into(), place);
                    self.lists.push(List::default());
                    place
                }
            };
            if let Some(list) = self.lists.get_mut(place as usize) {
                list.push(Posting { slot, count: *count }, text.length);
                terms.push(place);
            }
        }
        self.slots.push(Slot { row, length: text.length, terms: terms.into() });
        self.of_row.insert(row, slot);
        self.length += u64::from(text.length);
    }

    /// Takes a row away. Returns whether there was one.
    pub fn remove(&mut self, row: u32) -> bool {
        let Some(slot) = self.of_row.remove(&row) else { return false };
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            self.length -= u64::from(std::mem::take(&mut slot.length));
            for term in std::mem::take(&mut slot.terms) {
                if let Some(list) = self.lists.get_mut(term as usize) {
                    list.rows -= 1;
                }
            }
        }
        if self.slots.len() - self.of_row.len() > self.of_row.len().max(GONE) {
            self.tidy();
        }
        true
    }

    /// Writes the lists anew without what is gone.
    fn tidy(&mut self) {
        let mut kept_lists = 0..;
        let places: Vec<Option<u32>> =
            self.lists.iter().map(|list| if list.rows > 0 { kept_lists.next() } else { None }).collect();
        let moved = |place: u32| places.get(place as usize).copied().flatten();
        self.terms.retain(|_, place| match moved(*place) {
            Some(kept) => {
                *place = kept;
                true
            }
            None => false,
        });
        let mut kept_slots = 0..;
        let slots: Vec<Option<u32>> =
            self.slots.iter().map(|slot| if slot.length > 0 { kept_slots.next() } else { None }).collect();
        let slot_of = |slot: u32| slots.get(slot as usize).copied().flatten();
        self.lists.retain(|list| list.rows > 0);
        for list in &mut self.lists {
            let old = std::mem::take(list);
            for posting in old.postings {
                let length = self.slots.get(posting.slot as usize).map_or(0, |slot| slot.length);
                if let Some(slot) = slot_of(posting.slot) {
                    list.push(Posting { slot, ..posting }, length);
                }
            }
            list.postings.shrink_to_fit();
        }
        self.slots.retain(|slot| slot.length > 0);
        for slot in &mut self.slots {
            slot.terms = slot.terms.iter().filter_map(|&place| moved(place)).collect();
        }
        self.slots.shrink_to_fit();
        self.of_row = self.slots.iter().zip(0..).map(|(slot, at)| (slot.row, at)).collect();
    }

    /// How many rows are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of_row.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_row.is_empty()
    }

    /// Terms of a text on average.
    pub(super) fn mean_length(&self) -> f64 {
        self.length as f64 / self.len().max(1) as f64
    }

    /// How many postings the lists have, those of rows that are gone too.
    #[cfg(test)]
    pub(super) fn postings(&self) -> usize {
        self.lists.iter().map(|list| list.postings.len()).sum()
    }
}
