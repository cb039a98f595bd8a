//! Which values are left out by chance (Srivastava et al. 2014), on all threads.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Values that one thread draws at a time.
const PIECE: usize = 1 << 14;

/// `count` values that are 0 with probability `share`, else `1 / (1 - share)`. Each is drawn from the seed and its own
/// place alone, so that the number of threads changes nothing.
#[must_use]
pub fn mask(count: usize, share: f32, seed: u64) -> Vec<f32> {
    let kept = 1.0 / (1.0 - share).max(f32::EPSILON);
    // A share of 1 leaves one value of 2^32.
    let below = (f64::from(share) * 2f64.powi(32)) as u32;
    let mut to = vec![0.0; count];
    let arch = Arch::new();
    to.par_chunks_mut(PIECE).enumerate().for_each(|(number, to)| {
        let seed = hash((seed as u32) ^ hash((seed >> 32) as u32 ^ hash(number as u32)));
        arch.dispatch(Draw { to, seed, below, kept });
    });
    to
}

/// Thirty-two bits that look like chance, for each number others (Wellons 2018, "Prospecting for hash functions", with the
/// constants that were found later, whose bias is .11).
#[inline(always)]
fn hash(number: u32) -> u32 {
    let mut x = number;
    x = (x ^ (x >> 16)).wrapping_mul(0x21f0_aaad);
    x = (x ^ (x >> 15)).wrapping_mul(0xd35a_2d97);
    x ^ (x >> 15)
}

// A structure and not a closure: a compiler may leave the call of a closure as it is, without the processor's features.
struct Draw<'a> {
    to: &'a mut [f32],
    seed: u32,
    below: u32,
    kept: f32,
}

impl NullaryFnOnce for Draw<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { to, seed, below, kept } = self;
        for (place, to) in (0_u32..).zip(to) {
            let drawn = hash(seed.wrapping_add(place.wrapping_mul(0x9e37_79b9)));
            *to = if drawn < below { 0.0 } else { kept };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_left_out() {
        for (share, seed) in [(0.0, 1), (0.1, 2), (0.5, 3), (0.9, u64::MAX), (1.0, 4)] {
            let count = 3 * PIECE + 7;
            let found = mask(count, share, seed);
            let dropped = found.iter().filter(|&&x| x == 0.0).count() as f64 / count as f64;
            // Five deviations.
            let near = 5.0 * (f64::from(share * (1.0 - share)) / count as f64).sqrt() + 1e-4;
            assert!((dropped - f64::from(share)).abs() < near, "{dropped} of {share}");
            let kept = 1.0 / (1.0 - share).max(f32::EPSILON);
            assert!(found.iter().all(|&x| x == 0.0 || x == kept));
        }
    }

    #[test]
    fn places_and_seeds_are_independent() {
        let count = 2 * PIECE;
        let of = |seed| mask(count, 0.5, seed);
        let same = |one: &[f32], other: &[f32]| {
            one.iter().zip(other).filter(|(one, other)| one == other).count() as f64 / one.len() as f64
        };
        assert_eq!(of(1), of(1));
        for (one, other) in [(0, 1), (1, 2), (5, 5 << 32), (7, 7 + (1 << 32))] {
            let share = same(&of(one), &of(other));
            assert!((share - 0.5).abs() < 0.02, "{one} {other}: {share}");
        }
        // Neighbours, those a row of 384 apart, and those a piece apart.
        let one = of(9);
        for apart in [1, 2, 16, 384, PIECE] {
            let share = same(&one[..count - apart], &one[apart..]);
            assert!((share - 0.5).abs() < 0.02, "{apart}: {share}");
        }
    }
}
