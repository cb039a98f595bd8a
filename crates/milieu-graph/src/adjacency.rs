//! What link scores and local walks read of a graph.

use crate::Csr;

/// A graph whose nodes' neighbours can be asked for: one that lies in memory, or one that changes with every event and
/// is read where it is kept.
pub trait Adjacency {
    /// How many nodes there are; they are numbered from 0.
    fn nodes(&self) -> usize;

    /// How many neighbours a node has; 0 for one that is not there.
    fn degree(&self, node: u32) -> usize;

    /// A node's neighbours with the weights of the arcs, ascending by neighbour; none for one that is not there.
    fn arcs_of(&self, node: u32) -> impl Iterator<Item = (u32, f32)> + '_;
}

impl Adjacency for Csr {
    fn nodes(&self) -> usize {
        Csr::nodes(self)
    }

    fn degree(&self, node: u32) -> usize {
        Csr::degree(self, node)
    }

    fn arcs_of(&self, node: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        Csr::arcs_of(self, node)
    }
}
