//! PageRank of one node, where it matters.

use crate::{Adjacency, GraphError};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// How far PageRank of one node is pushed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PushConfig {
    /// The probability to start anew at the node rather than to follow an arc, above 0 to 1.
    pub restart: f64,
    /// What is left at a node is pushed on while it is more than this for each of its neighbours. Above 0.
    pub tolerance: f64,
    /// At most so many arcs are followed, at least 1.
    pub arcs: usize,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self { restart: 0.15, tolerance: 1e-5, arcs: 1_000_000 }
    }
}

impl PushConfig {
    fn check(&self) -> Result<(), GraphError> {
        let settings = [
            ("restart", self.restart, self.restart > 0.0 && self.restart <= 1.0, "above 0 and at most 1"),
            ("tolerance", self.tolerance, self.tolerance > 0.0 && self.tolerance.is_finite(), "above 0"),
            ("arcs", self.arcs as f64, self.arcs > 0, "at least 1"),
        ];
        if let Some((name, value, _, wanted)) = settings.into_iter().find(|setting| !setting.2) {
            return Err(GraphError::Setting { name, value, wanted });
        }
        Ok(())
    }
}

/// PageRank of one node as far as it was pushed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pushed {
    /// Nodes and their values, ascending by node. A value is at most what it is exactly, and on an undirected graph short
    /// of it by at most tolerance * degree of the node.
    pub values: Vec<(u32, f64)>,
    /// What was not pushed to its end: the sum of all that the values are short of.
    pub left: f64,
}

/// PageRank of `source` by forward push (Andersen, Chung & Lang, "Local graph partitioning using PageRank vectors", FOCS
/// 2006), over arcs alike. The work depends on the tolerance, not on the size of the graph. Whoever is at a node without
/// neighbours starts anew.
///
/// # Errors
/// A setting out of its range, a node that is not there.
pub fn personal_pagerank(
    graph: &impl Adjacency,
    source: u32,
    config: &PushConfig,
) -> Result<Pushed, GraphError> {
    config.check()?;
    if source as usize >= graph.nodes() {
        let value = f64::from(source);
        return Err(GraphError::Setting { name: "source", value, wanted: "a node of the graph" });
    }
    let mut state: FxHashMap<u32, (f64, f64)> = FxHashMap::default();
    let mut waiting = VecDeque::from([source]);
    state.insert(source, (0.0, 1.0));
    let mut followed = 0;
    let most = |node: u32| config.tolerance * graph.degree(node).max(1) as f64;
    while let Some(node) = waiting.pop_front() {
        let degree = graph.degree(node);
        let Some((value, left)) = state.get_mut(&node) else { continue };
        let pushed = std::mem::take(left);
        if degree == 0 {
            // One is back at the source, and starts from there.
            let kept = if node == source { 1.0 } else { config.restart };
            *value += pushed * kept;
            if node != source {
                add(&mut state, &mut waiting, source, pushed * (1.0 - kept), &most);
            }
            continue;
        }
        *value += pushed * config.restart;
        let each = pushed * (1.0 - config.restart) / degree as f64;
        for (to, _) in graph.arcs_of(node) {
            add(&mut state, &mut waiting, to, each, &most);
        }
        followed += degree;
        if followed >= config.arcs {
            break;
        }
    }
    let mut nodes: Vec<(u32, (f64, f64))> = state.into_iter().collect();
    nodes.sort_unstable_by_key(|&(node, _)| node);
    let left = nodes.iter().map(|&(_, (_, left))| left).sum();
    let values = nodes.into_iter().map(|(node, (value, _))| (node, value)).filter(|&(_, value)| value > 0.0);
    Ok(Pushed { values: values.collect(), left })
}

/// Leaves so much more at a node; it waits once it has more than the most that may stay.
fn add(
    state: &mut FxHashMap<u32, (f64, f64)>,
    waiting: &mut VecDeque<u32>,
    node: u32,
    more: f64,
    most: &impl Fn(u32) -> f64,
) {
    let left = &mut state.entry(node).or_default().1;
    let (before, most) = (*left, most(node));
    *left += more;
    if before <= most && *left > most {
        waiting.push_back(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{blocks, karate, plain};
    use crate::{PageRankConfig, pagerank};

    fn value(pushed: &Pushed, node: u32) -> f64 {
        pushed.values.iter().find(|(at, _)| *at == node).map_or(0.0, |(_, value)| *value)
    }

    #[test]
    fn as_networkx_says_of_the_karate_club() {
        // pagerank(personalization={5: 1}, alpha=.85, tol=1e-12, weight=None) of networkx 3.
        let config = PushConfig { tolerance: 1e-10, ..PushConfig::default() };
        let pushed = personal_pagerank(&karate(), 5, &config).unwrap();
        for (node, expected) in [(5, 0.229_202_31), (0, 0.151_058_34), (6, 0.100_511_5), (33, 0.029_035_1)] {
            assert!((value(&pushed, node) - expected).abs() < 1e-7, "{node}");
        }
    }

    #[test]
    fn short_of_the_exact_values_by_no_more_than_promised() {
        let graph = blocks(5, 20, 7);
        let mut teleport = vec![0.0; graph.nodes()];
        teleport[3] = 1.0;
        let exact = pagerank(&graph_of_ones(&graph), Some(&teleport), &PageRankConfig::default()).unwrap();
        for tolerance in [1e-2, 1e-3, 1e-4, 1e-6] {
            let config = PushConfig { tolerance, ..PushConfig::default() };
            let pushed = personal_pagerank(&graph, 3, &config).unwrap();
            let sum: f64 = pushed.values.iter().map(|(_, value)| value).sum();
            assert!((sum + pushed.left - 1.0).abs() < 1e-9);
            for node in 0..graph.nodes() as u32 {
                let short = exact.values[node as usize] - value(&pushed, node);
                assert!(
                    short > -1e-9 && short <= tolerance * graph.degree(node) as f64 + 1e-9,
                    "{node} {short}"
                );
            }
        }
    }

    fn graph_of_ones(graph: &crate::Csr) -> crate::Csr {
        let edges: Vec<(u32, u32)> =
            graph.all_arcs().filter(|arc| arc.from < arc.to).map(|arc| (arc.from, arc.to)).collect();
        plain(graph.nodes(), &edges)
    }

    #[test]
    fn ends_at_the_limit_and_where_there_is_nowhere_to_go() {
        let graph = blocks(5, 20, 7);
        let config = PushConfig { arcs: 1, ..PushConfig::default() };
        let pushed = personal_pagerank(&graph, 3, &config).unwrap();
        assert_eq!(pushed.values, [(3, 0.15)]);
        assert!((pushed.left - 0.85).abs() < 1e-12);
        let alone = personal_pagerank(&plain(2, &[]), 1, &PushConfig::default()).unwrap();
        assert_eq!(alone, Pushed { values: vec![(1, 1.0)], left: 0.0 });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |source: u32, config: PushConfig, expected: &str| {
            assert!(
                personal_pagerank(&karate(), source, &config).unwrap_err().to_string().contains(expected)
            );
        };
        let fine = PushConfig::default();
        check(99, fine, "source");
        check(0, PushConfig { restart: 0.0, ..fine }, "restart");
        check(0, PushConfig { tolerance: f64::NAN, ..fine }, "tolerance");
        check(0, PushConfig { arcs: 0, ..fine }, "arcs");
    }
}
