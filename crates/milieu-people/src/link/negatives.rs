//! Pairs that are not linked, to tell links from.

use milieu_graph::{Csr, Surroundings};
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
    two: Vec<u32>,
    further: Vec<u32>,
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
            further: Vec::new(),
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
        } else if self.further.binary_search(&left).is_ok() {
            self.further.clone()
        } else {
            let beyond = |node: &u32| {
                self.surroundings.shared(*node).common == 0.0
                    && self.further.binary_search(node).is_err()
                    && *node != kept
                    && !self.forbidden.has(kept, *node)
            };
            (0..self.graph.nodes() as u32).filter(beyond).collect()
        };
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
        let mut further: Vec<u32> =
            two.iter().flat_map(|&node| self.graph.neighbours(node).iter().copied()).collect();
        further.sort_unstable();
        further.dedup();
        further.retain(|node| {
            *node != kept && two.binary_search(node).is_err() && !self.forbidden.has(kept, *node)
        });
        two.retain(|&node| !self.forbidden.has(kept, node));
        (self.two, self.further) = (two, further);
    }

    /// Those with the best sum of two places: by resource allocation and by walks of two and three steps.
    fn nearest(&self, candidates: Vec<u32>, most: usize) -> Vec<u32> {
        let scores: Vec<[f64; 2]> = candidates
            .iter()
            .map(|&node| {
                let paths = self.surroundings.paths(self.graph, node);
                let resource = f64::from(paths.shared.resource);
                let degree = paths.degrees[1].max(1) as f64;
                [resource, (resource + paths.three_resource) / degree]
            })
            .collect();
        let mut places = vec![0_usize; candidates.len()];
        for which in 0..2 {
            let mut order: Vec<usize> = (0..candidates.len()).collect();
            order.sort_by(|&a, &b| scores[b][which].total_cmp(&scores[a][which]));
            order.iter().enumerate().for_each(|(place, &node)| places[node] += place);
        }
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|&node| (places[node], candidates[node]));
        order.truncate(most);
        order.into_iter().map(|place| candidates[place]).collect()
    }
}
