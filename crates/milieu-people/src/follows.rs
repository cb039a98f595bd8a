//! The follow ties of a view as a graph.

use milieu_graph::Adjacency;
use milieu_world::{UserIx, View};
use std::iter::Peekable;

/// Who is tied to whom by a follow, whichever way, as a view tells it: an undirected graph whose nodes are the numbers of
/// the users. An arc weighs 1, and 2 where each follows the other.
///
/// Nothing is copied: arcs are read from the world as they are asked for. Users who were never described or may not be
/// suggested are nodes like others; what may be said of them is for the caller to ask.
#[derive(Debug, Clone, Copy)]
pub struct FollowTies<'w> {
    view: View<'w>,
}

impl<'w> FollowTies<'w> {
    /// Of this view.
    #[must_use]
    pub fn new(view: View<'w>) -> Self {
        Self { view }
    }

    /// The sum of the weights of a user's arcs, of any time; known without reading them.
    #[must_use]
    pub fn strength(&self, user: UserIx) -> usize {
        self.view.following_count(user) + self.view.follower_count(user)
    }

    /// The arcs of a user, ascending by neighbour.
    pub fn of(&self, user: UserIx) -> impl Iterator<Item = (UserIx, f32)> + use<'w> {
        let there = user.at() < self.view.world().user_bound();
        let view = there.then_some(self.view);
        let out = view.into_iter().flat_map(move |view| view.following(user)).map(|tie| tie.other);
        let into = view.into_iter().flat_map(move |view| view.followers(user)).map(|tie| tie.other);
        Union { left: out.peekable(), right: into.peekable() }.filter(move |&(other, _)| other != user)
    }
}

impl Adjacency for FollowTies<'_> {
    fn nodes(&self) -> usize {
        self.view.world().user_bound()
    }

    fn degree(&self, node: u32) -> usize {
        self.of(UserIx(node)).count()
    }

    fn arcs_of(&self, node: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.of(UserIx(node)).map(|(other, weight)| (other.0, weight))
    }
}

/// Two ascending lists as one, with the number of lists that hold each.
struct Union<L: Iterator<Item = UserIx>, R: Iterator<Item = UserIx>> {
    left: Peekable<L>,
    right: Peekable<R>,
}

impl<L: Iterator<Item = UserIx>, R: Iterator<Item = UserIx>> Iterator for Union<L, R> {
    type Item = (UserIx, f32);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.left.peek().copied(), self.right.peek().copied()) {
            (Some(left), Some(right)) if left == right => {
                self.left.next();
                self.right.next().map(|other| (other, 2.0))
            }
            (Some(left), right) if right.is_none_or(|right| left < right) => {
                self.left.next().map(|other| (other, 1.0))
            }
            _ => self.right.next().map(|other| (other, 1.0)),
        }
    }
}
