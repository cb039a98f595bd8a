//! What is computed of every node before pairs are looked at.

use super::LinkError;
use milieu_graph::{Adjacency, Csr, LeidenConfig, Surroundings, leiden};
use rayon::prelude::*;

/// Places in a node's list of others, by resource allocation, whose scores are kept: 1st, 2nd, 4th, ... 2048th.
pub(super) const PLACES: usize = 12;

/// Neighbours of more neighbours than this are passed over: see [`Surroundings::walk`].
pub(super) const MOST_NEIGHBOURS: usize = 5000;

/// Resolutions at which communities are looked for: circles of friends, and circles within these.
pub(super) const RESOLUTIONS: [f64; 3] = [1.0, 8.0, 64.0];

/// Days after which a contact counts half in what a node did lately.
pub const HALF_LIVES: [f64; 2] = [7.0, 30.0];

/// How much each node did lately: its contacts, each halved with every half-life that went by since; one number for each of
/// [`HALF_LIVES`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Activity(Vec<[f32; HALF_LIVES.len()]>);

impl Activity {
    /// Of `nodes` nodes as of a time, by contacts of two nodes each; later ones take no part. Times are in days.
    #[must_use]
    pub fn as_of(nodes: usize, now: f64, contacts: impl IntoIterator<Item = (u32, u32, f64)>) -> Self {
        let mut all = vec![[0.0; HALF_LIVES.len()]; nodes];
        for (from, to, at) in contacts.into_iter().filter(|&(_, _, at)| at <= now) {
            for node in [from, to] {
                let Some(sums) = all.get_mut(node as usize) else { continue };
                for (sum, half) in sums.iter_mut().zip(HALF_LIVES) {
                    *sum += (-(now - at) / half).exp2() as f32;
                }
            }
        }
        Self(all)
    }

    fn of(&self, node: u32) -> [f32; HALF_LIVES.len()] {
        self.0.get(node as usize).copied().unwrap_or_default()
    }
}

/// Of each node: what it did lately, the communities that it is in, how many of its neighbours' pairs are neighbours, and how near the nearest that are none are.
/// 72 bytes a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeTable {
    clustering: Vec<f32>,
    places: Vec<[f32; PLACES]>,
    communities: Vec<[u32; RESOLUTIONS.len()]>,
    activity: Activity,
}

impl NodeTable {
    /// Looks at every node of an undirected graph, on all threads. What is known of nobody's activity is that of an empty one.
    ///
    /// # Errors
    /// A graph that is directed, or with weights below 0.
    pub fn of(graph: &Csr, activity: Activity) -> Result<Self, LinkError> {
        let rows: Vec<(f32, [f32; PLACES])> = (0..graph.nodes() as u32)
            .into_par_iter()
            .map_init(Surroundings::new, |surroundings, node| {
                surroundings.walk(graph, node, MOST_NEIGHBOURS);
                row(graph, surroundings, node)
            })
            .collect();
        let (clustering, places) = rows.into_iter().unzip();
        let mut communities = vec![[0; RESOLUTIONS.len()]; graph.nodes()];
        for (which, resolution) in RESOLUTIONS.into_iter().enumerate() {
            let found = leiden(graph, &LeidenConfig { resolution, ..LeidenConfig::default() })?;
            communities.iter_mut().zip(found.of).for_each(|(all, community)| all[which] = community);
        }
        Ok(Self { clustering, places, communities, activity })
    }

    /// The share of the pairs of a node's neighbours that are neighbours (Watts & Strogatz 1998), 0 to 1.
    #[must_use]
    pub fn clustering(&self, node: u32) -> f32 {
        self.clustering.get(node as usize).copied().unwrap_or_default()
    }

    /// What a node did lately.
    pub(super) fn activity(&self, node: u32) -> [f32; HALF_LIVES.len()] {
        self.activity.of(node)
    }

    /// The communities that a node is in, one at each of [`RESOLUTIONS`].
    pub(super) fn communities(&self, node: u32) -> Option<[u32; RESOLUTIONS.len()]> {
        self.communities.get(node as usize).copied()
    }

    /// The natural logarithm of the place that a score by resource allocation takes in the list of those who are not the
    /// node's neighbours, best first, between the places that are kept; a score of 0 is past the last.
    #[must_use]
    pub fn log_place(&self, node: u32, score: f32) -> f32 {
        let Some(places) = self.places.get(node as usize) else {
            return PLACES as f32 * std::f32::consts::LN_2;
        };
        let (above, equal) = (
            places.iter().filter(|&&kept| kept > score).count(),
            places.iter().filter(|&&kept| kept == score && score > 0.0).count(),
        );
        let between = if equal > 0 {
            (equal - 1) as f32 / 2.0
        } else {
            // Between the last place above and the first below, by where the score lies between theirs.
            match (above.checked_sub(1).and_then(|place| places.get(place)), places.get(above)) {
                (Some(&high), Some(&low)) if high > low => (high - score) / (high - low) - 1.0,
                _ => 0.0,
            }
        };
        (above as f32 + between).max(0.0) * std::f32::consts::LN_2
    }
}

fn row(graph: &impl Adjacency, surroundings: &Surroundings, node: u32) -> (f32, [f32; PLACES]) {
    let degree = graph.degree(node);
    // Both ends of each pair of linked neighbours are met.
    let triangles: f32 = graph.arcs_of(node).map(|(to, _)| surroundings.shared(to).common).sum();
    let pairs = (degree * degree.saturating_sub(1)) as f32;
    let clustering = if pairs > 0.0 { (triangles / pairs).min(1.0) } else { 0.0 };
    let neighbours: Vec<u32> = graph.arcs_of(node).map(|(to, _)| to).collect();
    let mut scores: Vec<f32> = surroundings
        .reached()
        .iter()
        .filter(|to| neighbours.binary_search(to).is_err())
        .map(|&to| surroundings.shared(to).resource)
        .collect();
    let kept = scores.len().min(1 << (PLACES - 1));
    if kept > 0 && kept < scores.len() {
        scores.select_nth_unstable_by(kept - 1, |a, b| b.total_cmp(a));
        scores.truncate(kept);
    }
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    let place = |place: usize| scores.get((1 << place) - 1).copied().unwrap_or_default();
    (clustering, std::array::from_fn(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_graph::{Direction, Edge};

    fn graph(nodes: usize, edges: &[(u32, u32)]) -> Csr {
        let edges: Vec<Edge> = edges.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
        Csr::from_edges(nodes, &edges, Direction::Undirected).unwrap()
    }

    #[test]
    fn clustering_and_places() {
        // A triangle with a tail, 0-1-2-0 and 2-3: only 0 and 3, and 1 and 3 have a common neighbour and no link.
        let table = NodeTable::of(&graph(5, &[(0, 1), (1, 2), (2, 0), (2, 3)]), Activity::default()).unwrap();
        let clustering: Vec<f32> = (0..6).map(|node| table.clustering(node)).collect();
        assert_eq!(clustering, [1.0, 1.0, 1.0 / 3.0, 0.0, 0.0, 0.0]);
        let check = |node: u32, score: f32, expected: f32| {
            assert!(
                (table.log_place(node, score) - expected * std::f32::consts::LN_2).abs() < 1e-6,
                "{node} {score}"
            );
        };
        // The best of node 0's list; of node 3's list the first two are equal.
        check(0, 1.0 / 3.0, 0.0);
        check(3, 1.0 / 3.0, 0.5);
        check(3, 1.0, 0.0);
        check(0, 0.0, 1.0);
        check(99, 1.0, PLACES as f32);
    }

    #[test]
    fn activity_halves_with_time_and_knows_no_future() {
        let activity =
            Activity::as_of(3, 30.0, [(0, 1, 30.0), (0, 1, 23.0), (1, 2, 0.0), (0, 2, 31.0), (9, 0, 1.0)]);
        let [week, month] = activity.of(1);
        assert!((week - (1.5 + (-30.0_f32 / 7.0).exp2())).abs() < 1e-5, "{week}");
        assert!((month - (1.0 + (-7.0_f32 / 30.0).exp2() + 0.5)).abs() < 1e-5, "{month}");
        assert_eq!(activity.of(7), [0.0, 0.0]);
    }
}
