//! Hidden edges, and how well vectors of nodes tell them from pairs without an edge.

use anyhow::{Result, ensure};
use milieu_graph::{Csr, Direction, Edge};
use milieu_ranker::{NEGATIVE, POSITIVE, measure_heads};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::path::Path;

/// Share of the edges that is hidden.
const HIDDEN: f64 = 0.15;
/// Passes of the logistic regression over its pairs, and its first rate.
const PASSES: usize = 10;
const RATE: f32 = 0.3;

/// A graph without the hidden edges, and pairs to be told apart.
pub(super) struct Links {
    /// How many nodes there are.
    pub(super) nodes: usize,
    /// The edges that are left.
    pub(super) edges: Vec<Edge>,
    /// The graph of them.
    pub(super) graph: Csr,
    /// Pairs to learn a rule from: edges that are left, and as many pairs without an edge.
    learning: Vec<(u32, u32, bool)>,
    /// Hidden edges, and as many other pairs without an edge.
    hidden: Vec<(u32, u32, bool)>,
}

impl Links {
    /// Reads a list of edges and hides a part of them.
    pub(super) fn read(path: &Path, seed: u64) -> Result<Self> {
        let list = milieu_dataset::edges::read(path)?;
        ensure!(list.bad.count == 0, "{} lines of {} are no edges", list.bad.count, path.display());
        Self::split(list.edges.iter().map(|edge| Edge::plain(edge.from, edge.to)).collect(), seed)
    }

    fn split(mut edges: Vec<Edge>, seed: u64) -> Result<Self> {
        let nodes = edges.iter().map(|edge| edge.from.max(edge.to) as usize + 1).max().unwrap_or(0);
        ensure!(
            nodes > 10 && edges.len() * 4 < nodes * (nodes - 1) / 2,
            "the graph is too small or too dense"
        );
        let whole = Csr::from_edges(nodes, &edges, Direction::Undirected)?;
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        edges.shuffle(&mut random);
        let hidden_edges = edges.split_off(edges.len() - (edges.len() as f64 * HIDDEN) as usize);
        let mut labelled = |edges: &[Edge]| {
            let mut pairs: Vec<_> = edges.iter().map(|edge| (edge.from, edge.to, true)).collect();
            while pairs.len() < 2 * edges.len() {
                let (from, to) = (random.random_range(0..nodes as u32), random.random_range(0..nodes as u32));
                if from != to && !whole.has(from, to) {
                    pairs.push((from, to, false));
                }
            }
            pairs.shuffle(&mut random);
            pairs
        };
        let (learning, hidden) = (labelled(&edges), labelled(&hidden_edges));
        let graph = Csr::from_edges(nodes, &edges, Direction::Undirected)?;
        Ok(Self { nodes, edges, graph, learning, hidden })
    }

    /// How many edges are hidden.
    pub(super) fn hidden(&self) -> usize {
        self.hidden.len() / 2
    }

    /// The areas under the ROC curve by the product of two vectors, and by a logistic regression on the products of
    /// their single numbers.
    pub(super) fn areas(&self, vectors: &[f32]) -> (f64, f64) {
        let width = vectors.len() / self.nodes;
        let row = |node: u32| &vectors[node as usize * width..][..width];
        let features = |from: u32, to: u32| row(from).iter().zip(row(to)).map(|(a, b)| a * b);
        let dots = self.hidden.iter().map(|&(from, to, edge)| (features(from, to).sum(), edge));
        let by_dot = area(dots);
        let rule =
            Rule::learn(width, self.learning.iter().map(|&(from, to, edge)| (features(from, to), edge)));
        let by_rule = self.hidden.iter().map(|&(from, to, edge)| (rule.of(features(from, to)), edge));
        (by_dot, area(by_rule))
    }
}

/// Logistic regression on features that are brought to a mean of 0 and a deviation of 1.
struct Rule {
    weights: Vec<f32>,
    means: Vec<f32>,
    scales: Vec<f32>,
    offset: f32,
}

impl Rule {
    fn learn<F: Iterator<Item = f32> + Clone>(
        width: usize,
        pairs: impl Iterator<Item = (F, bool)> + Clone,
    ) -> Self {
        let mut sums = vec![(0.0_f64, 0.0_f64); width];
        let mut count = 0.0;
        for (features, _) in pairs.clone() {
            count += 1.0;
            for (sum, value) in sums.iter_mut().zip(features) {
                *sum = (sum.0 + f64::from(value), sum.1 + f64::from(value).powi(2));
            }
        }
        let deviation =
            |&(sum, squares): &(f64, f64)| (squares / count - (sum / count).powi(2)).max(1e-12).sqrt();
        let mut rule = Self {
            weights: vec![0.0; width],
            means: sums.iter().map(|sum| (sum.0 / count) as f32).collect(),
            scales: sums.iter().map(|sum| (1.0 / deviation(sum)) as f32).collect(),
            offset: 0.0,
        };
        let mut seen = 0.0;
        let mut scaled = vec![0.0; width];
        for _ in 0..PASSES {
            for (features, edge) in pairs.clone() {
                let rate = RATE / width as f32 / (1.0_f32 + 4.0 * seen / count as f32);
                seen += 1.0;
                for (place, value) in features.enumerate() {
                    scaled[place] = (value - rule.means[place]) * rule.scales[place];
                }
                let score: f32 =
                    rule.offset + scaled.iter().zip(&rule.weights).map(|(a, b)| a * b).sum::<f32>();
                let step = rate * (f32::from(u8::from(edge)) - 1.0 / (1.0 + (-score).exp()));
                rule.offset += step;
                rule.weights.iter_mut().zip(&scaled).for_each(|(weight, value)| *weight += step * value);
            }
        }
        rule
    }

    fn of(&self, features: impl Iterator<Item = f32>) -> f32 {
        let scaled = features
            .zip(self.means.iter().zip(&self.scales))
            .map(|(value, (mean, scale))| (value - mean) * scale);
        scaled.zip(&self.weights).map(|(value, weight)| value * weight).sum()
    }
}

/// The area under the ROC curve of scores of pairs, of which some are edges.
fn area(scored: impl Iterator<Item = (f32, bool)>) -> f64 {
    let labelled = |(score, edge)| (score, if edge { POSITIVE } else { NEGATIVE });
    let (scores, labels): (Vec<f32>, Vec<u8>) = scored.map(labelled).unzip();
    let measured = measure_heads(&["edge".to_owned()], &scores, &labels);
    measured.first().and_then(|head| head.auc).unwrap_or(f64::NAN)
}
