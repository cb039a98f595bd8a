//! The index: vectors under ids, scanned exactly or through lists.

use crate::exact;
use crate::kernels::{dot, norm};
use crate::lists::Lists;
use crate::scratch::{Scratch, pack, unpack};
use crate::{IndexConfig, VectorError};
use rustc_hash::FxHashMap;

/// The largest number of dimensions of an index.
pub(crate) const MAX_DIMENSIONS: usize = 4096;

/// Ids looked at to guess how much a filter keeps.
const FILTER_SAMPLE: usize = 256;
/// A filter that keeps less than one in this many makes the search exact.
const NARROW_FILTER: usize = 10;

/// Vectors of `f32` under `u32` ids, searched by inner product.
///
/// Equal input, configuration and seed give an equal index, whatever the number of threads.
#[derive(Debug, Clone)]
pub struct VectorIndex {
    pub(crate) dim: usize,
    pub(crate) config: IndexConfig,
    pub(crate) ids: Vec<u32>,
    pub(crate) rows: Vec<f32>,
    pub(crate) slots: FxHashMap<u32, u32>,
    pub(crate) lists: Option<Lists>,
    /// Vectors there were when the lists were learnt.
    pub(crate) learnt_from: usize,
}

impl VectorIndex {
    /// Builds an index of the vectors `rows` (row-major, `ids.len() x dim`) under `ids`. Uses all threads of the current
    /// rayon pool.
    ///
    /// # Errors
    /// Another shape than `ids.len() x dim`, an id given twice, a value that is not finite, or an unsupported `dim`.
    pub fn build(dim: usize, ids: &[u32], rows: &[f32], config: &IndexConfig) -> Result<Self, VectorError> {
        check_dimensions(dim)?;
        if rows.len() != ids.len() * dim {
            return Err(VectorError::Dimensions { expected: ids.len() * dim, found: rows.len() });
        }
        if u32::try_from(ids.len()).is_err() {
            return Err(VectorError::Full);
        }
        for (id, row) in ids.iter().zip(rows.chunks_exact(dim)) {
            check_finite(row).ok_or(VectorError::NotFinite(*id))?;
        }
        let mut index = Self {
            dim,
            config: *config,
            ids: ids.to_vec(),
            rows: rows.to_vec(),
            slots: FxHashMap::default(),
            lists: None,
            learnt_from: 0,
        };
        index.number_slots()?;
        index.rebuild();
        Ok(index)
    }

    /// Fills the map from ids to slots.
    pub(crate) fn number_slots(&mut self) -> Result<(), VectorError> {
        self.slots.clear();
        self.slots.reserve(self.ids.len());
        for (slot, id) in self.ids.iter().enumerate() {
            if self.slots.insert(*id, slot as u32).is_some() {
                return Err(VectorError::DuplicateId(*id));
            }
        }
        Ok(())
    }

    /// Learns the lists anew from the vectors held, or drops them where an exact scan is quicker.
    pub fn rebuild(&mut self) {
        self.lists = None;
        self.learnt_from = self.ids.len();
        if self.ids.is_empty() || self.ids.len() < self.config.exact_below {
            return;
        }
        let (centroids, assigned) = Lists::learn(&self.rows, self.dim, &self.config);
        let assigned = self.group_by_list(&assigned);
        self.lists = Some(Lists::build(&self.rows, self.dim, centroids, assigned));
    }

    /// Orders the slots by list and length, so that rescoring reads rows that lie together. Returns the new assignment.
    fn group_by_list(&mut self, assigned: &[u32]) -> Vec<u32> {
        let lengths: Vec<f32> = self.rows.chunks_exact(self.dim).map(norm).collect();
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_unstable_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            assigned[a]
                .cmp(&assigned[b])
                .then(lengths[b].total_cmp(&lengths[a]))
                .then(self.ids[a].cmp(&self.ids[b]))
        });
        let mut rows = Vec::with_capacity(self.rows.len());
        let mut ids = Vec::with_capacity(self.ids.len());
        let mut grouped = Vec::with_capacity(self.ids.len());
        for old in order {
            let old = old as usize;
            self.slots.insert(self.ids[old], ids.len() as u32);
            rows.extend_from_slice(&self.rows[old * self.dim..][..self.dim]);
            ids.push(self.ids[old]);
            grouped.push(assigned[old]);
        }
        self.rows = rows;
        self.ids = ids;
        grouped
    }

    /// Whether the index has grown or shrunk so much since its lists were learnt that [`Self::rebuild`] pays.
    #[must_use]
    pub fn wants_rebuild(&self) -> bool {
        let (now, then) = (self.ids.len(), self.learnt_from);
        (now >= self.config.exact_below || self.lists.is_some()) && (now > then + then / 2 || now < then / 2)
    }

    /// Adds a vector, or replaces the one of this id. Found by the next search.
    ///
    /// # Errors
    /// Wrong dimensions, a value that is not finite, or an index that is full; the index is then unchanged.
    pub fn add(&mut self, id: u32, row: &[f32]) -> Result<(), VectorError> {
        if row.len() != self.dim {
            return Err(VectorError::Dimensions { expected: self.dim, found: row.len() });
        }
        check_finite(row).ok_or(VectorError::NotFinite(id))?;
        self.remove(id);
        let slot = u32::try_from(self.ids.len()).map_err(|_| VectorError::Full)?;
        self.ids.push(id);
        self.rows.extend_from_slice(row);
        self.slots.insert(id, slot);
        if let Some(lists) = &mut self.lists {
            lists.add(row);
        }
        Ok(())
    }

    /// Removes the vector of an id. No later search returns it. Returns whether there was one.
    pub fn remove(&mut self, id: u32) -> bool {
        let Some(slot) = self.slots.remove(&id) else {
            return false;
        };
        if let Some(lists) = &mut self.lists {
            lists.swap_remove(slot);
        }
        let at = slot as usize;
        let last = self.ids.len() - 1;
        self.ids.swap_remove(at);
        if at != last {
            self.slots.insert(self.ids[at], slot);
            let (head, tail) = self.rows.split_at_mut(last * self.dim);
            head[at * self.dim..][..self.dim].copy_from_slice(tail);
        }
        self.rows.truncate(last * self.dim);
        true
    }

    /// The `k` vectors with the largest inner product with `query` among the ids that `filter` keeps, best first; the
    /// smaller id first among equals. Exact for small indexes and narrow filters. Allocates nothing once `scratch` has
    /// grown to its size.
    ///
    /// # Errors
    /// A query of other dimensions, or with a value that is not finite.
    pub fn search<'s>(
        &self,
        query: &[f32],
        k: usize,
        filter: impl Fn(u32) -> bool,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [(u32, f32)], VectorError> {
        let length = self.check_query(query)?;
        let lists = self.lists.as_ref().filter(|_| length > 0.0 && !self.is_narrow(&filter));
        if let Some(lists) = lists {
            self.search_lists(lists, query, length, self.config.effort, k, &filter, scratch);
        }
        // Lists in which no positive score is expected are left out; whoever asks for more than the others hold gets the
        // exact answer.
        if lists.is_none() || scratch.results.len() < k.min(self.ids.len()) {
            self.search_rows(query, k, &filter, scratch);
        }
        Ok(&scratch.results)
    }

    /// The same as [`Self::search`], but exact at any size.
    ///
    /// # Errors
    /// See [`Self::search`].
    pub fn search_exact<'s>(
        &self,
        query: &[f32],
        k: usize,
        filter: impl Fn(u32) -> bool,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [(u32, f32)], VectorError> {
        self.check_query(query)?;
        self.search_rows(query, k, &filter, scratch);
        Ok(&scratch.results)
    }

    fn search_rows(&self, query: &[f32], k: usize, filter: &impl Fn(u32) -> bool, scratch: &mut Scratch) {
        let k = k.min(self.ids.len());
        scratch.results.clear();
        if k == 0 {
            return;
        }
        let candidates = &mut scratch.candidates;
        candidates.reset(k, k);
        if self.is_narrow(filter) {
            exact::scan_filtered(&self.rows, &self.ids, query, filter, candidates);
        } else {
            let scores = &mut scratch.scores;
            exact::scan(&self.rows, &self.ids, query, filter, scores, candidates);
        }
        rank(candidates.finish(), &mut scratch.results);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one search")]
    fn search_lists(
        &self,
        lists: &Lists,
        query: &[f32],
        length: f32,
        effort: f32,
        k: usize,
        filter: impl Fn(u32) -> bool,
        scratch: &mut Scratch,
    ) {
        let k = k.min(self.ids.len());
        scratch.results.clear();
        if k == 0 {
            return;
        }
        // Codes of 8 bits swap neighbours in the ranking; a margin of a quarter keeps what they push out.
        scratch.candidates.reset(k + k / 4 + 8, k);
        let keep = |slot: u32| filter(self.ids[slot as usize]);
        lists.search(query, length, effort, keep, scratch);
        let keys = scratch.candidates.finish();
        for key in keys.iter_mut() {
            let slot = unpack(*key).1 as usize;
            let score = dot(&self.rows[slot * self.dim..][..self.dim], query);
            *key = pack(score, self.ids[slot]);
        }
        rank(keys, &mut scratch.results);
        scratch.results.truncate(k);
    }

    /// Whether `filter` keeps less than a tenth of a sample of the ids.
    fn is_narrow(&self, filter: &impl Fn(u32) -> bool) -> bool {
        let sampled = self.ids.len().min(FILTER_SAMPLE);
        let kept = (0..sampled).filter(|place| filter(self.ids[place * self.ids.len() / sampled])).count();
        kept * NARROW_FILTER < sampled
    }

    /// Sets the effort to the smallest that finds on average at least `recall` of the true best `k` of the given queries
    /// (row-major), and returns the recall reached. Without lists or queries, nothing changes and 1 is returned.
    ///
    /// # Errors
    /// See [`Self::search`].
    pub fn calibrate(&mut self, queries: &[f32], k: usize, recall: f64) -> Result<f64, VectorError> {
        let mut scratch = Scratch::new();
        let mut truths: Vec<Vec<u32>> = Vec::new();
        for query in queries.chunks_exact(self.dim) {
            let found = self.search_exact(query, k, |_| true, &mut scratch)?;
            let mut truth: Vec<u32> = found.iter().map(|(id, _)| *id).collect();
            truth.sort_unstable();
            truths.push(truth);
        }
        let Some(lists) = &self.lists else {
            return Ok(1.0);
        };
        if truths.is_empty() || k == 0 {
            return Ok(1.0);
        }
        let mut measure = |effort: f32| {
            let (mut hits, mut all) = (0, 0);
            for (query, truth) in queries.chunks_exact(self.dim).zip(&truths) {
                let length = norm(query);
                if length > 0.0 {
                    self.search_lists(lists, query, length, effort, k, |_| true, &mut scratch);
                    let is_true = |id: &u32| truth.binary_search(id).is_ok();
                    hits += scratch.results.iter().filter(|(id, _)| is_true(id)).count();
                    all += truth.len();
                }
            }
            hits as f64 / all.max(1) as f64
        };
        let (mut low, mut high) = (0.0, 1.0);
        let mut reached = measure(high);
        if reached >= recall {
            for _ in 0..8 {
                let middle = 0.5 * (low + high);
                let found = measure(middle);
                if found >= recall {
                    (high, reached) = (middle, found);
                } else {
                    low = middle;
                }
            }
        }
        self.config.effort = high;
        Ok(reached)
    }

    /// The vector of an id.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&[f32]> {
        let slot = *self.slots.get(&id)? as usize;
        self.rows.get(slot * self.dim..(slot + 1) * self.dim)
    }

    /// How many vectors are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no vector is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Dimensions of every vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How the index is searched.
    #[must_use]
    pub fn config(&self) -> &IndexConfig {
        &self.config
    }

    /// Whether searches without a narrow filter go through lists.
    #[must_use]
    pub fn is_approximate(&self) -> bool {
        self.lists.is_some()
    }

    /// Bytes held by the vectors, ids and lists.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        // A hash map of this kind takes 9 bytes a place and has at most 8/7 of its capacity in places.
        let map = self.slots.capacity() * 9 * 8 / 7;
        let own = 4 * (self.ids.capacity() + self.rows.capacity()) + map;
        own + self.lists.as_ref().map_or(0, Lists::memory_bytes)
    }

    fn check_query(&self, query: &[f32]) -> Result<f32, VectorError> {
        if query.len() != self.dim {
            return Err(VectorError::Dimensions { expected: self.dim, found: query.len() });
        }
        check_finite(query).ok_or(VectorError::QueryNotFinite)
    }
}

/// The length of a vector, if it and its square are finite.
pub(crate) fn check_finite(row: &[f32]) -> Option<f32> {
    Some(norm(row)).filter(|length| length.is_finite())
}

pub(crate) fn check_dimensions(dim: usize) -> Result<(), VectorError> {
    if dim == 0 || dim > MAX_DIMENSIONS {
        return Err(VectorError::UnsupportedDimensions(dim));
    }
    Ok(())
}

fn rank(keys: &mut [u64], results: &mut Vec<(u32, f32)>) {
    keys.sort_unstable_by(|a, b| b.cmp(a));
    results.extend(keys.iter().map(|key| {
        let (score, id) = unpack(*key);
        (id, score)
    }));
}
