//! The graph of people, copied out of the world: who follows whom, and who deals with whom how much.

use crate::ties::{Deal, HALF_LIVES};
use milieu_graph::{Csr, Direction, Edge, GraphError};
use milieu_world::{ItemIx, UserIx, View};
use rustc_hash::FxHashMap;

/// Days after which an interaction counts half.
const HALF_LIFE: f64 = HALF_LIVES[1];
/// The newest own items of a user that are looked at for answers.
const ANSWERS: usize = 1024;

/// Edges between described users. Private relations are no part of it: no messages, and no blocks, since what these left out
/// would tell of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edges {
    /// One more than the largest user number.
    pub nodes: usize,
    /// Who follows whom.
    pub follows: Vec<(u32, u32)>,
    /// Who did how much with items of whom: interactions in public, each halved every 60 days.
    pub acts: Vec<(u32, u32, f32)>,
}

impl Edges {
    /// Copies the edges at the time of the view.
    #[must_use]
    pub fn of(view: &View<'_>) -> Self {
        let nodes = view.world().user_bound();
        let mut edges = Self { nodes, ..Self::default() };
        for user in (0..nodes as u32).map(UserIx).filter(|user| view.is_described(*user)) {
            let may = |other: UserIx| other != user && view.is_described(other);
            let follows = view.following(user).map(|tie| tie.other).filter(|other| may(*other));
            edges.follows.extend(follows.map(|other| (user.0, other.0)));
            let mut acts: Vec<(UserIx, f32)> =
                acts(view, user).into_iter().filter(|(other, _)| may(*other)).collect();
            acts.sort_unstable_by_key(|act| act.0);
            edges.acts.extend(acts.into_iter().map(|(other, weight)| (user.0, other.0, weight)));
        }
        edges
    }

    /// From each to whom they follow (1) and deal with (`ln(1 + interactions)`), as one arc.
    ///
    /// # Errors
    /// More users or edges than the graph can hold.
    pub fn directed(&self) -> Result<Csr, GraphError> {
        Csr::from_edges(self.nodes, &self.arcs(), Direction::Directed)
    }

    /// The same without directions: arcs both ways are added.
    ///
    /// # Errors
    /// More users or edges than the graph can hold.
    pub fn undirected(&self) -> Result<Csr, GraphError> {
        Csr::from_edges(self.nodes, &self.arcs(), Direction::Undirected)
    }

    /// The follow ties alone.
    ///
    /// # Errors
    /// More users or edges than the graph can hold.
    pub fn followed(&self) -> Result<Csr, GraphError> {
        let edges: Vec<Edge> = self.follows.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
        Csr::from_edges(self.nodes, &edges, Direction::Directed)
    }

    fn arcs(&self) -> Vec<Edge> {
        let follows = self.follows.iter().map(|&(from, to)| Edge::plain(from, to));
        let acts = self.acts.iter().map(|&(from, to, count)| Edge { from, to, weight: count.ln_1p() });
        follows.chain(acts).collect()
    }
}

/// What a user did in public with items of others, by author.
fn acts(view: &View<'_>, user: UserIx) -> FxHashMap<UserIx, f32> {
    let weight = |at: u32| (-f64::from(view.now().saturating_sub(at)) / 86_400.0 / HALF_LIFE).exp2() as f32;
    let author = |item: ItemIx| view.facts(item).author.filter(|_| view.is_visible(item));
    let mut acts: FxHashMap<UserIx, f32> = FxHashMap::default();
    let mut told: FxHashMap<ItemIx, u32> = FxHashMap::default();
    for (at, item) in view.authored(user).take(ANSWERS).filter(|&(_, item)| view.is_visible(item)) {
        if let Some(parent) = view.facts(item).reply_to
            && let Some(other) = author(parent)
        {
            *told.entry(parent).or_default() += 1;
            *acts.entry(other).or_default() += weight(at);
        }
    }
    for done in view.history(user) {
        let Some(deal) = Deal::of(done.action) else { continue };
        let Some(other) = author(done.item) else { continue };
        if deal == Deal::Answer
            && let Some(left) = told.get_mut(&done.item).filter(|left| **left > 0)
        {
            // The item told of it already.
            *left -= 1;
            continue;
        }
        *acts.entry(other).or_default() += weight(done.at);
    }
    acts
}
