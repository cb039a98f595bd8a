//! Refinement: each community is split into parts that are well connected inside it.

use super::level::{Level, Members};
use crate::seeds::mixed;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// What joining a part is weighed by.
pub(super) struct Choice {
    /// The resolution over twice the weight of all edges.
    pub(super) rate: f64,
    /// The gain that makes a choice e times as likely.
    pub(super) softness: f64,
}

/// Parts of all communities.
pub(super) struct Refined {
    /// The part of each node.
    pub(super) of: Vec<u32>,
    /// How many parts there are.
    pub(super) count: usize,
    /// The community of each part.
    pub(super) communities: Vec<u32>,
}

/// Splits each community. Communities do not see each other here, so they are split at the same time, each by a seed of
/// its own.
pub(super) fn refine(
    level: &Level<'_>,
    communities: &[u32],
    members: &Members,
    choice: &Choice,
    seed: u64,
) -> Refined {
    // Where each node is in the list of its community.
    let mut place = vec![0_u32; level.nodes()];
    for community in 0..members.count() {
        for (at, &node) in members.of(community).iter().enumerate() {
            place[node as usize] = at as u32;
        }
    }
    let parts: Vec<Vec<u32>> = (0..members.count())
        .into_par_iter()
        .map(|community| {
            let inside = Inside::new(level, communities, members.of(community), &place);
            inside.parts(choice, mixed(seed, community as u64))
        })
        .collect();
    let mut refined = Refined { of: vec![0; level.nodes()], count: 0, communities: Vec::new() };
    let mut numbers = Vec::new();
    for (community, parts) in parts.iter().enumerate() {
        numbers.clear();
        numbers.resize(parts.len(), u32::MAX);
        for (&node, &part) in members.of(community).iter().zip(parts) {
            let number = &mut numbers[part as usize];
            if *number == u32::MAX {
                *number = refined.count as u32;
                refined.count += 1;
                refined.communities.push(community as u32);
            }
            refined.of[node as usize] = *number;
        }
    }
    refined
}

/// The graph inside one community; its nodes are places in the list of members.
struct Inside {
    starts: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    /// The sum of the weights of all arcs of each node, also to other communities.
    strengths: Vec<f64>,
    /// The sum of its arcs inside.
    inner: Vec<f64>,
    /// The sum of all strengths.
    total: f64,
}

impl Inside {
    fn new(level: &Level<'_>, communities: &[u32], members: &[u32], place: &[u32]) -> Self {
        let strengths: Vec<f64> = members.iter().map(|&node| level.strengths[node as usize]).collect();
        let total = strengths.iter().sum();
        let mut inside = Self {
            starts: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            strengths,
            inner: Vec::with_capacity(members.len()),
            total,
        };
        for &node in members {
            let (targets, weights) = level.row(node);
            let mut inner = 0.0;
            for (&target, &weight) in targets.iter().zip(weights) {
                if communities[target as usize] == communities[node as usize] && weight > 0.0 {
                    inside.targets.push(place[target as usize]);
                    inside.weights.push(weight);
                    inner += f64::from(weight);
                }
            }
            inside.inner.push(inner);
            inside.starts.push(inside.targets.len() as u32);
        }
        inside
    }

    /// The part of each member. Every well-connected node that is still alone joins a well-connected part with a
    /// probability that grows with what modularity gains, and none that it would lose by.
    fn parts(&self, choice: &Choice, seed: u64) -> Vec<u32> {
        let nodes = self.strengths.len();
        let mut part: Vec<u32> = (0..nodes as u32).collect();
        if nodes == 1 {
            return part;
        }
        let well = |cut: f64, strength: f64| cut >= choice.rate * strength * (self.total - strength);
        let mut strengths = self.strengths.clone();
        let mut cuts = self.inner.clone();
        let mut alone = vec![true; nodes];
        let mut sums = vec![0.0_f64; nodes];
        let (mut touched, mut odds) = (Vec::new(), Vec::new());
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut order = part.clone();
        order.shuffle(&mut random);
        for node in order {
            let at = node as usize;
            if !alone[at] || !well(self.inner[at], self.strengths[at]) {
                continue;
            }
            let row = self.starts[at] as usize..self.starts[at + 1] as usize;
            for (&target, &weight) in self.targets[row.clone()].iter().zip(&self.weights[row]) {
                let to = part[target as usize];
                if sums[to as usize] == 0.0 {
                    touched.push(to);
                }
                sums[to as usize] += f64::from(weight);
            }
            odds.clear();
            // Staying alone gains nothing and can be chosen too.
            odds.push((0.0, node, 0.0));
            let mut most = 0.0_f64;
            for to in touched.drain(..) {
                let weight = std::mem::take(&mut sums[to as usize]);
                let gain = weight - choice.rate * self.strengths[at] * strengths[to as usize];
                if gain >= 0.0 && well(cuts[to as usize], strengths[to as usize]) {
                    odds.push((gain, to, weight));
                    most = most.max(gain);
                }
            }
            let mut sum = 0.0;
            for odd in &mut odds {
                sum += ((odd.0 - most) / choice.softness).exp();
                odd.0 = sum;
            }
            let point = random.random::<f64>() * sum;
            let chosen = odds.iter().find(|odd| point < odd.0);
            if let Some(&(_, to, weight)) = chosen.filter(|odd| odd.1 != node) {
                part[at] = to;
                alone[to as usize] = false;
                strengths[to as usize] += self.strengths[at];
                cuts[to as usize] += self.inner[at] - 2.0 * weight;
            }
        }
        part
    }
}
