//! Trust: PageRank from accounts of some age.

use super::{Suspicion, Traits};
use milieu_graph::{Csr, Direction, Edge, GraphError, PageRankConfig, pagerank};
use milieu_world::Secs;

/// The age from which on an account is a full seed, in days.
const GROWN_DAYS: f64 = 90.0;

/// The trust in each user, 0 for who is not described; they sum to at most 1.
///
/// TrustRank (Gyongyi, Garcia-Molina & Pedersen 2004, "Combating web spam with TrustRank"): PageRank over follow ties and
/// interactions that starts anew at seeds alone. A seed is a described user, by the square of its age up to 90 days, less what
/// speaks against it. So accounts that were made yesterday have nothing to give, however many they are and however they follow each
/// other. What a suspected account would give goes, by the same share, to a node that stands for nobody.
///
/// # Errors
/// A graph that is too large.
pub fn trust(
    directed: &Csr,
    traits: &[Option<Traits>],
    suspicions: &[Option<Suspicion>],
    now: Secs,
) -> Result<Vec<f32>, GraphError> {
    let nodes = directed.nodes();
    let doubt = |node: usize| {
        suspicions.get(node).and_then(Option::as_ref).map_or(0.0, |found| f64::from(found.score))
    };
    let seed = |node: usize| {
        let Some(traits) = traits.get(node).and_then(Option::as_ref) else { return 0.0 };
        let days = f64::from(now.saturating_sub(traits.joined)) / 86_400.0;
        (days / GROWN_DAYS).min(1.0).powi(2) * (1.0 - doubt(node))
    };
    let mut seeds: Vec<f64> = (0..nodes).map(seed).collect();
    if seeds.iter().all(|seed| *seed == 0.0) {
        return Ok(vec![0.0; nodes]);
    }
    seeds.push(0.0);
    let nobody = nodes as u32;
    let mut arcs: Vec<Edge> = directed.all_arcs().collect();
    for node in 0..nodes as u32 {
        let doubt = doubt(node as usize).min(0.999);
        let weight = (directed.strength(node) * doubt / (1.0 - doubt)) as f32;
        if weight > 0.0 {
            arcs.push(Edge { from: node, to: nobody, weight });
        }
    }
    let graph = Csr::from_edges(nodes + 1, &arcs, Direction::Directed)?;
    let mut values = pagerank(&graph, Some(&seeds), &PageRankConfig::default())?.values;
    values.truncate(nodes);
    Ok(values.into_iter().map(|value| value as f32).collect())
}

/// Of each user the share of described users that are trusted less, those as much counting half, 0 to 1; `None` of who is
/// not described.
#[must_use]
pub fn percentiles(trust: &[f32], suspicions: &[Option<Suspicion>]) -> Vec<Option<f32>> {
    let is_described = |user: usize| suspicions.get(user).is_some_and(Option::is_some);
    let all = (0..trust.len()).filter(|user| is_described(*user)).map(|user| trust[user]);
    let mut sorted: Vec<f32> = all.collect();
    sorted.sort_by(f32::total_cmp);
    let share = |own: f32| {
        let less = sorted.partition_point(|other| *other < own);
        let same = sorted.partition_point(|other| *other <= own) - less;
        (less as f32 + same as f32 / 2.0) / sorted.len().max(1) as f32
    };
    trust.iter().enumerate().map(|(user, own)| is_described(user).then(|| share(*own))).collect()
}
