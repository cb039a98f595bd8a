//! Fast local moving of nodes (section "The Leiden algorithm" of the paper; Ozaki, Tezuka & Inaba 2016 for the queue).

use super::level::Level;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use std::collections::VecDeque;

/// What joining a community is weighed by.
pub(super) struct Scale {
    /// The resolution over twice the weight of all edges.
    pub(super) rate: f64,
    /// A gain that is no more than rounding.
    pub(super) smallest: f64,
}

/// Visits of a node there are at most, in the mean. A few are usual; but sums of aggregated weights are rounded to 32 bits, and
/// where they differ between both directions, nodes could go round for ever.
const VISITS: usize = 100;

/// A graph of more nodes does not fit in a cache. Nodes that lie together in memory are then visited together, so many.
const LARGE: usize = 50_000;
const RUN: usize = 16;

/// Moves nodes to the community of a neighbour, or to one of their own, while that raises modularity: all nodes once in
/// a random order, then again those one of whose neighbours left for another community. Whether any moved.
pub(super) fn move_nodes(level: &Level<'_>, communities: &mut [u32], scale: &Scale, seed: u64) -> bool {
    let nodes = level.nodes();
    let mut state = State::new(level, communities);
    let run = if nodes > LARGE { RUN } else { 1 };
    let mut runs: Vec<u32> = (0..nodes as u32).step_by(run).collect();
    runs.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    let in_order = |first: u32| first..(first + run as u32).min(nodes as u32);
    let mut queue: VecDeque<u32> = runs.into_iter().flat_map(in_order).collect();
    let mut queued = vec![true; nodes];
    let mut moved = false;
    for _ in 0..nodes.saturating_mul(VISITS) {
        let Some(node) = queue.pop_front() else { break };
        queued[node as usize] = false;
        let Some(to) = state.best(level, communities, node, scale) else { continue };
        state.shift(level.strengths[node as usize], communities[node as usize], to);
        communities[node as usize] = to;
        moved = true;
        for &neighbour in level.row(node).0 {
            if communities[neighbour as usize] != to && !queued[neighbour as usize] {
                queued[neighbour as usize] = true;
                queue.push_back(neighbour);
            }
        }
    }
    moved
}

/// Sums over communities.
struct State {
    strengths: Vec<f64>,
    sizes: Vec<u32>,
    /// Communities without members, and perhaps some that have got one since.
    empty: Vec<u32>,
    /// Weight from the node in hand to each community; zero between nodes.
    weights: Vec<f64>,
    touched: Vec<u32>,
}

impl State {
    fn new(level: &Level<'_>, communities: &[u32]) -> Self {
        let nodes = level.nodes();
        let (mut strengths, mut sizes) = (vec![0.0; nodes], vec![0_u32; nodes]);
        for (&community, strength) in communities.iter().zip(&level.strengths) {
            strengths[community as usize] += strength;
            sizes[community as usize] += 1;
        }
        let empty = (0..nodes as u32).filter(|&community| sizes[community as usize] == 0).collect();
        Self { strengths, sizes, empty, weights: vec![0.0; nodes], touched: Vec::new() }
    }

    /// Where a node is better off than where it is.
    fn best(&mut self, level: &Level<'_>, communities: &[u32], node: u32, scale: &Scale) -> Option<u32> {
        let own = communities[node as usize];
        let strength = level.strengths[node as usize];
        let pull = strength * scale.rate;
        let (targets, weights) = level.row(node);
        for (&target, &weight) in targets.iter().zip(weights) {
            let community = communities[target as usize];
            let sum = &mut self.weights[community as usize];
            if *sum == 0.0 {
                self.touched.push(community);
            }
            *sum += f64::from(weight);
        }
        let stay = self.weights[own as usize] - pull * (self.strengths[own as usize] - strength);
        self.weights[own as usize] = 0.0;
        let mut best = (stay + scale.smallest, own);
        for community in self.touched.drain(..) {
            let weight = std::mem::take(&mut self.weights[community as usize]);
            let gain = weight - pull * self.strengths[community as usize];
            if weight > 0.0 && gain > best.0 {
                best = (gain, community);
            }
        }
        if best.0 < 0.0 && self.sizes[own as usize] > 1 {
            while let Some(&community) = self.empty.last() {
                if self.sizes[community as usize] == 0 {
                    return Some(community);
                }
                self.empty.pop();
            }
        }
        (best.1 != own).then_some(best.1)
    }

    fn shift(&mut self, strength: f64, from: u32, to: u32) {
        self.strengths[from as usize] -= strength;
        self.strengths[to as usize] += strength;
        self.sizes[from as usize] -= 1;
        self.sizes[to as usize] += 1;
        if self.sizes[from as usize] == 0 {
            self.strengths[from as usize] = 0.0;
            self.empty.push(from);
        }
    }
}
