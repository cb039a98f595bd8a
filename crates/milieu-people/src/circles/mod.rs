//! Circles of a person: overlapping sets of the people they know, from who of these knows whom and what their profiles share.
//!
//! Ties between alters are weighted by how embedded they are and by what the two profiles have in common ([`weights`]). Leiden's
//! communities at a low resolution are the cores: how many there are follows from the graph. Each core then gives up those
//! who know hardly anybody in it, and takes in whoever knows enough of it, whatever else they belong to (a local expansion as
//! of DEMON: Coscia, Rossetti, Giannotti & Pedreschi, KDD 2012) ([`grow`]). The task and its measures are those of McAuley & Leskovec,
//! "Learning to discover social circles in ego networks", NIPS 2012 ([`Match`]).

mod baselines;
mod eval;
mod grow;
mod score;
mod weights;

pub use baselines::{by_features, by_leiden, components};
pub use eval::{Ego, Way, compare};
pub use score::Match;

use milieu_graph::{Csr, Direction, Edge, GraphError, LeidenConfig, leiden};
use serde::{Deserialize, Serialize};

/// The people somebody knows, numbered from 0, without that somebody.
#[derive(Debug, Clone, Copy)]
pub struct Alters<'a> {
    /// How many they are.
    pub count: usize,
    /// Who knows whom; the same two may come twice.
    pub edges: &'a [(u32, u32)],
    /// What each profile says: numbers of properties, ascending. One list an alter, or none at all.
    pub features: &'a [Vec<u32>],
}

/// How circles are sought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CirclesConfig {
    /// Resolution of the cores, 0 to 1000; less gives fewer and larger circles.
    pub resolution: f64,
    /// A member knows at least this share of a circle, 0 to 1.
    pub leave: f64,
    /// Whoever knows at least this share of a circle is a member, `leave` to 1.
    pub join: f64,
    /// Members of the smallest circle, at least 1.
    pub least: usize,
    /// Decides orders and choices.
    pub seed: u64,
}

impl Default for CirclesConfig {
    fn default() -> Self {
        Self { resolution: 0.5, leave: 0.06, join: 0.4, least: 4, seed: 0 }
    }
}

/// Why circles cannot be sought.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CirclesError {
    /// A setting is outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// Not one profile an alter.
    #[error("{found} profiles of {alters} people")]
    Profiles {
        /// How many people there are.
        alters: usize,
        /// How many profiles.
        found: usize,
    },
    /// The graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// The circles of somebody who knows these people: members ascending, larger circles first, none twice. The same input gives the same
/// circles.
///
/// # Errors
/// A setting out of range, an edge of somebody who is not there, profiles of some people only.
pub fn circles(alters: &Alters<'_>, config: &CirclesConfig) -> Result<Vec<Vec<u32>>, CirclesError> {
    check(alters, config)?;
    let graph = plain(alters)?;
    let weighted = weights::weighted(&graph, alters.features)?;
    let cores = communities(&weighted, config.resolution, config.seed)?;
    let grown = cores
        .into_iter()
        // Two people are no core that others could belong to more or less.
        .filter(|core| core.len() > 2)
        .map(|core| grow::grow(&graph, &core, config.leave, config.join))
        .collect();
    Ok(ordered(grown, config.least))
}

fn check(alters: &Alters<'_>, config: &CirclesConfig) -> Result<(), CirclesError> {
    if !(0.0..=1000.0).contains(&config.resolution) {
        return Err(CirclesError::OutOfRange("resolution"));
    }
    if !(0.0..=1.0).contains(&config.leave) {
        return Err(CirclesError::OutOfRange("leave"));
    }
    if !(config.leave..=1.0).contains(&config.join) {
        return Err(CirclesError::OutOfRange("join"));
    }
    if config.least == 0 {
        return Err(CirclesError::OutOfRange("least"));
    }
    if !alters.features.is_empty() && alters.features.len() != alters.count {
        return Err(CirclesError::Profiles { alters: alters.count, found: alters.features.len() });
    }
    Ok(())
}

/// Who knows whom, each tie once and of weight 1.
fn plain(alters: &Alters<'_>) -> Result<Csr, GraphError> {
    let mut edges: Vec<(u32, u32)> =
        alters.edges.iter().map(|&(a, b)| (a.min(b), a.max(b))).filter(|(a, b)| a != b).collect();
    edges.sort_unstable();
    edges.dedup();
    let edges: Vec<Edge> = edges.into_iter().map(|(a, b)| Edge::plain(a, b)).collect();
    Csr::from_edges(alters.count, &edges, Direction::Undirected)
}

/// Leiden's communities as lists of members, ascending.
fn communities(graph: &Csr, resolution: f64, seed: u64) -> Result<Vec<Vec<u32>>, GraphError> {
    let config = LeidenConfig { resolution, iterations: 10, seed, ..LeidenConfig::default() };
    let found = leiden(graph, &config)?;
    let mut members = vec![Vec::new(); found.sizes.len()];
    for (node, &community) in found.of.iter().enumerate() {
        members[community as usize].push(node as u32);
    }
    Ok(members)
}

/// Sets of at least so many members, larger ones first, each once.
fn ordered(mut sets: Vec<Vec<u32>>, least: usize) -> Vec<Vec<u32>> {
    sets.retain(|set| set.len() >= least);
    sets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    sets.dedup();
    sets
}

#[cfg(test)]
mod tests;
