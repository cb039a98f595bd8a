//! Which links are known, and which are to be foretold.

use milieu_dataset::edges::EdgeList;
use milieu_graph::{Csr, Direction, Edge, GraphError};
use milieu_people::link::{Pair, Past};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rustc_hash::FxHashSet;

/// Shares of the known time before which the model learns what came after.
const EARLIER_CUTS: [f64; 3] = [0.6, 0.7, 0.8];

/// What decides which links are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Chance.
    Random,
    /// Time: the newest are.
    Time,
}

/// Known links and hidden ones.
pub(super) struct Split {
    /// The known graph.
    pub(super) known: Csr,
    /// The whole graph.
    pub(super) whole: Csr,
    /// The hidden links, in an order of chance.
    pub(super) hidden: Vec<Pair>,
    /// The known graph at earlier times, and what came; empty where there are no times.
    pub(super) pasts: Vec<Past>,
}

/// The links of a list, each pair of nodes once, in the order in which they first came: by time where there is one, else
/// as they stand in the list.
pub(super) fn links(list: &EdgeList) -> Vec<Pair> {
    let mut order: Vec<usize> = (0..list.edges.len()).collect();
    if list.is_timed() {
        order.sort_by_key(|&place| list.edges[place].at);
    }
    let mut met = FxHashSet::default();
    let pair = |place: &usize| {
        let edge = list.edges[*place];
        (edge.from.min(edge.to), edge.from.max(edge.to))
    };
    order.iter().map(pair).filter(|pair| met.insert(*pair)).collect()
}

impl Split {
    /// Hides the newest, or any, of the links. Of those that are hidden by time, only links between nodes that were known
    /// before can be foretold.
    pub(super) fn new(
        list: &EdgeList,
        links: &[Pair],
        by: SplitBy,
        hide: f64,
        seed: u64,
    ) -> Result<Self, GraphError> {
        let nodes = list.names.len();
        let whole = graph(nodes, links)?;
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut ordered = links.to_vec();
        let cut = match by {
            SplitBy::Random => {
                ordered.shuffle(&mut random);
                ordered.len() - (ordered.len() as f64 * hide) as usize
            }
            SplitBy::Time => known_by_time(list, &ordered, 1.0 - hide),
        };
        let hidden = ordered.split_off(cut);
        let known = graph(nodes, &ordered)?;
        let mut hidden: Vec<Pair> = match by {
            SplitBy::Random => hidden,
            SplitBy::Time => both_known(&known, hidden),
        };
        hidden.shuffle(&mut random);
        let pasts = match by {
            SplitBy::Random => Vec::new(),
            SplitBy::Time => pasts(nodes, &ordered, &known, &mut random)?,
        };
        Ok(Self { known, whole, hidden, pasts })
    }
}

fn graph(nodes: usize, links: &[Pair]) -> Result<Csr, GraphError> {
    let edges: Vec<Edge> = links.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
    Csr::from_edges(nodes, &edges, Direction::Undirected)
}

fn both_known(known: &Csr, links: Vec<Pair>) -> Vec<Pair> {
    links.into_iter().filter(|&(from, to)| known.degree(from) > 0 && known.degree(to) > 0).collect()
}

/// How many of the links, in the order of their first time, came within the first share of all edges by time.
fn known_by_time(list: &EdgeList, links: &[Pair], share: f64) -> usize {
    let mut order: Vec<usize> = (0..list.edges.len()).collect();
    order.sort_by_key(|&place| list.edges[place].at);
    order.truncate((order.len() as f64 * share) as usize);
    let early: FxHashSet<Pair> = order
        .iter()
        .map(|&place| list.edges[place])
        .map(|edge| (edge.from.min(edge.to), edge.from.max(edge.to)))
        .collect();
    links.iter().filter(|pair| early.contains(pair)).count()
}

/// The known graph at earlier times, each with the links that came until the next, or the end.
fn pasts(nodes: usize, links: &[Pair], whole: &Csr, random: &mut Pcg64Mcg) -> Result<Vec<Past>, GraphError> {
    let at = |share: f64| (links.len() as f64 * share) as usize;
    let mut pasts = Vec::new();
    for (place, &share) in EARLIER_CUTS.iter().enumerate() {
        let until = EARLIER_CUTS.get(place + 1).map_or(links.len(), |&next| at(next));
        let known = graph(nodes, &links[..at(share)])?;
        let mut came = both_known(&known, links[at(share)..until].to_vec());
        came.shuffle(random);
        pasts.push(Past { known, links: came, whole: whole.clone() });
    }
    Ok(pasts)
}
