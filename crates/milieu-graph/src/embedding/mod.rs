//! Vectors of nodes that are learnt from random walks (DeepWalk: Perozzi, Al-Rfou & Skiena 2014; node2vec: Grover &
//! Leskovec 2016), by skip-gram with negative sampling (Mikolov et al. 2013).
//!
//! Nodes are dealt into parts. Pairs of a centre and a node of its window are sorted into blocks by the parts of the two;
//! blocks that share no part are learnt from at the same time, as each writes to vectors that no other reads (Gemulla et
//! al. 2011 for factorisation; Zhu et al. 2019, "GraphVite", for walks). Parts do not depend on the number of threads, so
//! neither does what is learnt.

mod negatives;
mod pairs;
mod skipgram;

use crate::seeds::mixed;
use crate::{Csr, GraphError, WalkConfig, Walker};
use negatives::Negatives;
use pairs::Pairs;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use skipgram::Skipgram;

/// Parts there are at most: so many blocks are learnt from at the same time.
const PARTS: usize = 8;
/// A part has at least so many nodes where there is more than one: the negatives of a pair come from one part, and few
/// are poor ones.
const PART: usize = 1000;
/// Pairs a node that are sorted into blocks before they are learnt from, about. More would let vectors run far to one part
/// before they see the next.
const TOGETHER: usize = 32;
/// Numbers a vector has at most.
const MOST: usize = 65536;

/// How vectors are learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddingConfig {
    /// Numbers of a vector, 1 to 65536.
    pub dimensions: usize,
    /// How walks go; the seed of the walks is that of everything.
    pub walks: WalkConfig,
    /// Walks that begin at each node, at least 1.
    pub rounds: usize,
    /// Nodes of a walk that are up to so many steps apart make a pair, nearer ones more often; at least 1. node2vec has 10;
    /// fewer tell hidden edges better, and cost less.
    pub window: usize,
    /// Nodes drawn at random against each pair.
    pub negatives: usize,
    /// The rate of learning at the beginning, above 0; it falls to nearly nothing in a straight line.
    pub rate: f32,
}

impl Default for EmbeddingConfig {
    fn default() -> Self {
        Self {
            dimensions: 128,
            walks: WalkConfig::default(),
            rounds: 10,
            window: 3,
            negatives: 5,
            rate: 0.025,
        }
    }
}

/// A vector of each node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embedding {
    dimensions: usize,
    vectors: Vec<f32>,
}

impl Embedding {
    /// Learns vectors of the nodes of a graph. A node that no walk meets together with another has only zeros. The same
    /// graph and settings give the same vectors at any number of threads.
    ///
    /// # Errors
    /// A setting out of its range, a weight below 0.
    pub fn train(graph: &Csr, config: &EmbeddingConfig) -> Result<Self, GraphError> {
        check(config)?;
        let walker = Walker::new(graph, config.walks)?;
        let nodes = graph.nodes();
        let parts = (nodes / PART).clamp(1, PARTS);
        let mut model = Model::new(nodes, parts, config);
        let negatives = Negatives::new(&visits(&walker, nodes), parts);
        // A node of a walk has window + 1 pairs in the mean.
        let pairs = config.walks.length.saturating_mul(config.window.saturating_add(1));
        let together = (nodes.saturating_mul(TOGETHER) / pairs).max(1);
        let steps = config.rounds as f32 * nodes.div_ceil(together) as f32;
        let mut done = 0.0;
        let mut starts: Vec<u32> = (0..nodes as u32).collect();
        for round in 0..config.rounds as u64 {
            let seed = mixed(!config.walks.seed, round);
            starts.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
            for (episode, starts) in starts.chunks(together).enumerate() {
                let seed = mixed(seed, episode as u64);
                let pairs = Pairs::of_walks(&walker, starts, round, config.window, parts, seed);
                model.learn(&pairs, &negatives, config.rate * (1.0 - done / steps).max(1e-4), seed);
                done += 1.0;
            }
        }
        Ok(model.ended(graph))
    }

    /// How many numbers a vector has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The vectors of all nodes, one after the other: nodes x dimensions.
    #[must_use]
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The vector of a node; empty for one that is not there.
    #[must_use]
    pub fn vector(&self, node: u32) -> &[f32] {
        let first = (node as usize).saturating_mul(self.dimensions);
        self.vectors.get(first..first.saturating_add(self.dimensions)).unwrap_or(&[])
    }
}

/// How often the first walk of each node meets each node.
fn visits(walker: &Walker<'_>, nodes: usize) -> Vec<u32> {
    let mut visits = vec![0_u32; nodes];
    let starts: Vec<u32> = (0..nodes as u32).collect();
    for starts in starts.chunks(4096) {
        let walks: Vec<Vec<u32>> = starts.par_iter().map(|&start| walker.walk(start, 0)).collect();
        walks.iter().flatten().for_each(|&node| visits[node as usize] += 1);
    }
    visits
}

fn check(config: &EmbeddingConfig) -> Result<(), GraphError> {
    let wrong = |name, value, wanted| Err(GraphError::Setting { name, value, wanted });
    if !(1..=MOST).contains(&config.dimensions) {
        return wrong("dimensions", config.dimensions as f64, "1 to 65536");
    }
    for (name, value) in [("rounds", config.rounds), ("window", config.window)] {
        if value == 0 {
            return wrong(name, 0.0, "at least 1");
        }
    }
    if !(config.rate.is_finite() && config.rate > 0.0) {
        return wrong("rate", f64::from(config.rate), "above 0");
    }
    Ok(())
}

/// Vectors while they are learnt: node n is row `n / parts` of part `n % parts`.
struct Model {
    nodes: usize,
    skipgram: Skipgram,
    /// Vectors of nodes as centres, by part.
    centres: Vec<Vec<f32>>,
    /// Vectors of nodes as neighbours, with their part.
    contexts: Vec<(usize, Vec<f32>)>,
}

impl Model {
    fn new(nodes: usize, parts: usize, config: &EmbeddingConfig) -> Self {
        let dimensions = config.dimensions;
        let rows = |part: usize| nodes.saturating_sub(part).div_ceil(parts) * dimensions;
        let centre = |part: usize| {
            let mut random = Pcg64Mcg::seed_from_u64(mixed(config.walks.seed, u64::MAX - part as u64));
            (0..rows(part)).map(|_| (random.random::<f32>() - 0.5) / dimensions as f32).collect()
        };
        Self {
            nodes,
            skipgram: Skipgram { dimensions, negatives: config.negatives },
            centres: (0..parts).map(centre).collect(),
            contexts: (0..parts).map(|part| (part, vec![0.0; rows(part)])).collect(),
        }
    }

    /// Learns from pairs, one diagonal of blocks after the other.
    fn learn(&mut self, pairs: &Pairs, negatives: &Negatives, rate: f32, seed: u64) {
        let parts = self.centres.len();
        for diagonal in 0..parts {
            let skipgram = &self.skipgram;
            self.centres.par_iter_mut().zip(&mut self.contexts).enumerate().for_each(
                |(part, (centres, (other, contexts)))| {
                    let random = Pcg64Mcg::seed_from_u64(mixed(seed, (diagonal * parts + part) as u64));
                    let mut block = skipgram.block(centres, contexts, negatives.of(*other), random);
                    pairs.of_block(part, *other).for_each(|pairs| block.learn(pairs, rate));
                },
            );
            self.contexts.rotate_left(1);
        }
    }

    fn ended(self, graph: &Csr) -> Embedding {
        let dimensions = self.skipgram.dimensions;
        let parts = self.centres.len();
        let mut vectors = vec![0.0; self.nodes * dimensions];
        for (node, vector) in vectors.chunks_exact_mut(dimensions).enumerate() {
            let met = graph.strength(node as u32) > 0.0;
            let row = node / parts * dimensions;
            if let Some(learnt) = self.centres[node % parts].get(row..row + dimensions).filter(|_| met) {
                vector.copy_from_slice(learnt);
            }
        }
        Embedding { dimensions, vectors }
    }
}

#[cfg(test)]
mod tests;
