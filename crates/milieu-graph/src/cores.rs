//! How deep in the graph a node sits.

use crate::Csr;

/// The core number of each node: the largest k such that the node is in a part of the graph in which each node has at
/// least k neighbours (Batagelj & Zaversnik 2003, "An O(m) algorithm for cores decomposition of networks"). The graph is
/// undirected, that is holds each arc both ways (see [`Csr::both_ways`]); weights do not count.
///
/// Of a directed graph it is what is left of the outgoing degrees when nodes are taken out in the order of them.
#[must_use]
pub fn core_numbers(graph: &Csr) -> Vec<u32> {
    let nodes = graph.nodes();
    let mut degree: Vec<u32> = (0..nodes as u32).map(|node| graph.degree(node) as u32).collect();
    let most = degree.iter().copied().max().unwrap_or(0) as usize;
    // Nodes in the order of their degrees; `starts[d]` is where those of degree d begin.
    let mut starts = vec![0_u32; most + 2];
    for &degree in &degree {
        starts[degree as usize + 1] += 1;
    }
    for degree in 0..=most {
        starts[degree + 1] += starts[degree];
    }
    let mut free = starts.clone();
    let (mut order, mut place) = (vec![0_u32; nodes], vec![0_u32; nodes]);
    for (node, &degree) in degree.iter().enumerate() {
        let at = &mut free[degree as usize];
        order[*at as usize] = node as u32;
        place[node] = *at;
        *at += 1;
    }
    for at in 0..nodes {
        let node = order[at];
        let core = degree[node as usize];
        for &neighbour in graph.neighbours(node) {
            let held = degree[neighbour as usize];
            if held > core {
                // It changes places with the first of its degree, and that degree begins one later.
                let first_at = starts[held as usize];
                let first = order[first_at as usize];
                let here = place[neighbour as usize];
                order.swap(first_at as usize, here as usize);
                place[first as usize] = here;
                place[neighbour as usize] = first_at;
                starts[held as usize] += 1;
                degree[neighbour as usize] -= 1;
            }
        }
    }
    degree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{blocks, plain, two_cliques};
    use proptest::prelude::*;

    #[test]
    fn cores_of_small_graphs() {
        let check = |graph: &Csr, expected: &[u32]| assert_eq!(core_numbers(graph), expected);
        check(&Csr::default(), &[]);
        check(&plain(2, &[]), &[0, 0]);
        check(&two_cliques(4), &[3; 8]);
        // A triangle with a tail, and a node alone.
        check(&plain(6, &[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4)]), &[2, 2, 2, 1, 1, 0]);
        // A star is a tree.
        check(&plain(5, &[(2, 0), (2, 1), (2, 3), (2, 4)]), &[1; 5]);
    }

    /// Takes nodes with fewer than k neighbours out until none is left that has, for each k.
    fn by_definition(graph: &Csr) -> Vec<u32> {
        let mut cores = vec![0; graph.nodes()];
        for k in 1..=graph.nodes() {
            let mut left = vec![true; graph.nodes()];
            let weak = |left: &[bool]| {
                let enough = |node: u32| {
                    graph.neighbours(node).iter().filter(|&&neighbour| left[neighbour as usize]).count() >= k
                };
                (0..graph.nodes()).find(|&node| left[node] && !enough(node as u32))
            };
            while let Some(node) = weak(&left) {
                left[node] = false;
            }
            (0..graph.nodes()).filter(|&node| left[node]).for_each(|node| cores[node] = k as u32);
        }
        cores
    }

    #[test]
    fn cores_of_groups_are_those_of_the_definition() {
        let graph = blocks(3, 15, 2);
        assert_eq!(core_numbers(&graph), by_definition(&graph));
    }

    proptest! {
        #[test]
        fn cores_are_those_of_the_definition(list in prop::collection::vec((0_u32..16, 0_u32..16), 0..70)) {
            let graph = plain(16, &list);
            prop_assert_eq!(core_numbers(&graph), by_definition(&graph));
        }

        #[test]
        fn a_directed_graph_is_no_harm(list in prop::collection::vec((0_u32..16, 0_u32..16), 0..70)) {
            let edges: Vec<crate::Edge> = list.iter().map(|&(from, to)| crate::Edge::plain(from, to)).collect();
            let graph = Csr::from_edges(16, &edges, crate::Direction::Directed).unwrap();
            let cores = core_numbers(&graph);
            prop_assert!((0..16).all(|node| cores[node as usize] as usize <= graph.degree(node)));
        }
    }
}
