//! PageRank of all nodes.

use crate::{Csr, GraphError};
use rayon::prelude::*;

/// Nodes that are summed in one task. Sums over all nodes are sums of these parts in order, so that they do not depend
/// on the number of threads.
const CHUNK: usize = 4096;

/// How PageRank is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageRankConfig {
    /// The probability to follow an arc rather than to start anew, 0 to below 1.
    pub damping: f64,
    /// It ends where the values change by no more than this in all (the sum of the differences' sizes). At least 0.
    pub tolerance: f64,
    /// At most so many passes over the arcs, at least 1.
    pub iterations: usize,
}

impl Default for PageRankConfig {
    fn default() -> Self {
        Self { damping: 0.85, tolerance: 1e-9, iterations: 200 }
    }
}

/// PageRank, and how it ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageRank {
    /// The value of each node; they sum to 1.
    pub values: Vec<f64>,
    /// Passes over the arcs.
    pub iterations: usize,
    /// The sum of the sizes of the last changes.
    pub change: f64,
}

/// PageRank by power iteration (Page, Brin, Motwani & Winograd 1999, "The PageRank citation ranking: bringing order to the
/// web"). Arcs are followed in proportion to their weights. Whoever is at a node without arcs of weight starts anew.
/// One starts at a node in proportion to `teleport`, one number a node, at least 0, not all 0; anywhere alike without it.
///
/// # Errors
/// A setting or a number of `teleport` out of its range, not one number a node, a weight below 0.
pub fn pagerank(
    graph: &Csr,
    teleport: Option<&[f64]>,
    config: &PageRankConfig,
) -> Result<PageRank, GraphError> {
    check(config)?;
    if let Some(arc) = graph.all_arcs().find(|arc| arc.weight < 0.0) {
        return Err(GraphError::NegativeWeight { from: arc.from, to: arc.to, weight: arc.weight });
    }
    let start = starts(graph.nodes(), teleport)?;
    let nodes = graph.nodes();
    if nodes == 0 {
        return Ok(PageRank::default());
    }
    // Each node gathers from those that point to it. An undirected graph is its own transpose.
    let turned;
    let incoming = if graph.is_symmetric() {
        graph
    } else {
        turned = graph.transposed();
        &turned
    };
    let plain = graph.rows().2.iter().all(|&weight| weight == 1.0);
    let strengths: Vec<f64> = (0..nodes as u32).into_par_iter().map(|node| graph.strength(node)).collect();
    let mut values = start.clone();
    let mut shares = vec![0.0; nodes];
    let mut ended = PageRank::default();
    while ended.iterations < config.iterations {
        ended.iterations += 1;
        let idle = share(&values, &strengths, &mut shares);
        let anew = 1.0 - config.damping + config.damping * idle;
        let parts: Vec<(f64, f64)> = values
            .par_chunks_mut(CHUNK)
            .zip(start.par_chunks(CHUNK))
            .enumerate()
            .map(|(chunk, (values, start))| {
                let (mut change, mut sum) = (0.0, 0.0);
                for (place, (value, start)) in values.iter_mut().zip(start).enumerate() {
                    let node = (chunk * CHUNK + place) as u32;
                    let gathered = gathered(incoming, node, &shares, plain);
                    let new = config.damping * gathered + anew * start;
                    change += (new - *value).abs();
                    sum += new;
                    *value = new;
                }
                (change, sum)
            })
            .collect();
        ended.change = parts.iter().map(|part| part.0).sum();
        // Rounding would let the sum drift from 1.
        let sum: f64 = parts.iter().map(|part| part.1).sum();
        values.par_iter_mut().with_min_len(CHUNK).for_each(|value| *value /= sum);
        if ended.change <= config.tolerance {
            break;
        }
    }
    ended.values = values;
    Ok(ended)
}

fn check(config: &PageRankConfig) -> Result<(), GraphError> {
    let wrong = |name, value, wanted| Err(GraphError::Setting { name, value, wanted });
    if !(0.0..1.0).contains(&config.damping) {
        return wrong("damping", config.damping, "0 to below 1");
    }
    if config.tolerance.is_nan() || config.tolerance < 0.0 {
        return wrong("tolerance", config.tolerance, "at least 0");
    }
    if config.iterations == 0 {
        return wrong("iterations", 0.0, "at least 1");
    }
    Ok(())
}

/// The distribution that one starts by.
fn starts(nodes: usize, teleport: Option<&[f64]>) -> Result<Vec<f64>, GraphError> {
    let Some(teleport) = teleport else {
        return Ok(vec![1.0 / nodes.max(1) as f64; nodes]);
    };
    if teleport.len() != nodes {
        return Err(GraphError::Length { what: "teleport", found: teleport.len(), nodes });
    }
    if let Some(&value) = teleport.iter().find(|value| !(value.is_finite() && **value >= 0.0)) {
        return Err(GraphError::Setting { name: "teleport", value, wanted: "at least 0" });
    }
    let sum: f64 = teleport.iter().sum();
    if nodes > 0 && !(sum.is_finite() && sum > 0.0) {
        return Err(GraphError::Setting {
            name: "sum of teleport",
            value: sum,
            wanted: "above 0 and finite",
        });
    }
    Ok(teleport.iter().map(|value| value / sum).collect())
}

/// What each node gives for a unit of weight; returns what those have that have no arcs to give it to.
fn share(values: &[f64], strengths: &[f64], shares: &mut [f64]) -> f64 {
    let parts: Vec<f64> = shares
        .par_chunks_mut(CHUNK)
        .zip(values.par_chunks(CHUNK).zip(strengths.par_chunks(CHUNK)))
        .map(|(shares, (values, strengths))| {
            let mut idle = 0.0;
            for (share, (value, strength)) in shares.iter_mut().zip(values.iter().zip(strengths)) {
                if *strength > 0.0 {
                    *share = value / strength;
                } else {
                    *share = 0.0;
                    idle += value;
                }
            }
            idle
        })
        .collect();
    parts.iter().sum()
}

/// What a node gets over its incoming arcs.
fn gathered(incoming: &Csr, node: u32, shares: &[f64], plain: bool) -> f64 {
    let from = incoming.neighbours(node);
    if plain {
        return from.iter().map(|&from| shares[from as usize]).sum();
    }
    let weights = incoming.weights(node);
    from.iter().zip(weights).map(|(&from, &weight)| shares[from as usize] * f64::from(weight)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{blocks, karate, plain, with_threads};
    use crate::{Direction, Edge};
    use proptest::prelude::*;

    fn directed(nodes: usize, edges: &[(u32, u32, f32)]) -> Csr {
        let edges: Vec<Edge> = edges.iter().map(|&(from, to, weight)| Edge { from, to, weight }).collect();
        Csr::from_edges(nodes, &edges, Direction::Directed).unwrap()
    }

    #[test]
    fn values_of_small_graphs() {
        let check = |graph: &Csr, teleport: Option<&[f64]>, expected: &[f64]| {
            let config = PageRankConfig { tolerance: 1e-13, ..PageRankConfig::default() };
            let found = pagerank(graph, teleport, &config).unwrap();
            assert_eq!(found.values.len(), expected.len());
            for (value, expected) in found.values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-9, "{:?} {expected:?}", found.values);
            }
        };
        check(&Csr::default(), None, &[]);
        check(&plain(1, &[]), None, &[1.0]);
        check(&plain(4, &[(0, 1), (2, 3)]), None, &[0.25; 4]);
        // b gets all of a, and both start anew from b: a = .5 (.15 + .85 b), b = 1 - a.
        let b = 1.0 - 0.5 / 1.425;
        check(&directed(2, &[(0, 1, 1.0)]), None, &[1.0 - b, b]);
        check(&directed(2, &[(0, 1, 0.0)]), None, &[0.5, 0.5]);
        // Weights 3 and 1 share what the first has; all start there.
        let a = 1.0 / 1.85;
        let graph = directed(3, &[(0, 1, 3.0), (0, 2, 1.0), (1, 0, 1.0), (2, 0, 2.0)]);
        check(&graph, Some(&[5.0, 0.0, 0.0]), &[a, 0.85 * a * 0.75, 0.85 * a * 0.25]);
    }

    #[test]
    fn the_karate_club_is_led_by_its_two_heads() {
        let found = pagerank(&karate(), None, &PageRankConfig::default()).unwrap();
        // What networkx says of its karate club without weights.
        assert!((found.values[33] - 0.10092).abs() < 1e-5 && (found.values[0] - 0.09700).abs() < 1e-5);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let graph = plain(2, &[(0, 1)]);
        let right = PageRankConfig::default();
        let check = |teleport: Option<&[f64]>, config: PageRankConfig, expected: GraphError| {
            assert_eq!(pagerank(&graph, teleport, &config), Err(expected));
        };
        let setting = |name, value, wanted| GraphError::Setting { name, value, wanted };
        check(None, PageRankConfig { damping: 1.0, ..right }, setting("damping", 1.0, "0 to below 1"));
        check(None, PageRankConfig { tolerance: -1.0, ..right }, setting("tolerance", -1.0, "at least 0"));
        check(None, PageRankConfig { iterations: 0, ..right }, setting("iterations", 0.0, "at least 1"));
        check(Some(&[1.0]), right, GraphError::Length { what: "teleport", found: 1, nodes: 2 });
        check(Some(&[1.0, -2.0]), right, setting("teleport", -2.0, "at least 0"));
        check(Some(&[0.0, 0.0]), right, setting("sum of teleport", 0.0, "above 0 and finite"));
        let negative = directed(2, &[(0, 1, -1.0)]);
        let expected = GraphError::NegativeWeight { from: 0, to: 1, weight: -1.0 };
        assert_eq!(pagerank(&negative, None, &right), Err(expected));
    }

    #[test]
    fn threads_change_nothing() {
        let graph = blocks(120, 50, 5);
        let found = || pagerank(&graph, None, &PageRankConfig::default()).unwrap();
        assert_eq!(with_threads(1, found), with_threads(4, found));
    }

    proptest! {
        #[test]
        fn values_sum_to_one_and_stay(
            list in prop::collection::vec((0_u32..20, 0_u32..20, 0_u8..4), 0..60),
            teleport in prop::collection::vec(0.1_f64..2.0, 20),
        ) {
            let edges: Vec<_> = list.iter().map(|&(from, to, weight)| (from, to, f32::from(weight))).collect();
            let graph = directed(20, &edges);
            let config = PageRankConfig { tolerance: 1e-12, iterations: 500, ..PageRankConfig::default() };
            let found = pagerank(&graph, Some(&teleport), &config).unwrap();
            prop_assert!((found.values.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // The values are what their own equation makes of them.
            let anew: f64 = teleport.iter().sum();
            let mut next = vec![0.0; 20];
            for from in 0..20_u32 {
                let (value, strength) = (found.values[from as usize], graph.strength(from));
                let follows = if strength > 0.0 { 0.85 } else { 0.0 };
                for (to, weight) in graph.arcs_of(from).filter(|_| strength > 0.0) {
                    next[to as usize] += follows * value * f64::from(weight) / strength;
                }
                for (next, start) in next.iter_mut().zip(&teleport) {
                    *next += (1.0 - follows) * value * start / anew;
                }
            }
            for (value, next) in found.values.iter().zip(&next) {
                prop_assert!((value - next).abs() < 1e-10);
            }
        }
    }
}
