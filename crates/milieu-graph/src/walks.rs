//! Random walks of the second order (Grover & Leskovec 2016, "node2vec: scalable feature learning for networks").

use crate::seeds::mixed;
use crate::{Csr, GraphError};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Draws that are refused before the chances are worked out one by one.
const TRIES: usize = 64;

/// How walks go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalkConfig {
    /// Nodes of a walk, its first among them; at least 1.
    pub length: usize,
    /// The return parameter: a step back is 1/p times as likely as one to a node that the last one was a neighbour of too.
    pub p: f64,
    /// The in-out parameter: a step to a node that the last one was no neighbour of is 1/q times as likely. With p and q 1,
    /// walks are those of DeepWalk (Perozzi, Al-Rfou & Skiena 2014).
    pub q: f64,
    /// Seed of all walks.
    pub seed: u64,
}

impl Default for WalkConfig {
    fn default() -> Self {
        Self { length: 80, p: 1.0, q: 1.0, seed: 0 }
    }
}

/// Walks over a graph, along its arcs in proportion to their weights.
///
/// Chances of the second order are not tabled for each pair of nodes: a step is drawn as in the first order and taken
/// with the probability that is left (rejection sampling; Yang et al. 2019, "KnightKing").
#[derive(Debug)]
pub struct Walker<'a> {
    graph: &'a Csr,
    config: WalkConfig,
    /// The sum of the weights of a row up to each arc; none where all arcs weigh the same.
    cumulated: Option<Vec<f64>>,
}

impl<'a> Walker<'a> {
    /// Gets ready to walk.
    ///
    /// # Errors
    /// A setting out of its range, a weight below 0.
    pub fn new(graph: &'a Csr, config: WalkConfig) -> Result<Self, GraphError> {
        if config.length == 0 {
            return Err(GraphError::Setting { name: "length", value: 0.0, wanted: "at least 1" });
        }
        for (name, value) in [("p", config.p), ("q", config.q)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(GraphError::Setting { name, value, wanted: "above 0" });
            }
        }
        if let Some(arc) = graph.all_arcs().find(|arc| arc.weight < 0.0) {
            return Err(GraphError::NegativeWeight { from: arc.from, to: arc.to, weight: arc.weight });
        }
        let weights = graph.rows().2;
        let first = weights.first().copied().unwrap_or(1.0);
        let alike = first > 0.0 && weights.iter().all(|&weight| weight == first);
        let cumulated = (!alike).then(|| {
            let rows = (0..graph.nodes() as u32).flat_map(|node| {
                graph.weights(node).iter().scan(0.0, |sum, &weight| {
                    *sum += f64::from(weight);
                    Some(*sum)
                })
            });
            rows.collect()
        });
        Ok(Self { graph, config, cumulated })
    }

    /// The walk of a node in a round, the same each time. It is shorter than asked for where it comes to a node without
    /// arcs of weight, and empty for a node that is not there.
    #[must_use]
    pub fn walk(&self, start: u32, round: u64) -> Vec<u32> {
        if start as usize >= self.graph.nodes() {
            return Vec::new();
        }
        let seed = mixed(mixed(self.config.seed, round), u64::from(start));
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut walk = Vec::with_capacity(self.config.length.min(1024));
        walk.push(start);
        let mut last = None;
        let mut here = start;
        while walk.len() < self.config.length {
            let Some(next) = self.step(last, here, &mut random) else { break };
            walk.push(next);
            last = Some(here);
            here = next;
        }
        walk
    }

    /// A neighbour of `here`, coming from `last`.
    fn step(&self, last: Option<u32>, here: u32, random: &mut Pcg64Mcg) -> Option<u32> {
        let Some(last) = last.filter(|_| self.config.p != 1.0 || self.config.q != 1.0) else {
            return self.draw(here, random);
        };
        let most = 1.0_f64.max(1.0 / self.config.p).max(1.0 / self.config.q);
        for _ in 0..TRIES {
            let next = self.draw(here, random)?;
            if random.random::<f64>() * most < self.bias(last, next) {
                return Some(next);
            }
        }
        let chance = |(to, weight): (u32, f32)| f64::from(weight) * self.bias(last, to);
        let sum: f64 = self.graph.arcs_of(here).map(chance).sum();
        let mut point = random.random::<f64>() * sum;
        let passed = |arc: &(u32, f32)| {
            point -= chance(*arc);
            point < 0.0
        };
        self.graph.arcs_of(here).find(passed).map(|arc| arc.0)
    }

    fn bias(&self, last: u32, next: u32) -> f64 {
        if next == last {
            1.0 / self.config.p
        } else if self.graph.has(last, next) {
            1.0
        } else {
            1.0 / self.config.q
        }
    }

    /// A neighbour in proportion to the weights of the arcs.
    fn draw(&self, node: u32, random: &mut Pcg64Mcg) -> Option<u32> {
        let neighbours = self.graph.neighbours(node);
        if neighbours.is_empty() {
            return None;
        }
        let Some(cumulated) = &self.cumulated else {
            return neighbours.get(random.random_range(0..neighbours.len())).copied();
        };
        let first = self.graph.rows().0[node as usize] as usize;
        let sums = &cumulated[first..first + neighbours.len()];
        let sum = sums.last().copied().filter(|&sum| sum > 0.0)?;
        let point = random.random::<f64>() * sum;
        neighbours.get(sums.partition_point(|&sum| sum <= point)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{blocks, karate, plain};
    use crate::{Direction, Edge};

    fn config(length: usize, p: f64, q: f64) -> WalkConfig {
        WalkConfig { length, p, q, seed: 7 }
    }

    #[test]
    fn walks_follow_arcs_and_end_where_there_are_none() {
        let graph = blocks(4, 20, 9);
        let walker = Walker::new(&graph, config(50, 0.5, 2.0)).unwrap();
        for start in 0..80 {
            let walk = walker.walk(start, 3);
            assert_eq!((walk.len(), walk[0]), (50, start));
            assert!(walk.windows(2).all(|step| graph.has(step[0], step[1])));
            assert_eq!(walk, walker.walk(start, 3));
        }
        assert_ne!(walker.walk(0, 0), walker.walk(0, 1));
        let edges =
            [(0, 1, 1.0), (1, 2, 1.0), (1, 3, 0.0)].map(|(from, to, weight)| Edge { from, to, weight });
        let path = Csr::from_edges(4, &edges, Direction::Directed).unwrap();
        let walker = Walker::new(&path, config(9, 1.0, 1.0)).unwrap();
        let check = |start: u32, expected: &[u32]| assert_eq!(walker.walk(start, 0), expected);
        check(0, &[0, 1, 2]);
        check(1, &[1, 2]);
        check(3, &[3]);
        check(4, &[]);
    }

    /// How often each step is taken from 1 having come from 0, in a graph with a triangle 0-1-2 and a tail 1-3.
    fn shares(p: f64, q: f64, weight: f32) -> [f64; 3] {
        let edges = [(0, 1, 1.0), (1, 2, weight), (2, 0, 1.0), (1, 3, 1.0)];
        let edges = edges.map(|(from, to, weight)| Edge { from, to, weight });
        let graph = Csr::from_edges(4, &edges, Direction::Undirected).unwrap();
        let walker = Walker::new(&graph, config(2, p, q)).unwrap();
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut counts = [0.0; 4];
        for _ in 0..40_000 {
            counts[walker.step(Some(0), 1, &mut random).unwrap() as usize] += 1.0 / 40_000.0;
        }
        [counts[0], counts[2], counts[3]]
    }

    #[test]
    fn steps_are_taken_by_weight_and_by_p_and_q() {
        let check = |p: f64, q: f64, weight: f32, expected: [f64; 3]| {
            let found = shares(p, q, weight);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.012), "{found:?} {expected:?}");
        };
        check(1.0, 1.0, 1.0, [1.0 / 3.0; 3]);
        check(1.0, 1.0, 2.0, [0.25, 0.5, 0.25]);
        check(0.5, 1.0, 1.0, [0.5, 0.25, 0.25]);
        check(1.0, 0.25, 1.0, [1.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0]);
        check(2.0, 4.0, 2.0, [0.5 / 2.75, 2.0 / 2.75, 0.25 / 2.75]);
        // So rare that drawing and refusing ends before it.
        check(1e-6, 1.0, 1.0, [1.0, 0.0, 0.0]);
        check(1e6, 1e6, 0.0, [0.5, 0.0, 0.5]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let graph = karate();
        let check = |config: WalkConfig, name: &'static str, value: f64, wanted: &'static str| {
            let found = Walker::new(&graph, config).map(|_| ()).unwrap_err();
            assert_eq!(found, GraphError::Setting { name, value, wanted });
        };
        check(config(0, 1.0, 1.0), "length", 0.0, "at least 1");
        check(config(1, 0.0, 1.0), "p", 0.0, "above 0");
        check(config(1, 1.0, -1.0), "q", -1.0, "above 0");
        assert!(Walker::new(&plain(0, &[]), config(1, 1.0, 1.0)).is_ok());
    }
}
