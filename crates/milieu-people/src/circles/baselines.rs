//! Simpler ways to circles, to compare with.

use super::weights::Profiles;
use super::{Alters, CirclesError, communities, ordered, plain};
use milieu_graph::{Csr, Direction, Edge};

/// The most similar profiles that each is joined with.
const NEAREST: usize = 10;

/// Connected components of at least so many members.
///
/// # Errors
/// An edge of somebody who is not there.
pub fn components(alters: &Alters<'_>, least: usize) -> Result<Vec<Vec<u32>>, CirclesError> {
    // Without a price for size, communities are what is connected.
    Ok(ordered(communities(&plain(alters)?, 0.0, 0)?, least))
}

/// Leiden's communities of at least so many members, of ties that all count the same.
///
/// # Errors
/// An edge of somebody who is not there, a resolution below 0.
pub fn by_leiden(
    alters: &Alters<'_>,
    resolution: f64,
    least: usize,
    seed: u64,
) -> Result<Vec<Vec<u32>>, CirclesError> {
    Ok(ordered(communities(&plain(alters)?, resolution, seed)?, least))
}

/// Groups of similar profiles without a look at who knows whom: Leiden's communities of the graph in which each profile is
/// joined with the ten most similar ones.
///
/// # Errors
/// What the graph says of itself.
pub fn by_features(alters: &Alters<'_>, least: usize, seed: u64) -> Result<Vec<Vec<u32>>, CirclesError> {
    let profiles = Profiles::new(alters.features);
    let mut edges = Vec::new();
    for from in 0..alters.features.len().min(alters.count) as u32 {
        let mut near: Vec<(f64, u32)> = (0..alters.count as u32)
            .filter(|&to| to != from)
            .map(|to| (profiles.cosine(from, to), to))
            .filter(|near| near.0 > 0.0)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        edges.extend(near.iter().take(NEAREST).map(|&(weight, to)| Edge { from, to, weight: weight as f32 }));
    }
    let graph = Csr::from_edges(alters.count, &edges, Direction::Directed)?.both_ways();
    Ok(ordered(communities(&graph, 1.0, seed)?, least))
}
