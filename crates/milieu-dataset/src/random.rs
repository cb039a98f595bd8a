//! Numbers drawn from a seed.

use rand::Rng;
use std::f64::consts::TAU;

/// A seed from two numbers (the finaliser of SplitMix64, Steele et al. 2014).
#[must_use]
pub fn mix(one: u64, other: u64) -> u64 {
    let mut x = one.wrapping_add(other.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A number of the distribution Beta(shape, shape), from 0 to 1: the share of one of two gamma numbers.
pub(crate) fn beta(shape: f64, random: &mut impl Rng) -> f64 {
    let (one, other) = (gamma(shape, random), gamma(shape, random));
    // Both are too small for a number where the shape is far below 1.
    if one + other > 0.0 { one / (one + other) } else { f64::from(u8::from(random.random::<bool>())) }
}

/// A gamma number by the method of Marsaglia and Tsang, A Simple Method for Generating Gamma Variables (2000);
/// a shape below 1 is raised by 1 and corrected by a power of a uniform number, as their section 6 says.
fn gamma(shape: f64, random: &mut impl Rng) -> f64 {
    if shape < 1.0 {
        let uniform = 1.0 - random.random::<f64>();
        return gamma(shape + 1.0, random) * uniform.powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        let uniform = 1.0 - random.random::<f64>();
        if v > 0.0 && uniform.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A standard normal number (Box and Muller 1958).
fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (TAU * random.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn beta_has_its_mean_and_variance() {
        for shape in [0.05, 0.2, 1.0, 4.0] {
            let mut random = Pcg64Mcg::seed_from_u64(1);
            let drawn: Vec<f64> = (0..20_000).map(|_| beta(shape, &mut random)).collect();
            assert!(drawn.iter().all(|x| (0.0..=1.0).contains(x)));
            let mean = drawn.iter().sum::<f64>() / 20_000.0;
            let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
            assert!((mean - 0.5).abs() < 0.015, "{shape}: {mean}");
            assert!((variance - 0.25 / (2.0 * shape + 1.0)).abs() < 0.006, "{shape}: {variance}");
        }
    }
}
