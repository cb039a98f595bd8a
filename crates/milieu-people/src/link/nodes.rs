//! What is computed of every node before pairs are looked at.

use milieu_graph::{Adjacency, Surroundings};
use rayon::prelude::*;

/// Places in a node's list of others, by resource allocation, whose scores are kept: 1st, 2nd, 4th, ... 2048th.
pub(super) const PLACES: usize = 12;

/// Neighbours of more neighbours than this are passed over: see [`Surroundings::walk`].
pub(super) const MOST_NEIGHBOURS: usize = 5000;

/// Of each node: how many of its neighbours' pairs are neighbours, and how near the nearest that are none are.
/// 52 bytes a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeTable {
    clustering: Vec<f32>,
    places: Vec<[f32; PLACES]>,
}

impl NodeTable {
    /// Looks at every node of a graph, on all threads.
    #[must_use]
    pub fn of(graph: &(impl Adjacency + Sync)) -> Self {
        let rows: Vec<(f32, [f32; PLACES])> = (0..graph.nodes() as u32)
            .into_par_iter()
            .map_init(Surroundings::new, |surroundings, node| {
                surroundings.walk(graph, node, MOST_NEIGHBOURS);
                row(graph, surroundings, node)
            })
            .collect();
        let (clustering, places) = rows.into_iter().unzip();
        Self { clustering, places }
    }

    /// The share of the pairs of a node's neighbours that are neighbours (Watts & Strogatz 1998), 0 to 1.
    #[must_use]
    pub fn clustering(&self, node: u32) -> f32 {
        self.clustering.get(node as usize).copied().unwrap_or_default()
    }

    /// The natural logarithm of the place that a score by resource allocation takes in the list of those who are not the
    /// node's neighbours, best first, between the places that are kept; a score of 0 is past the last.
    #[must_use]
    pub fn log_place(&self, node: u32, score: f32) -> f32 {
        let Some(places) = self.places.get(node as usize) else {
            return PLACES as f32 * std::f32::consts::LN_2;
        };
        let (above, equal) = (
            places.iter().filter(|&&kept| kept > score).count(),
            places.iter().filter(|&&kept| kept == score && score > 0.0).count(),
        );
        let between = if equal > 0 {
            (equal - 1) as f32 / 2.0
        } else {
            // Between the last place above and the first below, by where the score lies between theirs.
            match (above.checked_sub(1).and_then(|place| places.get(place)), places.get(above)) {
                (Some(&high), Some(&low)) if high > low => (high - score) / (high - low) - 1.0,
                _ => 0.0,
            }
        };
        (above as f32 + between).max(0.0) * std::f32::consts::LN_2
    }
}

fn row(graph: &impl Adjacency, surroundings: &Surroundings, node: u32) -> (f32, [f32; PLACES]) {
    let degree = graph.degree(node);
    // Both ends of each pair of linked neighbours are met.
    let triangles: f32 = graph.arcs_of(node).map(|(to, _)| surroundings.shared(to).common).sum();
    let pairs = (degree * degree.saturating_sub(1)) as f32;
    let clustering = if pairs > 0.0 { (triangles / pairs).min(1.0) } else { 0.0 };
    let neighbours: Vec<u32> = graph.arcs_of(node).map(|(to, _)| to).collect();
    let mut scores: Vec<f32> = surroundings
        .reached()
        .iter()
        .filter(|to| neighbours.binary_search(to).is_err())
        .map(|&to| surroundings.shared(to).resource)
        .collect();
    let kept = scores.len().min(1 << (PLACES - 1));
    if kept > 0 && kept < scores.len() {
        scores.select_nth_unstable_by(kept - 1, |a, b| b.total_cmp(a));
        scores.truncate(kept);
    }
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    let place = |place: usize| scores.get((1 << place) - 1).copied().unwrap_or_default();
    (clustering, std::array::from_fn(place))
}
