//! Which links are known, and which are to be foretold.

use milieu_dataset::edges::EdgeList;
use milieu_graph::{Csr, Direction, Edge, GraphError};
use milieu_people::link::{Activity, Pair, Past};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rustc_hash::FxHashSet;

/// Shares of the known links after which the model learns what came next.
const EARLIER_CUTS: [f64; 3] = [0.6, 0.7, 0.8];

const DAY_MILLIS: f64 = 86_400_000.0;

/// What decides which links are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Chance.
    Random,
    /// Time: the newest are.
    Time,
}

/// The links of a list, and when who had to do with whom.
pub(super) struct Links {
    nodes: usize,
    /// Each pair of linked nodes once, in the order in which they first were: by time where there is one, else as they
    /// stand in the list.
    pub(super) pairs: Vec<Pair>,
    /// The first time of each, in days; none where the list has none.
    firsts: Vec<f64>,
    /// Every edge of the list with its time in days, in the order of time.
    contacts: Vec<(u32, u32, f64)>,
}

impl Links {
    pub(super) fn of(list: &EdgeList) -> Self {
        let mut all: Vec<(u32, u32, f64)> = list
            .edges
            .iter()
            .map(|edge| (edge.from, edge.to, edge.at.map_or(0.0, |at| at.millis() as f64 / DAY_MILLIS)))
            .collect();
        let timed = list.is_timed();
        if timed {
            all.sort_by(|a, b| a.2.total_cmp(&b.2));
        }
        let mut met = FxHashSet::default();
        let (pairs, firsts): (Vec<Pair>, Vec<f64>) = all
            .iter()
            .map(|&(from, to, at)| ((from.min(to), from.max(to)), at))
            .filter(|(pair, _)| met.insert(*pair))
            .unzip();
        let (firsts, contacts) = if timed { (firsts, all) } else { (Vec::new(), Vec::new()) };
        Self { nodes: list.names.len(), pairs, firsts, contacts }
    }

    fn graph(&self, pairs: &[Pair]) -> Result<Csr, GraphError> {
        let edges: Vec<Edge> = pairs.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
        Csr::from_edges(self.nodes, &edges, Direction::Undirected)
    }

    /// What each node had done lately when the first so many links were there.
    fn activity(&self, links: usize) -> Activity {
        match links.checked_sub(1).and_then(|last| self.firsts.get(last)) {
            Some(&now) => Activity::as_of(self.nodes, now, self.contacts.iter().copied()),
            None => Activity::default(),
        }
    }

    /// How many links came within the first share of all edges by time.
    fn within(&self, share: f64) -> usize {
        let last = (self.contacts.len() as f64 * share) as usize;
        match last.checked_sub(1).and_then(|last| self.contacts.get(last)) {
            Some(&(_, _, now)) => self.firsts.partition_point(|&first| first <= now),
            None => 0,
        }
    }

    /// The graph of the first so many links, and those that came until `until` between nodes that were known by then.
    fn past(
        &self,
        known: usize,
        until: usize,
        random: &mut Pcg64Mcg,
    ) -> Result<(Csr, Vec<Pair>), GraphError> {
        let graph = self.graph(&self.pairs[..known])?;
        let is_known = |pair: &&Pair| graph.degree(pair.0) > 0 && graph.degree(pair.1) > 0;
        let mut came: Vec<Pair> = self.pairs[known..until].iter().filter(is_known).copied().collect();
        came.shuffle(random);
        Ok((graph, came))
    }
}

/// Known links and hidden ones.
pub(super) struct Split {
    /// The known graph.
    pub(super) known: Csr,
    /// The whole graph.
    pub(super) whole: Csr,
    /// The hidden links, in an order of chance.
    pub(super) hidden: Vec<Pair>,
    /// What each node had done lately when the known time ended; empty where there are no times.
    pub(super) activity: Activity,
    /// The known graph at earlier times, and what came; empty where there are no times.
    pub(super) pasts: Vec<Past>,
}

impl Split {
    /// Hides the newest, or any, of the links. Of those that are hidden by time, only links between nodes that were known
    /// before can be foretold.
    pub(super) fn new(links: &Links, by: SplitBy, hide: f64, seed: u64) -> Result<Self, GraphError> {
        let whole = links.graph(&links.pairs)?;
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        match by {
            SplitBy::Random => {
                let mut pairs = links.pairs.clone();
                pairs.shuffle(&mut random);
                let hidden = pairs.split_off(pairs.len() - (pairs.len() as f64 * hide) as usize);
                let known = links.graph(&pairs)?;
                Ok(Self { known, whole, hidden, activity: Activity::default(), pasts: Vec::new() })
            }
            SplitBy::Time => {
                let cut = links.within(1.0 - hide);
                let (known, hidden) = links.past(cut, links.pairs.len(), &mut random)?;
                let mut pasts = Vec::new();
                for (place, &share) in EARLIER_CUTS.iter().enumerate() {
                    let at = |share: f64| (cut as f64 * share) as usize;
                    let until = EARLIER_CUTS.get(place + 1).map_or(cut, |&next| at(next));
                    let (then, came) = links.past(at(share), until, &mut random)?;
                    let activity = links.activity(at(share));
                    pasts.push(Past { known: then, links: came, activity, whole: known.clone() });
                }
                Ok(Self { known, whole, hidden, activity: links.activity(cut), pasts })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(edges: &[(u32, u32, Option<i64>)]) -> EdgeList {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edges.txt");
        let line = |&(from, to, at): &(u32, u32, Option<i64>)| {
            format!("{from} {to} {}\n", at.map(|at| at.to_string()).unwrap_or_default())
        };
        std::fs::write(&path, edges.iter().map(line).collect::<String>()).unwrap();
        milieu_dataset::edges::read(&path).unwrap()
    }

    /// A ring of ten nodes, each link a day after the one before, the first of them again at the end.
    fn ring() -> EdgeList {
        let day = |day: u32| Some(1_000_000_000 + i64::from(day) * 86_400);
        let mut edges: Vec<_> = (0..10).map(|node| (node, (node + 1) % 10, day(node))).collect();
        edges.push((1, 0, day(10)));
        list(&edges)
    }

    #[test]
    fn by_time_only_the_newest_links_of_known_nodes_are_hidden() {
        let links = Links::of(&ring());
        assert_eq!(links.pairs.len(), 10);
        let split = Split::new(&links, SplitBy::Time, 0.1, 0).unwrap();
        // Nine of eleven edges are known, and of the links the last closes the ring.
        assert_eq!((split.known.arcs() / 2, split.hidden), (9, vec![(0, 9)]));
        for past in &split.pasts {
            assert!(
                past.links.iter().all(|&(from, to)| !past.known.has(from, to) && split.known.has(from, to))
            );
            assert!(past.known.arcs() < split.known.arcs());
        }
        let again = Split::new(&links, SplitBy::Time, 0.1, 7).unwrap();
        assert_eq!(again.known, split.known);
    }

    #[test]
    fn by_chance_a_share_of_the_links_is_hidden() {
        let links = Links::of(&ring());
        let split = Split::new(&links, SplitBy::Random, 0.3, 1).unwrap();
        assert_eq!((split.known.arcs() / 2, split.hidden.len()), (7, 3));
        assert!(
            split.hidden.iter().all(|&(from, to)| !split.known.has(from, to) && split.whole.has(from, to))
        );
        assert_ne!(Split::new(&links, SplitBy::Random, 0.3, 2).unwrap().hidden, split.hidden);
    }

    #[test]
    fn a_list_without_times_has_no_activity() {
        let links = Links::of(&list(&[(0, 1, None), (1, 2, None)]));
        assert_eq!((links.activity(2), links.within(0.5)), (Activity::default(), 0));
    }
}
