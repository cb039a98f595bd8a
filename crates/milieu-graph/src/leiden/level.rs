//! A graph at one level of aggregation, and the members of its communities.

use crate::{Csr, GraphError};
use rayon::prelude::*;
use std::borrow::Cow;

/// Nodes that are aggregated in one task.
const CHUNK: usize = 4096;

/// A graph whose nodes may stand for several of the graph below. Arcs inside a node are in its strength only.
pub(super) struct Level<'a> {
    starts: Cow<'a, [u32]>,
    targets: Cow<'a, [u32]>,
    weights: Cow<'a, [f32]>,
    /// The sum of the weights of all arcs of what each node stands for.
    pub(super) strengths: Vec<f64>,
}

impl<'a> Level<'a> {
    /// The lowest level.
    pub(super) fn of_graph(graph: &'a Csr) -> Result<Self, GraphError> {
        if let Some(arc) = graph.all_arcs().find(|arc| arc.weight < 0.0) {
            return Err(GraphError::NegativeWeight { from: arc.from, to: arc.to, weight: arc.weight });
        }
        if !graph.is_symmetric() {
            return Err(GraphError::Directed);
        }
        let (starts, targets, weights) = graph.rows();
        let strengths = (0..graph.nodes() as u32).map(|node| graph.strength(node)).collect();
        let starts = if starts.is_empty() { Cow::Owned(vec![0]) } else { Cow::Borrowed(starts) };
        Ok(Self { starts, targets: Cow::Borrowed(targets), weights: Cow::Borrowed(weights), strengths })
    }

    pub(super) fn nodes(&self) -> usize {
        self.strengths.len()
    }

    /// Twice the weight of all edges.
    pub(super) fn total(&self) -> f64 {
        self.strengths.iter().sum()
    }

    /// Neighbours and weights of a node's arcs to others.
    pub(super) fn row(&self, node: u32) -> (&[u32], &[f32]) {
        let row = self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize;
        (&self.targets[row.clone()], &self.weights[row])
    }

    /// The graph in which the nodes with the same number in `of`, one of `count`, are one.
    pub(super) fn aggregated(&self, of: &[u32], count: usize) -> Level<'static> {
        let members = Members::sorted(of, count);
        let chunks: Vec<usize> = (0..count).step_by(CHUNK).collect();
        let parts: Vec<Part> = chunks
            .par_iter()
            .map_init(
                || vec![0.0; count],
                |sums, &first| {
                    let mut part = Part::default();
                    for node in first..(first + CHUNK).min(count) {
                        part.add(self, of, &members, node, sums);
                    }
                    part
                },
            )
            .collect();
        let arcs = parts.iter().map(|part| part.targets.len()).sum();
        let mut starts = Vec::with_capacity(count + 1);
        let (mut targets, mut weights) = (Vec::with_capacity(arcs), Vec::with_capacity(arcs));
        let mut strengths = Vec::with_capacity(count);
        starts.push(0);
        for part in parts {
            let before = targets.len() as u32;
            starts.extend(part.ends.iter().map(|end| before + end));
            targets.extend(part.targets);
            weights.extend(part.weights);
            strengths.extend(part.strengths);
        }
        Level {
            starts: Cow::Owned(starts),
            targets: Cow::Owned(targets),
            weights: Cow::Owned(weights),
            strengths,
        }
    }
}

/// Rows of some nodes of an aggregated graph.
#[derive(Default)]
struct Part {
    ends: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    strengths: Vec<f64>,
}

impl Part {
    /// Adds the row of a node; `sums` is all zero before and after.
    fn add(&mut self, level: &Level<'_>, of: &[u32], members: &Members, node: usize, sums: &mut [f64]) {
        let first = self.targets.len();
        let mut strength = 0.0;
        for &member in members.of(node) {
            strength += level.strengths[member as usize];
            let (targets, weights) = level.row(member);
            for (&target, &weight) in targets.iter().zip(weights) {
                let to = of[target as usize] as usize;
                if to != node && weight > 0.0 {
                    if sums[to] == 0.0 {
                        self.targets.push(to as u32);
                    }
                    sums[to] += f64::from(weight);
                }
            }
        }
        for &to in &self.targets[first..] {
            self.weights.push(std::mem::take(&mut sums[to as usize]) as f32);
        }
        self.ends.push(self.targets.len() as u32);
        self.strengths.push(strength);
    }
}

/// The nodes of each community, ascending.
pub(super) struct Members {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Members {
    /// Numbers the communities from 0 in the order of their first nodes, and lists their members.
    pub(super) fn new(communities: &mut [u32]) -> Self {
        let mut number = vec![u32::MAX; communities.len()];
        let mut count = 0;
        for community in communities.iter_mut() {
            let number = &mut number[*community as usize];
            if *number == u32::MAX {
                *number = count;
                count += 1;
            }
            *community = *number;
        }
        Self::sorted(communities, count as usize)
    }

    /// The members of each of `count` groups.
    pub(super) fn sorted(of: &[u32], count: usize) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for &group in of {
            starts[group as usize + 1] += 1;
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut free = starts.clone();
        let mut nodes = vec![0_u32; of.len()];
        for (node, &group) in of.iter().enumerate() {
            let place = &mut free[group as usize];
            nodes[*place as usize] = node as u32;
            *place += 1;
        }
        Self { starts, nodes }
    }

    /// How many communities there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The nodes of one.
    pub(super) fn of(&self, community: usize) -> &[u32] {
        &self.nodes[self.starts[community] as usize..self.starts[community + 1] as usize]
    }
}
