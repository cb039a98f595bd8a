//! What is known of two nodes.

use super::LinkError;
use super::nodes::{MOST_NEIGHBOURS, NodeTable, RESOLUTIONS};
use milieu_graph::{Adjacency, Heuristic, Paths, PushConfig, Surroundings, personal_pagerank};
use rustc_hash::FxHashMap;

/// How far PageRank of one node is pushed: far enough for who is two steps away, and never over much of the graph.
const PUSH: PushConfig = PushConfig { restart: 0.15, tolerance: 1e-5, arcs: 400_000 };

/// Most common neighbours whose links among each other are counted.
const MOST_COMMON: usize = 256;

/// How many numbers there are of a pair.
pub const WIDTH: usize = 30;

/// Their names. Of a number that each of the two nodes has, both the smaller and the larger are kept, so that it does not
/// matter which comes first.
pub const FEATURES: [&str; WIDTH] = [
    "log_common_neighbours",
    "log_resource_allocation",
    "log_adamic_adar",
    "jaccard",
    "salton",
    "hub_promoted",
    "hub_depressed",
    "log_three_step_walks",
    "log_three_step_resource",
    "log_three_step_resource_by_degrees",
    "log_local_random_walk",
    "log_pagerank_low",
    "log_pagerank_high",
    "log_place_low",
    "log_place_high",
    "log_degree_low",
    "log_degree_high",
    "clustering_low",
    "clustering_high",
    "links_among_common_neighbours",
    "wide_circle_low",
    "wide_circle_high",
    "circle_low",
    "circle_high",
    "close_circle_low",
    "close_circle_high",
    "log_activity_of_days_low",
    "log_activity_of_days_high",
    "log_activity_of_weeks_low",
    "log_activity_of_weeks_high",
];

/// Reads what is known of pairs, for one node after the other.
#[derive(Debug)]
pub struct LinkReader<'g, G> {
    graph: &'g G,
    nodes: &'g NodeTable,
    surroundings: Surroundings,
    source: u32,
    neighbours: Vec<u32>,
    pagerank: FxHashMap<u32, f64>,
    circles: [FxHashMap<u32, u32>; RESOLUTIONS.len()],
}

impl<'g, G: Adjacency> LinkReader<'g, G> {
    /// Over a graph and what was computed of its nodes.
    #[must_use]
    pub fn new(graph: &'g G, nodes: &'g NodeTable) -> Self {
        Self {
            graph,
            nodes,
            surroundings: Surroundings::new(),
            source: u32::MAX,
            neighbours: Vec::new(),
            pagerank: FxHashMap::default(),
            circles: Default::default(),
        }
    }

    /// From now on pairs are of this node and another.
    ///
    /// # Errors
    /// A node that is not there.
    pub fn stand_at(&mut self, source: u32) -> Result<(), LinkError> {
        self.surroundings.walk(self.graph, source, MOST_NEIGHBOURS);
        self.source = source;
        self.neighbours = self.graph.arcs_of(source).map(|(to, _)| to).collect();
        self.circles.iter_mut().for_each(FxHashMap::clear);
        for communities in self.neighbours.iter().filter_map(|&node| self.nodes.communities(node)) {
            for (circle, community) in self.circles.iter_mut().zip(communities) {
                *circle.entry(community).or_default() += 1;
            }
        }
        self.pagerank = personal_pagerank(self.graph, source, &PUSH)?.values.into_iter().collect();
        Ok(())
    }

    /// The two-step surroundings of the node stood at.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The paths between the node stood at and another.
    #[must_use]
    pub fn paths(&self, other: u32) -> Paths {
        self.surroundings.paths(self.graph, other)
    }

    /// PageRank of the one node as the other has it, both ways, the smaller first. On an undirected graph one way follows
    /// from the other by the degrees.
    #[must_use]
    pub fn pagerank(&self, other: u32) -> [f64; 2] {
        let there = self.pagerank.get(&other).copied().unwrap_or_default();
        let degrees = [self.source, other].map(|node| self.graph.degree(node) as f64);
        let back = if degrees[1] > 0.0 { there * degrees[0] / degrees[1] } else { 0.0 };
        [there.min(back), there.max(back)]
    }

    /// What is known of the node stood at and another, in the order of [`FEATURES`].
    #[must_use]
    pub fn features(&self, other: u32) -> [f32; WIDTH] {
        let paths = self.paths(other);
        let of = |heuristic: Heuristic| heuristic.of(&paths) as f32;
        let pagerank = self.pagerank(other).map(log);
        let places = ordered([
            self.nodes.log_place(self.source, paths.shared.resource),
            self.nodes.log_place(other, paths.shared.resource),
        ]);
        let degrees = ordered(paths.degrees.map(|degree| (degree as f32).ln_1p()));
        let circles: [[f32; 2]; RESOLUTIONS.len()] =
            std::array::from_fn(|which| ordered([self.within(which, other), self.of_other(which, other)]));
        let activity = [self.source, other].map(|node| self.nodes.activity(node));
        let active = [0, 1].map(|which| ordered(activity.map(|of| of[which].ln_1p())));
        let clustering = ordered([self.source, other].map(|node| self.nodes.clustering(node)));
        [
            paths.shared.common.ln_1p(),
            log(f64::from(paths.shared.resource)),
            log(f64::from(paths.shared.adamic_adar)),
            of(Heuristic::Jaccard),
            of(Heuristic::Salton),
            of(Heuristic::HubPromoted),
            of(Heuristic::HubDepressed),
            (paths.three as f32).ln_1p(),
            log(paths.three_resource),
            log(Heuristic::ThreeStepResource.of(&paths)),
            log(Heuristic::LocalRandomWalk.of(&paths)),
            pagerank[0],
            pagerank[1],
            places[0],
            places[1],
            degrees[0],
            degrees[1],
            clustering[0],
            clustering[1],
            self.links_among_common(other, paths.shared.common),
            circles[0][0],
            circles[0][1],
            circles[1][0],
            circles[1][1],
            circles[2][0],
            circles[2][1],
            active[0][0],
            active[0][1],
            active[1][0],
            active[1][1],
        ]
    }

    /// The share of the neighbours of the node stood at that are in the other's community.
    fn within(&self, which: usize, other: u32) -> f32 {
        let Some(community) = self.nodes.communities(other) else { return 0.0 };
        let count = self.circles[which].get(&community[which]).copied().unwrap_or_default();
        count as f32 / self.neighbours.len().max(1) as f32
    }

    /// The share of the other's neighbours that are in the community of the node stood at.
    fn of_other(&self, which: usize, other: u32) -> f32 {
        let Some(community) = self.nodes.communities(self.source) else { return 0.0 };
        let same = |node: u32| self.nodes.communities(node).is_some_and(|of| of[which] == community[which]);
        let (mut count, mut all) = (0, 0);
        for (node, _) in self.graph.arcs_of(other) {
            count += usize::from(same(node));
            all += 1;
        }
        count as f32 / all.max(1) as f32
    }

    /// The share of the pairs of common neighbours that are linked (local community links; Cannistraci, Alanis-Lobato &
    /// Ravasi 2013), over the first [`MOST_COMMON`].
    fn links_among_common(&self, other: u32, common: f32) -> f32 {
        if common < 2.0 {
            return 0.0;
        }
        let shared: Vec<u32> = self
            .graph
            .arcs_of(other)
            .map(|(to, _)| to)
            .filter(|to| self.neighbours.binary_search(to).is_ok())
            .filter(|&to| self.graph.degree(to) <= MOST_NEIGHBOURS)
            .take(MOST_COMMON)
            .collect();
        if shared.len() < 2 {
            return 0.0;
        }
        let linked: usize = shared.iter().map(|&node| self.linked_with(node, &shared)).sum();
        linked as f32 / (shared.len() * (shared.len() - 1)) as f32
    }

    /// How many of `others`, ascending, are neighbours of a node.
    fn linked_with(&self, node: u32, others: &[u32]) -> usize {
        self.graph.arcs_of(node).filter(|(to, _)| others.binary_search(to).is_ok()).count()
    }
}

/// The natural logarithm, level near 0.
fn log(value: f64) -> f32 {
    (value + 1e-6).ln() as f32
}

fn ordered(values: [f32; 2]) -> [f32; 2] {
    [values[0].min(values[1]), values[0].max(values[1])]
}
