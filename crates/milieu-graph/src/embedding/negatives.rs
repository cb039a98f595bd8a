//! Nodes at random, against which pairs are told apart.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// How much more often a node is drawn that walks meet more often (Mikolov et al. 2013).
const POWER: f64 = 0.75;

/// What nodes are drawn by, of each part.
pub(super) struct Negatives {
    parts: Vec<Alias>,
}

impl Negatives {
    /// From how often walks meet each node.
    pub(super) fn new(visits: &[u32], parts: usize) -> Self {
        let part = |part: usize| {
            let chances = visits.iter().skip(part).step_by(parts);
            Alias::new(&chances.map(|&count| f64::from(count).powf(POWER)).collect::<Vec<f64>>())
        };
        Self { parts: (0..parts).map(part).collect() }
    }

    pub(super) fn of(&self, part: usize) -> &Alias {
        &self.parts[part]
    }
}

/// Draws from a distribution in constant time (Walker 1977; the way to build it: Vose 1991).
pub(super) struct Alias {
    /// The chance that a place itself is meant, and what is meant else.
    places: Vec<(f32, u32)>,
}

impl Alias {
    fn new(chances: &[f64]) -> Self {
        let sum: f64 = chances.iter().sum();
        let scale = chances.len() as f64 / sum.max(f64::MIN_POSITIVE);
        let mut left: Vec<f64> = chances.iter().map(|chance| chance * scale).collect();
        let mut places: Vec<(f32, u32)> = (0..chances.len() as u32).map(|place| (1.0, place)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..chances.len() as u32).partition(|&place| left[place as usize] < 1.0);
        while let (Some(&under), Some(&over)) = (small.last(), large.last()) {
            small.pop();
            places[under as usize] = (left[under as usize] as f32, over);
            left[over as usize] -= 1.0 - left[under as usize];
            if left[over as usize] < 1.0 {
                large.pop();
                small.push(over);
            }
        }
        Self { places }
    }

    /// A place; 0 where there is none.
    pub(super) fn draw(&self, random: &mut Pcg64Mcg) -> u32 {
        // The upper half chooses the place, the lower half whether it is meant.
        let bits = random.random::<u64>();
        let place = ((bits >> 32) * self.places.len() as u64) >> 32;
        let chance = (bits as u32 >> 8) as f32 / (1 << 24) as f32;
        match self.places.get(place as usize) {
            Some(&(own, _)) if chance < own => place as u32,
            Some(&(_, other)) => other,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn places_are_drawn_by_their_chances() {
        let alias = Alias::new(&[1.0, 0.0, 5.0, 2.0]);
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut shares = [0.0_f64; 4];
        for _ in 0..80_000 {
            shares[alias.draw(&mut random) as usize] += 8.0 / 80_000.0;
        }
        assert_eq!(shares[1], 0.0);
        for (share, expected) in shares.iter().zip([1.0, 0.0, 5.0, 2.0]) {
            assert!((share - expected).abs() < 0.1, "{shares:?}");
        }
        assert_eq!(Alias::new(&[]).draw(&mut random), 0);
    }

    #[test]
    fn parts_take_nodes_in_turns() {
        let negatives = Negatives::new(&[0, 1, 1, 0, 0], 2);
        let mut random = Pcg64Mcg::seed_from_u64(3);
        assert!((0..100).all(|_| negatives.of(0).draw(&mut random) == 1));
        assert!((0..100).all(|_| negatives.of(1).draw(&mut random) == 0));
    }
}
