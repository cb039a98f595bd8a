//! Adjacency in compressed sparse rows.

use crate::GraphError;
use rayon::prelude::*;

/// A weighted edge between two nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Where it starts.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// How much it counts; finite.
    pub weight: f32,
}

impl Edge {
    /// An edge that counts once.
    #[must_use]
    pub fn plain(from: u32, to: u32) -> Self {
        Self { from, to, weight: 1.0 }
    }
}

/// Whether an edge is one way or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From its first node to its second.
    Directed,
    /// Both ways, with the same weight.
    Undirected,
}

/// Outgoing neighbours of each node, ascending, with their weights: 8 bytes an arc.
///
/// An undirected graph holds each edge as two arcs. Edges of a node to itself are left out; edges between
/// the same two nodes are one with the sum of their weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    /// Where the row of each node begins, and the end of the last: `nodes + 1` numbers.
    starts: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl Csr {
    /// Builds the graph of `nodes` nodes from edges in any order; the same edges in another order give the
    /// same graph where their weights add up exactly.
    ///
    /// # Errors
    /// A node out of range, a weight that is not finite, or more than `u32::MAX` nodes or arcs.
    pub fn from_edges(nodes: usize, edges: &[Edge], direction: Direction) -> Result<Self, GraphError> {
        let ways = if direction == Direction::Directed { 1 } else { 2 };
        if nodes >= u32::MAX as usize {
            return Err(GraphError::TooLarge("nodes"));
        }
        if edges.len().saturating_mul(ways) >= u32::MAX as usize {
            return Err(GraphError::TooLarge("edges"));
        }
        for (place, edge) in edges.iter().enumerate() {
            if let Some(node) = [edge.from, edge.to].into_iter().find(|&node| node as usize >= nodes) {
                return Err(GraphError::NodeOutOfRange { edge: place, node, nodes });
            }
            if !edge.weight.is_finite() {
                return Err(GraphError::Weight { edge: place, weight: edge.weight });
            }
        }
        let mut starts = vec![0_u32; nodes + 1];
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            starts[edge.from as usize + 1] += 1;
            if direction == Direction::Undirected {
                starts[edge.to as usize + 1] += 1;
            }
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut arcs = vec![(0_u32, 0.0_f32); starts[nodes] as usize];
        let mut place = |from: u32, to: u32, weight: f32| {
            arcs[free[from as usize] as usize] = (to, weight);
            free[from as usize] += 1;
        };
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            place(edge.from, edge.to, edge.weight);
            if direction == Direction::Undirected {
                place(edge.to, edge.from, edge.weight);
            }
        }
        Ok(Self::from_rows(&starts, arcs))
    }

    /// Sorts each row and joins arcs to the same node.
    fn from_rows(starts: &[u32], mut arcs: Vec<(u32, f32)>) -> Self {
        let mut rows: Vec<&mut [(u32, f32)]> = Vec::with_capacity(starts.len().saturating_sub(1));
        let mut rest = arcs.as_mut_slice();
        for bounds in starts.windows(2) {
            let (row, tail) = rest.split_at_mut((bounds[1] - bounds[0]) as usize);
            rows.push(row);
            rest = tail;
        }
        rows.par_iter_mut().with_min_len(1024).for_each(|row| row.sort_by_key(|arc| arc.0));
        let mut csr = Self {
            starts: Vec::with_capacity(starts.len()),
            targets: Vec::with_capacity(arcs.len()),
            weights: Vec::with_capacity(arcs.len()),
        };
        csr.starts.push(0);
        for bounds in starts.windows(2) {
            let first = csr.targets.len();
            for &(to, weight) in &arcs[bounds[0] as usize..bounds[1] as usize] {
                if csr.targets.len() > first && csr.targets.last() == Some(&to) {
                    if let Some(last) = csr.weights.last_mut() {
                        *last += weight;
                    }
                } else {
                    csr.targets.push(to);
                    csr.weights.push(weight);
                }
            }
            csr.starts.push(csr.targets.len() as u32);
        }
        csr
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many arcs there are: twice the edges of an undirected graph.
    #[must_use]
    pub fn arcs(&self) -> usize {
        self.targets.len()
    }

    fn row(&self, node: u32) -> std::ops::Range<usize> {
        match self.starts.get(node as usize..).and_then(|rest| rest.get(..2)) {
            Some(bounds) => bounds[0] as usize..bounds[1] as usize,
            None => 0..0,
        }
    }

    /// How many neighbours a node has; 0 for one that is not there.
    #[must_use]
    pub fn degree(&self, node: u32) -> usize {
        self.row(node).len()
    }

    /// The neighbours of a node, ascending; none for one that is not there.
    #[must_use]
    pub fn neighbours(&self, node: u32) -> &[u32] {
        &self.targets[self.row(node)]
    }

    /// The weights of a node's arcs, in the order of [`Csr::neighbours`].
    #[must_use]
    pub fn weights(&self, node: u32) -> &[f32] {
        &self.weights[self.row(node)]
    }

    /// A node's arcs: neighbour and weight, ascending by neighbour.
    pub fn arcs_of(&self, node: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let row = self.row(node);
        self.targets[row.clone()].iter().copied().zip(self.weights[row].iter().copied())
    }

    /// The sum of the weights of a node's arcs.
    #[must_use]
    pub fn strength(&self, node: u32) -> f64 {
        self.weights(node).iter().map(|&weight| f64::from(weight)).sum()
    }

    /// The weight of the arc from one node to another, where there is one.
    #[must_use]
    pub fn weight(&self, from: u32, to: u32) -> Option<f32> {
        let place = self.neighbours(from).binary_search(&to).ok()?;
        self.weights(from).get(place).copied()
    }

    /// Whether there is an arc from one node to another.
    #[must_use]
    pub fn has(&self, from: u32, to: u32) -> bool {
        self.neighbours(from).binary_search(&to).is_ok()
    }

    /// Every arc once: from, to, weight; ascending.
    pub fn all_arcs(&self) -> impl Iterator<Item = Edge> + '_ {
        (0..self.nodes() as u32)
            .flat_map(move |from| self.arcs_of(from).map(move |(to, weight)| Edge { from, to, weight }))
    }

    /// Whether each arc has one of the same weight the other way, as in an undirected graph.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        // Rows are ascending, so walking over all of them meets the arcs into a node in the order of that node's own row.
        let mut next = self.starts.clone();
        for node in 0..self.nodes() {
            for place in self.starts[node] as usize..self.starts[node + 1] as usize {
                let to = self.targets[place] as usize;
                let back = next[to] as usize;
                if back >= self.starts[to + 1] as usize
                    || self.targets[back] as usize != node
                    || self.weights[back].to_bits() != self.weights[place].to_bits()
                {
                    return false;
                }
                next[to] += 1;
            }
        }
        true
    }

    /// The rows as they lie in memory: `nodes + 1` starts, then the neighbours and the weights of all arcs. A graph of no
    /// nodes may have no starts.
    pub(crate) fn rows(&self) -> (&[u32], &[u32], &[f32]) {
        (&self.starts, &self.targets, &self.weights)
    }

    /// The graph with every arc turned round.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let nodes = self.nodes();
        let mut starts = vec![0_u32; nodes + 1];
        for &to in &self.targets {
            starts[to as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut targets = vec![0_u32; self.targets.len()];
        let mut weights = vec![0.0_f32; self.targets.len()];
        for arc in self.all_arcs() {
            let place = free[arc.to as usize] as usize;
            targets[place] = arc.from;
            weights[place] = arc.weight;
            free[arc.to as usize] += 1;
        }
        Self { starts, targets, weights }
    }

    /// The graph with each arc both ways; where there is one each way, their weights are added.
    #[must_use]
    pub fn both_ways(&self) -> Self {
        let back = self.transposed();
        let nodes = self.nodes();
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0_u32);
        let mut arcs = Vec::with_capacity(self.targets.len() * 2);
        for node in 0..nodes as u32 {
            arcs.extend(self.arcs_of(node).chain(back.arcs_of(node)));
            starts.push(arcs.len() as u32);
        }
        Self::from_rows(&starts, arcs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn edge(from: u32, to: u32, weight: f32) -> Edge {
        Edge { from, to, weight }
    }

    #[test]
    fn parallel_edges_add_up_and_loops_are_left_out() {
        let edges = [edge(0, 2, 1.0), edge(2, 0, 2.0), edge(1, 1, 5.0), edge(0, 1, 0.5)];
        let graph = Csr::from_edges(4, &edges, Direction::Undirected).unwrap();
        assert_eq!((graph.nodes(), graph.arcs()), (4, 4));
        assert_eq!(graph.neighbours(0), [1, 2]);
        assert_eq!(graph.weights(0), [0.5, 3.0]);
        assert_eq!(graph.weight(2, 0), Some(3.0));
        assert_eq!((graph.degree(3), graph.degree(99)), (0, 0));
        let directed = Csr::from_edges(3, &edges, Direction::Directed).unwrap();
        assert_eq!((directed.has(0, 1), directed.has(1, 0)), (true, false));
        assert_eq!(directed.both_ways(), Csr::from_edges(3, &edges, Direction::Undirected).unwrap());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |edges: &[Edge], expected: GraphError| {
            assert_eq!(Csr::from_edges(2, edges, Direction::Directed), Err(expected));
        };
        check(&[edge(0, 1, 1.0), edge(2, 0, 1.0)], GraphError::NodeOutOfRange { edge: 1, node: 2, nodes: 2 });
        check(&[edge(0, 1, f32::INFINITY)], GraphError::Weight { edge: 0, weight: f32::INFINITY });
        assert_eq!(Csr::from_edges(0, &[], Direction::Directed).unwrap().nodes(), 0);
        assert_eq!(Csr::default().nodes(), 0);
    }

    proptest! {
        #[test]
        fn holds_what_was_put_in(list in prop::collection::vec((0u32..12, 0u32..12, 1u8..5), 0..80)) {
            let edges: Vec<Edge> = list.iter().map(|&(a, b, w)| edge(a, b, f32::from(w))).collect();
            let graph = Csr::from_edges(12, &edges, Direction::Directed).unwrap();
            let mut model = BTreeMap::<(u32, u32), f32>::new();
            for edge in edges.iter().filter(|edge| edge.from != edge.to) {
                *model.entry((edge.from, edge.to)).or_default() += edge.weight;
            }
            let held: BTreeMap<_, _> = graph.all_arcs().map(|arc| ((arc.from, arc.to), arc.weight)).collect();
            prop_assert_eq!(&held, &model);
            prop_assert_eq!(graph.is_symmetric(), graph.transposed() == graph);
            prop_assert!(graph.both_ways().is_symmetric());
            prop_assert_eq!(graph.transposed().transposed(), graph);
        }
    }
}
