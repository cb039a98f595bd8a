//! How much a tie between two alters counts.

use milieu_graph::{Csr, Direction, Edge, GraphError};

/// What a tie counts by embeddedness alone, beside a similarity of profiles from 0 to 1.
const WITHOUT_PROFILE: f64 = 0.5;

/// The graph with each tie weighted by the share of the less known one's acquaintances that both know, times one half and the
/// similarity of the two profiles: the cosine of their properties, rare ones weighing more. Ties inside of a circle close many triangles,
/// those between circles few (Granovetter 1973).
pub(super) fn weighted(graph: &Csr, features: &[Vec<u32>]) -> Result<Csr, GraphError> {
    let profiles = Profiles::new(features);
    let edges: Vec<Edge> = graph
        .all_arcs()
        .filter(|arc| arc.from < arc.to)
        .map(|arc| {
            let (a, b) = (graph.neighbours(arc.from), graph.neighbours(arc.to));
            // The tie itself counts as a triangle, so that none is without weight.
            let embedded = (common(a, b) + 1) as f64 / (a.len().min(b.len()) + 1) as f64;
            let alike = WITHOUT_PROFILE + profiles.cosine(arc.from, arc.to);
            Edge { weight: (embedded * alike) as f32, ..arc }
        })
        .collect();
    Csr::from_edges(graph.nodes(), &edges, Direction::Undirected)
}

/// Profiles and how much each property weighs.
pub(super) struct Profiles<'a> {
    features: &'a [Vec<u32>],
    /// By property: the logarithm of how many profiles there are for each that has it; 0 where one has it alone.
    weights: Vec<f64>,
    norms: Vec<f64>,
}

impl<'a> Profiles<'a> {
    pub(super) fn new(features: &'a [Vec<u32>]) -> Self {
        let most = features.iter().flatten().max().map_or(0, |&most| most as usize + 1);
        let mut having = vec![0_u32; most];
        features.iter().flatten().for_each(|&property| having[property as usize] += 1);
        let weight = |&having: &u32| {
            if having < 2 { 0.0 } else { ((features.len() + 1) as f64 / f64::from(having + 1)).ln() }
        };
        let weights: Vec<f64> = having.iter().map(weight).collect();
        let norm = |profile: &Vec<u32>| {
            profile.iter().map(|&property| weights[property as usize].powi(2)).sum::<f64>().sqrt()
        };
        let norms = features.iter().map(norm).collect();
        Self { features, weights, norms }
    }

    /// From 0 to 1; 0 where one of the two has no profile.
    pub(super) fn cosine(&self, a: u32, b: u32) -> f64 {
        let (a, b) = (a as usize, b as usize);
        let (Some(left), Some(right)) = (self.features.get(a), self.features.get(b)) else { return 0.0 };
        let norm = self.norms[a] * self.norms[b];
        if norm <= 0.0 {
            return 0.0;
        }
        let product: f64 = left
            .iter()
            .filter(|property| right.binary_search(property).is_ok())
            .map(|&property| self.weights[property as usize].powi(2))
            .sum();
        product / norm
    }
}

/// How many numbers are in both lists, which ascend.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.iter().filter(|number| long.binary_search(number).is_ok()).count()
}
