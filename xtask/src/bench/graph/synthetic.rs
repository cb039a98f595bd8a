//! A seeded synthetic social graph: degrees by a power law, communities of sizes by a power law.

use anyhow::{Result, ensure};
use milieu_graph::Edge;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashSet;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) nodes: usize,
    /// Edges, exactly, each between another two nodes.
    pub(super) edges: usize,
    /// Share of the edges that are drawn without regard to communities.
    pub(super) mixing: f64,
    pub(super) seed: u64,
}

/// Exponent of the degrees.
const DEGREES: f64 = 2.5;
/// Largest expected degree over the smallest.
const SPREAD: f64 = 200.0;
/// Exponent of the sizes of communities, the smallest and the largest.
const SIZES: f64 = 2.0;
const SMALLEST: f64 = 20.0;
const LARGEST: f64 = 5000.0;

/// Nodes in an order with the sum of what they are drawn by up to each.
struct Urn {
    cumulated: Vec<f64>,
}

impl Urn {
    fn new(chances: impl Iterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let add = |chance| {
            sum += chance;
            sum
        };
        Self { cumulated: chances.map(add).collect() }
    }

    /// A place in `first..end`.
    fn draw(&self, first: usize, end: usize, random: &mut Pcg64Mcg) -> usize {
        let low = if first == 0 { 0.0 } else { self.cumulated[first - 1] };
        let point = low + random.random::<f64>() * (self.cumulated[end - 1] - low);
        first + self.cumulated[first..end].partition_point(|&sum| sum <= point).min(end - first - 1)
    }
}

/// A number of a power law from 1 up, at most `most`.
fn power(exponent: f64, most: f64, random: &mut Pcg64Mcg) -> f64 {
    (1.0 - random.random::<f64>()).powf(-1.0 / (exponent - 1.0)).min(most)
}

/// Draws a degree-corrected block model (Karrer & Newman 2011) whose degrees and sizes are those of the LFR benchmark
/// (Lancichinetti, Fortunato & Radicchi 2008). Numbers of nodes say nothing about their communities.
pub(super) fn make(shape: Shape) -> Result<Vec<Edge>> {
    let nodes = shape.nodes;
    ensure!(nodes >= 100 && shape.edges <= nodes * (nodes - 1) / 20, "too many edges for the nodes");
    let mut random = Pcg64Mcg::seed_from_u64(shape.seed);
    // Nodes are drawn as places in an order in which each community lies together.
    let urn = Urn::new((0..nodes).map(|_| power(DEGREES, SPREAD, &mut random)));
    let mut names: Vec<u32> = (0..nodes as u32).collect();
    names.shuffle(&mut random);
    let mut communities: Vec<(u32, u32)> = Vec::with_capacity(nodes);
    while communities.len() < nodes {
        let size = SMALLEST * power(SIZES, LARGEST / SMALLEST, &mut random);
        let first = communities.len();
        let end = (first + size as usize).min(nodes);
        communities.resize(end, (first as u32, end as u32));
    }
    let mut seen = HashSet::with_capacity(shape.edges);
    let mut edges = Vec::with_capacity(shape.edges);
    while edges.len() < shape.edges {
        let from = urn.draw(0, nodes, &mut random);
        let to = if random.random_bool(shape.mixing) {
            urn.draw(0, nodes, &mut random)
        } else {
            let (first, end) = communities[from];
            urn.draw(first as usize, end as usize, &mut random)
        };
        if from != to && seen.insert((from.min(to), from.max(to))) {
            edges.push(Edge::plain(names[from], names[to]));
        }
    }
    Ok(edges)
}
