//! Inverted lists of quantised rows, searched by inner product.
//!
//! Rows are put into lists by direction, and in a list they are ordered by length, longest first, as in LEMP (Teflioudi,
//! Gemulla and Mykytiuk, "LEMP: Fast retrieval of large entries in a matrix product", SIGMOD 2015). A row is
//! `length * direction`; how large the product of a query with the directions of a list can be is known from the angle
//! between query and centroid and from how far the list is spread around it. So with the score of the k-th best row found
//! so far, the search knows for each list the length below which no row can get in: it scans whole lists near the query and
//! only the longest rows of lists further away.

use crate::IndexConfig;
use crate::exact::BLOCK;
use crate::kernels::{CODE_ALIGN, dot, matvec, matvec_i8, norm, quantise_i8, quantise_query};
use crate::kmeans;
use crate::scratch::{Scratch, pack, select_largest, unpack};
use rayon::prelude::*;

/// What is known of a row beside its codes; kept together because a search reads all of it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    length: f32,
    scale: f32,
    slot: u32,
}

/// One list: rows of nearly the same direction, the longest first; `stride` codes for each entry.
#[derive(Debug, Clone, Default)]
struct List {
    entries: Vec<Entry>,
    codes: Vec<i8>,
}

impl List {
    fn longest(&self) -> f32 {
        self.entries.first().map_or(0.0, |entry| entry.length)
    }

    /// How many rows are longer than `floor`: few as a rule, so that it is searched for from the front.
    fn reach(&self, floor: f32) -> usize {
        let mut end = 8;
        while end < self.entries.len() && self.entries[end].length > floor {
            end *= 2;
        }
        let end = end.min(self.entries.len());
        self.entries[..end].partition_point(|entry| entry.length > floor)
    }
}

/// All lists of an index.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    dim: usize,
    stride: usize,
    /// Unit vectors, row-major, one for each list.
    centroids: Vec<f32>,
    /// For each list: the mean cosine between rows and centroid.
    cosines: Vec<f32>,
    /// For each list: the root mean square length of what the rows' directions have beside the centroid's.
    spreads: Vec<f32>,
    /// For each list: the length of its longest row, 0 if it is empty.
    longest: Vec<f32>,
    lists: Vec<List>,
    list_of_slot: Vec<u32>,
}

/// What rows' directions are spread around a centroid at least, so that a list of one row is found by its neighbours.
const MIN_SPREAD: f32 = 0.05;

impl Lists {
    /// Learns centroids from a sample of `rows` and returns them with the list of each row.
    pub(crate) fn learn(rows: &[f32], dim: usize, config: &IndexConfig) -> (Vec<f32>, Vec<u32>) {
        let total = rows.len() / dim;
        let count = config.list_count(total);
        let sampled = count.saturating_mul(config.train_rows_per_list.max(1)).clamp(count, total);
        let mut sample = Vec::with_capacity(sampled * dim);
        for row in 0..sampled {
            // Evenly spread over the index; the order of the rows carries no meaning that repeats at this step.
            let row = row * total / sampled;
            let row = &rows[row * dim..][..dim];
            let length = norm(row);
            let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
            sample.extend(row.iter().map(|x| x * scale));
        }
        let centroids = kmeans::learn(&sample, dim, count, config.train_rounds, config.seed);
        let mut assigned = vec![0; total];
        kmeans::assign(rows, dim, &centroids, &mut assigned);
        (centroids, assigned)
    }

    /// Builds the lists of `rows`, row-major, given the list of each row.
    pub(crate) fn build(rows: &[f32], dim: usize, centroids: Vec<f32>, list_of_slot: Vec<u32>) -> Self {
        let count = centroids.len() / dim;
        let stride = dim.next_multiple_of(CODE_ALIGN);
        let mut members: Vec<Vec<(f32, u32)>> = vec![Vec::new(); count];
        for (slot, (list, row)) in list_of_slot.iter().zip(rows.chunks_exact(dim)).enumerate() {
            members[*list as usize].push((norm(row), slot as u32));
        }
        let built: Vec<(List, f32)> = members
            .into_par_iter()
            .zip(centroids.par_chunks_exact(dim))
            .map(|(mut members, centroid)| {
                members.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                let mut list = List {
                    entries: Vec::with_capacity(members.len()),
                    codes: vec![0; members.len() * stride],
                };
                let mut cosines = 0.0;
                for ((length, slot), codes) in members.iter().zip(list.codes.chunks_exact_mut(stride)) {
                    let row = &rows[*slot as usize * dim..][..dim];
                    let scale = quantise_i8(row, codes);
                    list.entries.push(Entry { length: *length, scale, slot: *slot });
                    if *length > 0.0 {
                        cosines += dot(row, centroid) / length;
                    }
                }
                (list, cosines / members.len().max(1) as f32)
            })
            .collect();
        let cosines: Vec<f32> = built.iter().map(|(_, cosine)| *cosine).collect();
        let spreads =
            cosines.iter().map(|cosine| (1.0 - cosine * cosine).max(0.0).sqrt().max(MIN_SPREAD)).collect();
        Self {
            dim,
            stride,
            centroids,
            cosines,
            spreads,
            longest: built.iter().map(|(list, _)| list.longest()).collect(),
            lists: built.into_iter().map(|(list, _)| list).collect(),
            list_of_slot,
        }
    }

    /// Collects in `scratch.candidates` the slots with the best quantised scores among those `filter` keeps.
    /// `length` is that of the query and positive.
    pub(crate) fn search(
        &self,
        query: &[f32],
        length: f32,
        effort: f32,
        filter: impl Fn(u32) -> bool,
        scratch: &mut Scratch,
    ) {
        scratch.unit.clear();
        scratch.unit.extend(query.iter().map(|x| x / length));
        scratch.query.resize(self.stride, 0);
        // Scores and lengths are those of the unit query from here on: one factor less in every comparison.
        let query_scale = quantise_query(&scratch.unit, &mut scratch.query);
        self.order_lists(effort, scratch);
        let Scratch { query, scores, order, candidates, .. } = scratch;
        scores.resize(BLOCK.max(scores.len()), 0.0);

        let mut sorted = 0;
        for position in 0..order.len() {
            if position == sorted {
                // Few lists are needed as a rule: order them a piece at a time, each piece as long as all before it.
                let piece = sorted.max(64).min(order.len() - position);
                select_largest(&mut order[position..], piece);
                order[position..position + piece].sort_unstable_by(|a, b| b.cmp(a));
                sorted += piece;
            }
            let (bound, list) = unpack(order[position]);
            if bound <= candidates.wanted_threshold() {
                break;
            }
            let best_cosine = bound / self.longest[list as usize];
            let list = &self.lists[list as usize];
            let reach = list.reach(candidates.wanted_threshold() / best_cosine);
            let blocks = list.entries[..reach].chunks(BLOCK).zip(list.codes.chunks(BLOCK * self.stride));
            for (entries, codes) in blocks {
                let scores = &mut scores[..entries.len()];
                matvec_i8(codes, query, scores);
                for (score, entry) in scores.iter().zip(entries) {
                    let score = score * entry.scale * query_scale;
                    if score >= candidates.threshold() && filter(entry.slot) {
                        candidates.push(score, entry.slot);
                    }
                }
            }
            candidates.settle();
        }
    }

    /// Writes into `scratch.order`, for each list that can hold a positive score, the largest score to expect there.
    fn order_lists(&self, effort: f32, scratch: &mut Scratch) {
        let Scratch { unit, scores, order, .. } = scratch;
        scores.resize(self.lists.len().max(BLOCK), 0.0);
        let scores = &mut scores[..self.lists.len()];
        matvec(&self.centroids, unit, scores);
        order.clear();
        order.reserve(self.lists.len());
        for (number, longest) in self.longest.iter().enumerate() {
            // A direction of the list is cosine * centroid + spread * (something orthogonal to it); the query has
            // `across` in the orthogonal part. Their product there is at most 1, and far less for most rows in many
            // dimensions, which `effort` stands for.
            let along = scores[number].clamp(-1.0, 1.0);
            let across = (1.0 - along * along).sqrt();
            let best = along * self.cosines[number] + effort * across * self.spreads[number];
            if best > 0.0 && *longest > 0.0 {
                order.push(pack(best.min(1.0) * longest, number as u32));
            }
        }
    }

    /// Adds the row of the next slot to the list of the nearest centroid.
    pub(crate) fn add(&mut self, row: &[f32]) {
        let mut nearest = (f32::NEG_INFINITY, 0);
        for (number, centroid) in self.centroids.chunks_exact(self.dim).enumerate() {
            let score = dot(row, centroid);
            if score > nearest.0 {
                nearest = (score, number);
            }
        }
        let slot = self.list_of_slot.len() as u32;
        self.list_of_slot.push(nearest.1 as u32);
        let stride = self.stride;
        let list = &mut self.lists[nearest.1];
        let length = norm(row);
        let place = list.entries.partition_point(|other| other.length >= length);
        let mut codes = vec![0; stride];
        let scale = quantise_i8(row, &mut codes);
        list.entries.insert(place, Entry { length, scale, slot });
        list.codes.splice(place * stride..place * stride, codes);
        self.longest[nearest.1] = list.longest();
    }

    /// Takes a slot out and gives its number to the last slot.
    pub(crate) fn swap_remove(&mut self, slot: u32) {
        let stride = self.stride;
        let number = self.list_of_slot[slot as usize] as usize;
        let list = &mut self.lists[number];
        if let Some(place) = list.entries.iter().position(|entry| entry.slot == slot) {
            list.entries.remove(place);
            list.codes.drain(place * stride..(place + 1) * stride);
            self.longest[number] = list.longest();
        }
        let last = self.list_of_slot.len() as u32 - 1;
        self.list_of_slot.swap_remove(slot as usize);
        if slot != last {
            let list = &mut self.lists[self.list_of_slot[slot as usize] as usize];
            if let Some(entry) = list.entries.iter_mut().find(|entry| entry.slot == last) {
                entry.slot = slot;
            }
        }
    }

    /// The centroids, row-major.
    pub(crate) fn centroids(&self) -> &[f32] {
        &self.centroids
    }

    /// The list of each slot.
    pub(crate) fn list_of_slot(&self) -> &[u32] {
        &self.list_of_slot
    }

    /// Bytes held.
    pub(crate) fn memory_bytes(&self) -> usize {
        let bytes_of = |list: &List| {
            size_of::<List>() + list.entries.capacity() * size_of::<Entry>() + list.codes.capacity()
        };
        let lists: usize = self.lists.iter().map(bytes_of).sum();
        lists + 4 * (self.centroids.len() + 3 * self.cosines.len() + self.list_of_slot.capacity())
    }
}
