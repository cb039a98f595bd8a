//! How much more of the weight lies inside communities than chance would put there.

use crate::{Csr, GraphError};
use rustc_hash::FxHashMap;

/// Modularity of communities in an undirected weighted graph (Newman & Girvan 2004; the resolution after Reichardt &
/// Bornholdt 2006): the sum over communities of the share of the weight inside, less `resolution` times the square of
/// the share of the strength. Numbers of communities may be any. 0 where the graph has no weight.
///
/// # Errors
/// Not one community a node, or a resolution that is not a finite number.
pub fn modularity(graph: &Csr, communities: &[u32], resolution: f64) -> Result<f64, GraphError> {
    if communities.len() != graph.nodes() {
        return Err(GraphError::Length {
            what: "communities",
            found: communities.len(),
            nodes: graph.nodes(),
        });
    }
    if !resolution.is_finite() {
        return Err(GraphError::Setting { name: "resolution", value: resolution, wanted: "finite" });
    }
    let mut numbers = FxHashMap::default();
    // Strength and weight inside of each community.
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for (node, &community) in communities.iter().enumerate() {
        let number = *numbers.entry(community).or_insert_with(|| {
            sums.push((0.0, 0.0));
            sums.len() - 1
        });
        for (to, weight) in graph.arcs_of(node as u32) {
            let weight = f64::from(weight);
            sums[number].0 += weight;
            if communities[to as usize] == community {
                sums[number].1 += weight;
            }
        }
    }
    let total: f64 = sums.iter().map(|sum| sum.0).sum();
    if total <= 0.0 {
        return Ok(0.0);
    }
    Ok(sums.iter().map(|sum| sum.1 / total - resolution * (sum.0 / total).powi(2)).sum())
}
