//! Link scores: how near two nodes are by the paths between them.
//!
//! [`Surroundings`] walks two steps from one node and keeps sums over the nodes in between; every score of that node with
//! any other is read from these. All scores are of the plain graph: weights of arcs take no part. The graph is undirected.

use crate::Adjacency;

/// The longest paths weigh so much less each step in [`Heuristic::Katz`].
const KATZ_DAMPING: f64 = 0.05;

/// Sums over the common neighbours of two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shared {
    /// How many there are.
    pub common: f32,
    /// Each counts 1 / ln(degree).
    pub adamic_adar: f32,
    /// Each counts 1 / degree.
    pub resource: f32,
}

/// The two-step surroundings of one node after the other; 16 bytes for each node of the graph.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    source: Option<u32>,
    degree: usize,
    /// Over the walks of two steps that come back to the source.
    back: Shared,
    shared: Vec<Shared>,
    reached: Vec<u32>,
}

impl Surroundings {
    /// Of no node yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Walks two steps from `source`. Neighbours of more than `most` neighbours are passed over: they say little of two
    /// who both have them, and are most of the work.
    pub fn walk(&mut self, graph: &impl Adjacency, source: u32, most: usize) {
        for &node in &self.reached {
            self.shared[node as usize] = Shared::default();
        }
        self.reached.clear();
        self.shared.resize(graph.nodes(), Shared::default());
        self.source = Some(source);
        self.degree = graph.degree(source);
        self.back = Shared::default();
        for (between, _) in graph.arcs_of(source) {
            let degree = graph.degree(between);
            if degree > most {
                continue;
            }
            // A node between two others has at least two neighbours; with one, the walk only comes back to the source.
            let (adamic_adar, resource) = (1.0 / (degree.max(2) as f32).ln(), 1.0 / degree.max(1) as f32);
            for (to, _) in graph.arcs_of(between) {
                let shared = match self.shared.get_mut(to as usize) {
                    _ if to == source => &mut self.back,
                    Some(shared) => shared,
                    None => continue,
                };
                if shared.common == 0.0 && to != source {
                    self.reached.push(to);
                }
                shared.common += 1.0;
                shared.adamic_adar += adamic_adar;
                shared.resource += resource;
            }
        }
    }

    /// The nodes that have a neighbour in common with the source, its own neighbours among them, in the order in which
    /// they were met.
    #[must_use]
    pub fn reached(&self) -> &[u32] {
        &self.reached
    }

    /// The sums over the common neighbours of the source and a node.
    #[must_use]
    pub fn shared(&self, node: u32) -> Shared {
        self.shared.get(node as usize).copied().unwrap_or_default()
    }

    /// What the paths of up to three steps say of the source and `other`.
    pub fn paths(&self, graph: &impl Adjacency, other: u32) -> Paths {
        let mut paths = Paths {
            degrees: [self.degree, graph.degree(other)],
            joined: false,
            shared: self.shared(other),
            three: 0.0,
            three_resource: 0.0,
        };
        for (last, _) in graph.arcs_of(other) {
            let shared = if Some(last) == self.source {
                paths.joined = true;
                self.back
            } else {
                self.shared(last)
            };
            paths.three += f64::from(shared.common);
            paths.three_resource += f64::from(shared.resource) / graph.degree(last).max(1) as f64;
        }
        paths
    }
}

/// The paths of up to three steps between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Paths {
    /// How many neighbours each of the two has.
    pub degrees: [usize; 2],
    /// Whether they are neighbours.
    pub joined: bool,
    /// Over their common neighbours.
    pub shared: Shared,
    /// How many walks of three steps there are.
    pub three: f64,
    /// Each of these walks counts 1 / (degree of its first node between them * degree of the second).
    pub three_resource: f64,
}

/// A link score that needs no learning (Lü & Zhou, "Link prediction in complex networks: a survey", Physica A 390, 2011,
/// section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heuristic {
    /// How many neighbours the two have in common.
    CommonNeighbours,
    /// These, divided by all neighbours of either.
    Jaccard,
    /// These, divided by the mean of the degrees (Sørensen 1948).
    Sorensen,
    /// These, divided by the geometric mean of the degrees (Salton & McGill 1983).
    Salton,
    /// These, divided by the smaller degree.
    HubPromoted,
    /// These, divided by the larger degree.
    HubDepressed,
    /// Each common neighbour counts 1 / ln(degree) (Adamic & Adar 2003).
    AdamicAdar,
    /// Each common neighbour counts 1 / degree (Zhou, Lü & Zhang 2009).
    ResourceAllocation,
    /// The product of the degrees (Barabási & Albert 1999).
    PreferentialAttachment,
    /// How many walks of three steps there are.
    ThreeStepWalks,
    /// Walks of three steps, each divided by the root of the degrees between (Kovács et al. 2019, "Network-based prediction
    /// of protein interactions") and of the two.
    ThreeStepResource,
    /// Walks of up to three steps, each step at [`KATZ_DAMPING`] (Katz 1953).
    Katz,
    /// The chance that a walk of one step to three from either ends at the other (local random walk; Liu & Lü 2010).
    LocalRandomWalk,
}

impl Heuristic {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CommonNeighbours,
        Self::Jaccard,
        Self::Sorensen,
        Self::Salton,
        Self::HubPromoted,
        Self::HubDepressed,
        Self::AdamicAdar,
        Self::ResourceAllocation,
        Self::PreferentialAttachment,
        Self::ThreeStepWalks,
        Self::ThreeStepResource,
        Self::Katz,
        Self::LocalRandomWalk,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CommonNeighbours => "common_neighbours",
            Self::Jaccard => "jaccard",
            Self::Sorensen => "sorensen",
            Self::Salton => "salton",
            Self::HubPromoted => "hub_promoted",
            Self::HubDepressed => "hub_depressed",
            Self::AdamicAdar => "adamic_adar",
            Self::ResourceAllocation => "resource_allocation",
            Self::PreferentialAttachment => "preferential_attachment",
            Self::ThreeStepWalks => "three_step_walks",
            Self::ThreeStepResource => "three_step_resource",
            Self::Katz => "katz",
            Self::LocalRandomWalk => "local_random_walk",
        }
    }

    /// The score of two nodes by the paths between them; the same whichever comes first. 0 where a
    /// node has no neighbours.
    #[must_use]
    pub fn of(self, paths: &Paths) -> f64 {
        let degrees = paths.degrees.map(|degree| degree as f64);
        let common = f64::from(paths.shared.common);
        let product = degrees[0] * degrees[1];
        let sum = degrees[0] + degrees[1];
        let over = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
        match self {
            Self::CommonNeighbours => common,
            Self::Jaccard => over(common, sum - common),
            Self::Sorensen => over(2.0 * common, sum),
            Self::Salton => over(common, product.sqrt()),
            Self::HubPromoted => over(common, degrees[0].min(degrees[1])),
            Self::HubDepressed => over(common, degrees[0].max(degrees[1])),
            Self::AdamicAdar => f64::from(paths.shared.adamic_adar),
            Self::ResourceAllocation => f64::from(paths.shared.resource),
            Self::PreferentialAttachment => product,
            Self::ThreeStepWalks => paths.three,
            Self::ThreeStepResource => over(paths.three_resource, product.sqrt()),
            Self::Katz => {
                let joined = f64::from(u8::from(paths.joined));
                KATZ_DAMPING * (joined + KATZ_DAMPING * (common + KATZ_DAMPING * paths.three))
            }
            // From one node the chance to be at the other after n steps is the sum over the walks of n steps of 1 / the
            // degrees on the way, its own one among them.
            Self::LocalRandomWalk => {
                let joined = f64::from(u8::from(paths.joined));
                let walks = joined + f64::from(paths.shared.resource) + paths.three_resource;
                over(walks, degrees[0]) + over(walks, degrees[1])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{blocks, karate, plain};
    use crate::{Csr, Direction, Edge};

    fn paths(graph: &Csr, from: u32, to: u32) -> Paths {
        let mut surroundings = Surroundings::new();
        surroundings.walk(graph, from, usize::MAX);
        surroundings.paths(graph, to)
    }

    /// Two triangles that share the edge 1-2, and a tail: 0-1, 0-2, 1-2, 1-3, 2-3, 3-4.
    fn kite() -> Csr {
        plain(6, &[(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4)])
    }

    #[test]
    fn scores_by_hand() {
        fn check(which: Heuristic, pair: (u32, u32), expected: f64) {
            for (from, to) in [pair, (pair.1, pair.0)] {
                let found = which.of(&paths(&kite(), from, to));
                assert!((found - expected).abs() < 1e-6, "{which:?} of {from} and {to}: {found}");
            }
        }
        let ln3 = 3.0_f64.ln();
        check(Heuristic::CommonNeighbours, (0, 3), 2.0);
        check(Heuristic::Jaccard, (0, 3), 2.0 / 3.0);
        check(Heuristic::Sorensen, (0, 3), 4.0 / 5.0);
        check(Heuristic::Salton, (0, 3), 2.0 / 6.0_f64.sqrt());
        check(Heuristic::HubPromoted, (0, 3), 1.0);
        check(Heuristic::HubDepressed, (0, 3), 2.0 / 3.0);
        check(Heuristic::AdamicAdar, (0, 3), 2.0 / ln3);
        check(Heuristic::ResourceAllocation, (0, 3), 2.0 / 3.0);
        check(Heuristic::PreferentialAttachment, (0, 3), 6.0);
        // 0-1-2-3 and 0-2-1-3.
        check(Heuristic::ThreeStepWalks, (0, 3), 2.0);
        check(Heuristic::ThreeStepResource, (0, 3), 2.0 / 9.0 / 6.0_f64.sqrt());
        check(Heuristic::Katz, (0, 3), 0.0025 * 2.0 + 0.000_125 * 2.0);
        check(Heuristic::LocalRandomWalk, (0, 3), (2.0 / 3.0 + 2.0 / 9.0) * (1.0 / 2.0 + 1.0 / 3.0));
        // 0-1-3-4, 0-2-3-4.
        check(Heuristic::ThreeStepWalks, (0, 4), 2.0);
        for which in Heuristic::ALL {
            check(which, (0, 5), 0.0);
        }
    }

    #[test]
    fn as_networkx_says_of_the_karate_club() {
        // resource_allocation_index, adamic_adar_index and jaccard_coefficient of networkx 3.
        fn check(which: Heuristic, pair: (u32, u32), expected: f64) {
            let found = which.of(&paths(&karate(), pair.0, pair.1));
            assert!((found - expected).abs() < 1e-6, "{which:?} of {pair:?}: {found}");
        }
        check(Heuristic::ResourceAllocation, (0, 33), 0.9);
        check(Heuristic::AdamicAdar, (0, 33), 2.711_019_722_3);
        check(Heuristic::Jaccard, (0, 33), 0.137_931_034_5);
    }

    #[test]
    fn hubs_are_passed_over_and_a_second_walk_forgets_the_first() {
        let graph = kite();
        let mut surroundings = Surroundings::new();
        surroundings.walk(&graph, 0, 2);
        assert!(surroundings.reached().is_empty());
        surroundings.walk(&graph, 0, 3);
        let mut reached = surroundings.reached().to_vec();
        reached.sort_unstable();
        assert_eq!(reached, [1, 2, 3]);
        surroundings.walk(&graph, 4, 3);
        assert_eq!(surroundings.reached(), [1, 2]);
        assert_eq!(surroundings.shared(3), Shared::default());
        surroundings.walk(&graph, 99, 3);
        assert!(surroundings.reached().is_empty());
    }

    #[test]
    fn scores_are_the_same_both_ways() {
        let graph = blocks(4, 12, 3);
        for from in 0..graph.nodes() as u32 {
            for to in 0..from {
                let (there, back) = (paths(&graph, from, to), paths(&graph, to, from));
                for which in Heuristic::ALL {
                    let (there, back) = (which.of(&there), which.of(&back));
                    assert!((there - back).abs() <= 1e-5 * there.abs().max(1e-9), "{which:?} {from} {to}");
                }
            }
        }
    }

    #[test]
    fn walks_of_three_steps_are_counted_as_by_products() {
        let graph = blocks(3, 8, 5);
        let nodes = graph.nodes();
        let linked = |a: usize, b: usize| graph.has(a as u32, b as u32);
        for from in 0..nodes {
            for to in (0..nodes).filter(|&to| to != from) {
                let walks = (0..nodes)
                    .flat_map(|first| (0..nodes).map(move |second| (first, second)))
                    .filter(|&(first, second)| {
                        linked(from, first) && linked(first, second) && linked(second, to)
                    })
                    .count();
                assert_eq!(paths(&graph, from as u32, to as u32).three, walks as f64);
            }
        }
        let empty = Csr::from_edges(2, &[] as &[Edge], Direction::Undirected).unwrap();
        assert_eq!(paths(&empty, 0, 1), Paths::default());
    }
}
