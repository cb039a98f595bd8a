//! Leiden communities (Traag, Waltman & van Eck 2019, "From Louvain to Leiden: guaranteeing well-connected communities",
//! Scientific Reports 9).
//!
//! An iteration moves single nodes while that raises modularity ([`moving`]), splits each community into well-connected
//! parts ([`refine`]), makes each part one node ([`level`]) and goes on with the smaller graph, until every community is
//! one node. The next iteration begins with the communities of the last.

mod level;
mod moving;
mod refine;
mod split;

use crate::seeds::mixed;
use crate::{Csr, GraphError, modularity};
use level::Level;

/// How communities are sought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeidenConfig {
    /// The resolution of modularity (Reichardt & Bornholdt 2006), at least 0: more gives more and smaller communities.
    pub resolution: f64,
    /// At most so many iterations, at least 1. It ends earlier where one has changed nothing.
    pub iterations: usize,
    /// How freely nodes join parts in the refinement, above 0: the theta of the paper, in mean edge weights.
    pub randomness: f64,
    /// Seed of the orders and of the choices.
    pub seed: u64,
}

impl Default for LeidenConfig {
    fn default() -> Self {
        Self { resolution: 1.0, iterations: 2, randomness: 0.01, seed: 0 }
    }
}

/// Nodes in communities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Communities {
    /// The community of each node. The largest is 0; of two with as many members, that with the smaller first node comes
    /// first.
    pub of: Vec<u32>,
    /// How many members each has.
    pub sizes: Vec<u32>,
    /// Modularity at the resolution that was asked for.
    pub modularity: f64,
}

/// Finds communities of high modularity in an undirected weighted graph.
///
/// Each community is connected by arcs that have weight. A node without such arcs is a community of its own. The same
/// graph, settings and seed give the same communities at any number of threads.
///
/// # Errors
/// A setting out of its range, a graph that is not symmetric (see [`Csr::both_ways`]), a weight below 0.
pub fn leiden(graph: &Csr, config: &LeidenConfig) -> Result<Communities, GraphError> {
    check(config)?;
    let base = Level::of_graph(graph)?;
    let nodes = base.nodes();
    let total = base.total();
    let mut of: Vec<u32> = (0..nodes as u32).collect();
    if total > 0.0 {
        let scale = moving::Scale { rate: config.resolution / total, smallest: total * 1e-13 };
        // In the graph each edge is two arcs, and the mean of the arcs is that of the edges.
        let choice = refine::Choice {
            rate: scale.rate,
            softness: config.randomness * total / graph.arcs().max(1) as f64,
        };
        for round in 0..config.iterations as u64 {
            let seed = mixed(config.seed, round);
            if !iterate(&base, &mut of, &scale, &choice, seed) {
                break;
            }
        }
    }
    split::connected(&base, &mut of);
    let sizes = split::numbered(&mut of);
    let modularity = modularity(graph, &of, config.resolution)?;
    Ok(Communities { of, sizes, modularity })
}

fn check(config: &LeidenConfig) -> Result<(), GraphError> {
    let resolution = config.resolution;
    if !(resolution.is_finite() && resolution >= 0.0) {
        return Err(GraphError::Setting { name: "resolution", value: resolution, wanted: "at least 0" });
    }
    if !(config.randomness.is_finite() && config.randomness > 0.0) {
        return Err(GraphError::Setting { name: "randomness", value: config.randomness, wanted: "above 0" });
    }
    if config.iterations == 0 {
        return Err(GraphError::Setting { name: "iterations", value: 0.0, wanted: "at least 1" });
    }
    Ok(())
}

/// One iteration from the communities in `of`; whether it moved anything.
fn iterate(
    base: &Level<'_>,
    of: &mut Vec<u32>,
    scale: &moving::Scale,
    choice: &refine::Choice,
    seed: u64,
) -> bool {
    let mut communities = std::mem::take(of);
    // The node of the present level that each node of the graph has become part of.
    let mut part: Vec<u32> = Vec::new();
    let mut owned: Option<Level<'static>> = None;
    let mut moved = false;
    for depth in 0.. {
        let level = owned.as_ref().unwrap_or(base);
        let seed = mixed(seed, depth);
        moved |= moving::move_nodes(level, &mut communities, scale, seed);
        let members = level::Members::new(&mut communities);
        if members.count() == level.nodes() {
            break;
        }
        let refined = refine::refine(level, &communities, &members, choice, seed);
        if refined.count == level.nodes() {
            break;
        }
        let next = level.aggregated(&refined.of, refined.count);
        if part.is_empty() {
            part.clone_from(&refined.of);
        } else {
            part.iter_mut().for_each(|node| *node = refined.of[*node as usize]);
        }
        communities = refined.communities;
        owned = Some(next);
    }
    *of = if part.is_empty() {
        communities
    } else {
        part.iter().map(|&node| communities[node as usize]).collect()
    };
    moved
}

#[cfg(test)]
mod tests;
