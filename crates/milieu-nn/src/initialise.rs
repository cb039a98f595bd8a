//! First values of parameters.

use rand::Rng;
use serde::{Deserialize, Serialize};

/// A rule for first values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Initialiser {
    /// One value everywhere.
    Constant {
        /// The value.
        value: f32,
    },
    /// Normal with variance `2 / inputs`, for what a rectifier follows (He et al. 2015).
    He,
    /// Uniform within `sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010).
    Xavier,
    /// Normal, drawn again beyond two deviations.
    TruncatedNormal {
        /// The deviation.
        deviation: f32,
    },
}

impl Initialiser {
    /// `count` values for weights with this many inputs and outputs each.
    pub fn draw(self, count: usize, inputs: usize, outputs: usize, random: &mut impl Rng) -> Vec<f32> {
        let uniform = |random: &mut dyn rand::RngCore, most: f32| random.random_range(-most..=most);
        match self {
            Self::Constant { value } => vec![value; count],
            Self::He => {
                let deviation = (2.0 / inputs.max(1) as f32).sqrt();
                (0..count).map(|_| normal(random) * deviation).collect()
            }
            Self::Xavier => {
                let most = (6.0 / (inputs + outputs).max(1) as f32).sqrt();
                (0..count).map(|_| uniform(random, most)).collect()
            }
            Self::TruncatedNormal { deviation } => (0..count)
                .map(|_| {
                    // Within two deviations lie 95 of 100, so this ends.
                    std::iter::repeat_with(|| normal(random)).find(|x| x.abs() <= 2.0).unwrap_or(0.0)
                        * deviation
                })
                .collect(),
        }
    }
}

/// A standard normal value (Box and Muller 1958).
fn normal(random: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.random::<f64>()).cos()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn moments_are_those_of_the_rule() {
        fn check(rule: Initialiser, deviation: f64, most: f32) {
            let draw = |seed| rule.draw(20_000, 50, 70, &mut Pcg64Mcg::seed_from_u64(seed));
            let values = draw(1);
            assert_eq!(values, draw(1));
            let wide = || values.iter().map(|&x| f64::from(x));
            let mean = wide().sum::<f64>() / 20_000.0;
            let found = (wide().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20_000.0).sqrt();
            assert!(mean.abs() < 0.005 && (found / deviation - 1.0).abs() < 0.03, "{rule:?}: {mean} {found}");
            assert!(values.iter().all(|x| x.abs() <= most), "{rule:?}");
        }
        check(Initialiser::He, 0.2, f32::MAX);
        check(Initialiser::Xavier, (0.05f64 / 3.0).sqrt(), 0.05f32.sqrt());
        // A normal cut at two deviations keeps .8796 of its deviation.
        check(Initialiser::TruncatedNormal { deviation: 0.02 }, 0.02 * 0.8796, 0.0401);
    }
}
