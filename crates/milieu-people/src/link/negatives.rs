//! Pairs that are not linked, to tell links from.

use milieu_graph::{Csr, Paths, Surroundings};
use rand::Rng;
use rand::seq::index::sample;
use rand_pcg::Pcg64Mcg;

/// Whether a pair that is no link looks like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardness {
    /// Any of those as many steps apart as the link's ends are.
    SameDistance,
    /// Of these, the nearest by common neighbours and walks from either side (Li, Shomer et al., "Evaluating graph neural
    /// networks for link prediction: current pitfalls and new benchmarking", NeurIPS 2023: HeaRT).
    Nearest,
}

/// Chooses others for the ends of a link, so that the pair is no link. `graph` is what is known, `forbidden`
/// holds every link there is or will be.
#[derive(Debug)]
pub struct Negatives<'g> {
    graph: &'g Csr,
    forbidden: &'g Csr,
    surroundings: Surroundings,
    standing: Option<u32>,
    /// Those two steps away, and all three steps away, links among them; ascending.
    two: Vec<u32>,
    three: Vec<u32>,
}

impl<'g> Negatives<'g> {
    /// See the type.
    #[must_use]
    pub fn new(graph: &'g Csr, forbidden: &'g Csr) -> Self {
        Self {
            graph,
            forbidden,
            surroundings: Surroundings::new(),
            standing: None,
            two: Vec::new(),
            three: Vec::new(),
        }
    }

    /// A pair of any two nodes that is no link; none where there seems to be none.
    pub fn anywhere(&self, random: &mut Pcg64Mcg) -> Option<(u32, u32)> {
        let nodes = self.graph.nodes() as u32;
        if nodes < 2 {
            return None;
        }
        (0..100)
            .map(|_| (random.random_range(0..nodes), random.random_range(0..nodes)))
            .find(|&(from, to)| from != to && !self.forbidden.has(from, to))
    }

    /// At most `most` nodes that `kept` is not linked with and that are as far from it as `left` is: two steps, three, or
    /// more; ascending.
    pub fn in_place_of(
        &mut self,
        left: u32,
        kept: u32,
        hardness: Hardness,
        most: usize,
        random: &mut Pcg64Mcg,
    ) -> Vec<u32> {
        self.stand_at(kept);
        let near = self.surroundings.shared(left).common > 0.0;
        let mut chosen: Vec<u32> = if near {
            self.two.clone()
        } else if self.three.binary_search(&left).is_ok() {
            self.three.clone()
        } else {
            let beyond = |node: &u32| {
                self.surroundings.shared(*node).common == 0.0 && self.three.binary_search(node).is_err()
            };
            (0..self.graph.nodes() as u32).filter(beyond).collect()
        };
        chosen.retain(|&node| node != kept && !self.forbidden.has(kept, node));
        if chosen.len() > most {
            chosen = match hardness {
                Hardness::SameDistance => {
                    sample(random, chosen.len(), most).into_iter().map(|place| chosen[place]).collect()
                }
                Hardness::Nearest => self.nearest(chosen, most),
            };
        }
        chosen.sort_unstable();
        chosen
    }

    /// The lists of those two and three steps away.
    fn stand_at(&mut self, kept: u32) {
        if self.standing == Some(kept) {
            return;
        }
        self.standing = Some(kept);
        self.surroundings.walk(self.graph, kept, usize::MAX);
        let mut two = self.surroundings.reached().to_vec();
        two.sort_unstable();
        let mut three: Vec<u32> =
            two.iter().flat_map(|&node| self.graph.neighbours(node).iter().copied()).collect();
        three.sort_unstable();
        three.dedup();
        three.retain(|node| two.binary_search(node).is_err());
        (self.two, self.three) = (two, three);
    }

    /// Those with the best sum of two places: by resource allocation and by walks of two and three steps.
    fn nearest(&self, candidates: Vec<u32>, most: usize) -> Vec<u32> {
        let paths: Vec<Paths> =
            candidates.iter().map(|&node| self.surroundings.paths(self.graph, node)).collect();
        let resource = |paths: &Paths| f64::from(paths.shared.resource);
        let walks = |paths: &Paths| (resource(paths) + paths.three_resource) / paths.degrees[1].max(1) as f64;
        let mut places = vec![0_usize; candidates.len()];
        let scorers: [&dyn Fn(&Paths) -> f64; 2] = [&resource, &walks];
        for score in scorers {
            let mut order: Vec<usize> = (0..candidates.len()).collect();
            order.sort_by(|&a, &b| score(&paths[b]).total_cmp(&score(&paths[a])));
            order.iter().enumerate().for_each(|(place, &node)| places[node] += place);
        }
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|&node| (places[node], candidates[node]));
        order.truncate(most);
        order.into_iter().map(|place| candidates[place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_graph::{Direction, Edge};
    use rand::SeedableRng;

    fn graph(edges: &[(u32, u32)]) -> Csr {
        let edges: Vec<Edge> = edges.iter().map(|&(from, to)| Edge::plain(from, to)).collect();
        Csr::from_edges(8, &edges, Direction::Undirected).unwrap()
    }

    #[test]
    fn as_far_as_the_one_left_out_and_never_a_link() {
        // A path of seven and one alone; 0 and 3 will be linked.
        let path = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)];
        let known = graph(&path);
        let whole = graph(&[path.as_slice(), &[(0, 3)]].concat());
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut negatives = Negatives::new(&known, &whole);
        let mut check = |kept: u32, left: u32, expected: &[u32]| {
            for hardness in [Hardness::SameDistance, Hardness::Nearest] {
                assert_eq!(
                    negatives.in_place_of(left, kept, hardness, 9, &mut random),
                    expected,
                    "{kept} {left}"
                );
            }
        };
        check(2, 0, &[0, 4]);
        check(3, 0, &[6]);
        check(0, 2, &[2]);
        check(0, 6, &[4, 5, 6, 7]);
        for _ in 0..50 {
            let (from, to) = negatives.anywhere(&mut random).unwrap();
            assert!(from != to && !whole.has(from, to));
        }
        assert_eq!(negatives.in_place_of(6, 0, Hardness::Nearest, 2, &mut random).len(), 2);
    }
}
