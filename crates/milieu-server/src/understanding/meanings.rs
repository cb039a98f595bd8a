//! The vectors of items in memory, by the numbers that the world gives items.

use super::results::{Found, Results, ResultsError, Understood};
use super::topics::{Kept, Topics, learn};
use crate::config::TopicsConfig;
use milieu_vector::{IndexConfig, Scratch, VectorError, VectorIndex};
use milieu_world::World;
use std::collections::HashMap;

/// Of the true best, how many an approximate search is to find.
const RECALL: f64 = 0.95;
/// Best rows that the recall is measured at.
const RECALL_AT: usize = 20;
/// Rows that the recall is measured with.
const RECALL_QUERIES: usize = 64;

/// The vectors of one version of one model.
#[derive(Clone)]
pub(crate) struct Meanings {
    pub(crate) model: String,
    pub(crate) version: u32,
    config: IndexConfig,
    /// `None` before the first vector, which says how long they are.
    index: Option<VectorIndex>,
    numbers: HashMap<Box<str>, u32>,
    topics: Topics,
}

impl Meanings {
    pub(super) fn new(model: &str, version: u32, config: IndexConfig) -> Self {
        Self {
            model: model.to_owned(),
            version,
            config,
            index: None,
            numbers: HashMap::new(),
            topics: Topics::none(1),
        }
    }

    /// All vectors of this version that are stored, and the topics that were kept, where they are of it.
    pub(super) fn read(
        &mut self,
        results: &Results,
        topics: Option<Kept>,
        number: impl Fn(&str) -> Option<u32>,
    ) -> Result<(), ResultsError> {
        self.topics = Topics::of(topics, &self.model, self.version);
        for entry in results.all() {
            let (id, understood) = entry?;
            if let (Some(number), Some(vector)) = (number(&id), self.vector_of(&understood)) {
                self.put(&id, number, vector);
            }
        }
        self.improve();
        Ok(())
    }

    /// The vector that this version made of an item.
    pub(super) fn vector_of<'u>(&self, understood: &'u Understood) -> Option<&'u [f32]> {
        let said = understood.by.get(&self.model).filter(|said| said.version == self.version)?;
        match &said.found {
            Found::Meaning(vector) => Some(vector),
            Found::Labels(_) | Found::Failed => None,
        }
    }

    /// The number and the vector of an item.
    pub(super) fn get(&self, id: &str) -> Option<(u32, &[f32])> {
        let number = *self.numbers.get(id)?;
        Some((number, self.index.as_ref()?.get(number)?))
    }

    /// Puts an item's vector in the place of the one before. One without a direction is found by nothing.
    pub(super) fn put(&mut self, id: &str, number: u32, vector: &[f32]) {
        self.remove(id);
        if vector.iter().all(|x| *x == 0.0) {
            return;
        }
        if let Err(error) = self.add(number, vector) {
            tracing::error!(id, %error, "the vector of an item cannot be searched");
            return;
        }
        self.topics.put(number, vector);
        self.numbers.insert(id.into(), number);
    }

    fn add(&mut self, number: u32, vector: &[f32]) -> Result<(), VectorError> {
        let index = match &mut self.index {
            Some(index) => index,
            empty => empty.insert(VectorIndex::build(vector.len(), &[], &[], &self.config)?),
        };
        index.add(number, vector)
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let (Some(number), Some(index)) = (self.numbers.remove(id), &mut self.index) {
            self.topics.remove(number);
            index.remove(number);
        }
    }

    /// Whether [`Self::improve`] pays.
    pub(super) fn wants_to_improve(&self) -> bool {
        self.index.as_ref().is_some_and(VectorIndex::wants_rebuild)
    }

    /// Learns how to search anew. Takes long with many vectors.
    pub(super) fn improve(&mut self) {
        let Some(index) = self.index.as_mut().filter(|index| index.wants_rebuild()) else { return };
        index.rebuild();
        let mut numbers: Vec<u32> = self.numbers.values().copied().collect();
        numbers.sort_unstable();
        let step = (numbers.len() / RECALL_QUERIES).max(1);
        let queries: Vec<f32> =
            numbers.iter().step_by(step).filter_map(|&number| index.get(number)).flatten().copied().collect();
        match index.calibrate(&queries, RECALL_AT, RECALL) {
            Ok(recall) => tracing::info!(items = numbers.len(), recall, "items are searched by lists"),
            Err(error) => tracing::error!(%error, "the search for items is not calibrated"),
        }
    }

    /// Topics learnt anew, where that pays; `text` gives the text of an item by its number. Takes long with many vectors.
    pub(super) fn new_topics(
        &self,
        config: &TopicsConfig,
        text: impl Fn(u32) -> Option<String>,
    ) -> Option<Topics> {
        let index = self.index.as_ref().filter(|_| config.enabled && self.topics.are_old(self.len()))?;
        let numbers = self.numbers.values().copied().collect();
        let learnt = learn(&self.topics, numbers, |number| index.get(number), text, config);
        learnt.inspect_err(|error| tracing::error!(%error, "topics cannot be learnt")).ok()
    }

    /// Puts topics of these vectors in the place of those before.
    pub(super) fn set_topics(&mut self, topics: Topics) {
        self.topics = topics;
    }

    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The `k` items nearest to a vector of length 1 of those that `keep` keeps, with the cosine, the nearest first.
    pub(crate) fn search(
        &self,
        query: &[f32],
        k: usize,
        keep: impl Fn(u32) -> bool,
    ) -> Result<Vec<(u32, f32)>, VectorError> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        Ok(index.search(query, k, keep, &mut Scratch::new())?.to_vec())
    }
}

/// The number of an item in the world, of any time.
pub(super) fn number(world: &World, id: &str) -> Option<u32> {
    world.item(id).map(|item| item.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    /// Unit vectors about so many directions, the same each time.
    fn rows(count: u32, dim: u32) -> Vec<Vec<f32>> {
        let noise = |x: u32| {
            let hash = xxhash_rust::xxh3::xxh3_64(&x.to_le_bytes());
            (hash >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let row = |row: u32| {
            let centre = row % 50;
            let mut values: Vec<f32> =
                (0..dim).map(|at| noise(centre * dim + at) + 0.5 * noise((1000 + row) * dim + at)).collect();
            let length = values.iter().map(|x| x * x).sum::<f32>().sqrt();
            values.iter_mut().for_each(|x| *x /= length);
            values
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn lists_find_what_a_scan_finds() {
        let rows = rows(4000, 32);
        let fill = |exact_below| {
            let mut made = Meanings::new("m", 1, IndexConfig { exact_below, ..IndexConfig::default() });
            for (number, row) in rows.iter().enumerate() {
                made.put(&number.to_string(), number as u32, row);
            }
            made.improve();
            made
        };
        let (exact, lists) = (fill(usize::MAX), fill(1000));
        assert!(lists.index.as_ref().unwrap().is_approximate());
        let (mut hits, mut all) = (0, 0);
        for query in rows.iter().step_by(37) {
            let keep = |number: u32| !number.is_multiple_of(3);
            let truth = exact.search(query, 10, keep).unwrap();
            let found = lists.search(query, 10, keep).unwrap();
            assert!(found.iter().all(|(number, _)| keep(*number)));
            hits += found.iter().filter(|hit| truth.iter().any(|(number, _)| *number == hit.0)).count();
            all += truth.len();
        }
        let recall = f64::from(hits as u32) / f64::from(all as u32);
        assert!(recall >= 0.9, "{recall}");
    }

    #[test]
    fn what_is_replaced_and_removed_is_not_found() {
        let mut made = Meanings::new("m", 1, IndexConfig::default());
        assert_eq!(made.search(&[1.0, 0.0], 3, |_| true).unwrap(), []);
        made.put("a", 1, &[1.0, 0.0]);
        made.put("b", 2, &[0.6, 0.8]);
        made.put("nothing", 3, &[0.0, 0.0]);
        assert_eq!(made.search(&[1.0, 0.0], 3, |_| true).unwrap(), [(1, 1.0), (2, 0.6)]);
        // The same id, made anew, has another number in the world.
        made.put("a", 7, &[0.0, 1.0]);
        assert_eq!(made.search(&[1.0, 0.0], 3, |_| true).unwrap(), [(2, 0.6), (7, 0.0)]);
        made.remove("b");
        made.put("a", 7, &[0.0, 0.0]);
        assert_eq!((made.search(&[1.0, 0.0], 3, |_| true).unwrap(), made.len()), (vec![], 0));
    }
}
