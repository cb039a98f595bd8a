//! What items are about: groups of near vectors, learnt from time to time, with a name of a few words each.

mod learn;
mod list;

pub(super) use learn::learn;
pub(crate) use list::topics;

use milieu_vector::Clusters;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Vectors there have to be before topics are looked for.
const FIRST: usize = 100;

/// A topic as it is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Topic {
    /// Never given to another one.
    pub(crate) id: u32,
    /// The words it is named by, the best first.
    pub(crate) terms: Vec<String>,
}

/// Topics as they are kept on disk, of one version of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) model: String,
    pub(super) version: u32,
    dim: usize,
    centroids: Vec<f32>,
    floors: Vec<f32>,
    topics: Vec<Topic>,
    next: u32,
    learnt_from: u64,
}

/// The topics of the vectors that are held, and which items each has.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    /// `None` before the first time.
    clusters: Option<Clusters>,
    /// One for each cluster.
    topics: Vec<Topic>,
    /// The id of the next new topic.
    next: u32,
    /// Vectors there were when they were learnt.
    learnt_from: usize,
    /// By the number of an item: the place of its topic, and the cosine with the topic's direction.
    items: HashMap<u32, (usize, f32)>,
}

impl Topics {
    /// None yet; new ones get ids from `next` on.
    pub(super) fn none(next: u32) -> Self {
        Self { clusters: None, topics: Vec::new(), next, learnt_from: 0, items: HashMap::new() }
    }

    /// Those that were kept, where they are of this version; else none, with ids that none of them had.
    pub(super) fn of(kept: Option<Kept>, model: &str, version: u32) -> Self {
        let Some(kept) = kept else { return Self::none(1) };
        let next = kept.next;
        if kept.model != model || kept.version != version || kept.floors.len() != kept.topics.len() {
            return Self::none(next);
        }
        match Clusters::from_parts(kept.dim, kept.centroids, kept.floors) {
            Ok(clusters) => Self {
                clusters: Some(clusters),
                topics: kept.topics,
                next,
                learnt_from: kept.learnt_from as usize,
                items: HashMap::new(),
            },
            Err(_) => Self::none(next),
        }
    }

    pub(super) fn kept(&self, model: &str, version: u32) -> Option<Kept> {
        let clusters = self.clusters.as_ref()?;
        Some(Kept {
            model: model.to_owned(),
            version,
            dim: clusters.dim(),
            centroids: clusters.centroids().to_vec(),
            floors: clusters.floors().to_vec(),
            topics: self.topics.clone(),
            next: self.next,
            learnt_from: self.learnt_from as u64,
        })
    }

    /// Whether the number of vectors has changed so much that topics are to be learnt anew.
    pub(super) fn are_old(&self, vectors: usize) -> bool {
        let then = self.learnt_from;
        vectors >= FIRST && (vectors > then + then / 2 || vectors < then / 2)
    }

    /// An item has such a vector now.
    pub(super) fn put(&mut self, number: u32, vector: &[f32]) {
        match self.clusters.as_ref().and_then(|clusters| clusters.nearest(vector)) {
            Some(near) => self.items.insert(number, near),
            None => self.items.remove(&number),
        };
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.items.remove(&number);
    }

    /// The topic of an item.
    pub(crate) fn of_item(&self, number: u32) -> Option<&Topic> {
        self.topics.get(self.items.get(&number)?.0)
    }

    pub(crate) fn all(&self) -> &[Topic] {
        &self.topics
    }

    /// For each item with a topic: its number, the place of the topic among all, the cosine with its direction.
    pub(crate) fn items(&self) -> impl Iterator<Item = (u32, usize, f32)> {
        self.items.iter().map(|(number, (place, cosine))| (*number, *place, *cosine))
    }
}
