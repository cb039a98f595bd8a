//! Small graphs that tests share.

use crate::{Csr, Direction, Edge};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// An undirected graph of plain edges.
pub(crate) fn plain(nodes: usize, edges: &[(u32, u32)]) -> Csr {
    let edges: Vec<Edge> = edges.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
    Csr::from_edges(nodes, &edges, Direction::Undirected).unwrap()
}

/// Two complete graphs of `size` nodes and an edge between them.
pub(crate) fn two_cliques(size: u32) -> Csr {
    let mut edges = vec![(size - 1, size)];
    for first in [0, size] {
        for from in first..first + size {
            edges.extend((first..from).map(|to| (from, to)));
        }
    }
    plain(2 * size as usize, &edges)
}

/// The friendships in a karate club (Zachary 1977): 34 members, 78 edges.
pub(crate) fn karate() -> Csr {
    const NEIGHBOURS: [&[u32]; 34] = [
        &[1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
        &[2, 3, 7, 13, 17, 19, 21, 30],
        &[3, 7, 8, 9, 13, 27, 28, 32],
        &[7, 12, 13],
        &[6, 10],
        &[6, 10, 16],
        &[16],
        &[],
        &[30, 32, 33],
        &[33],
        &[],
        &[],
        &[],
        &[33],
        &[32, 33],
        &[32, 33],
        &[],
        &[],
        &[32, 33],
        &[33],
        &[32, 33],
        &[],
        &[32, 33],
        &[25, 27, 29, 32, 33],
        &[25, 27, 31],
        &[31],
        &[29, 33],
        &[33],
        &[31, 33],
        &[32, 33],
        &[32, 33],
        &[32, 33],
        &[33],
        &[],
    ];
    let edges: Vec<(u32, u32)> =
        (0..34).flat_map(|from| NEIGHBOURS[from as usize].iter().map(move |&to| (from, to))).collect();
    plain(34, &edges)
}

/// A graph of groups of `size` nodes: an edge in a group with probability .3, else .01; weights 1 to 4.
pub(crate) fn blocks(groups: u32, size: u32, seed: u64) -> Csr {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let nodes = groups * size;
    let mut edges = Vec::new();
    for from in 0..nodes {
        for to in 0..from {
            if random.random_bool(if from / size == to / size { 0.3 } else { 0.01 }) {
                edges.push(Edge { from, to, weight: f32::from(random.random_range(1_u8..5)) });
            }
        }
    }
    Csr::from_edges(nodes as usize, &edges, Direction::Undirected).unwrap()
}

/// What `work` returns with so many threads.
pub(crate) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}
