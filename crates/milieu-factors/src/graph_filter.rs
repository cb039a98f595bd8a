//! Collaborative filtering as filtering of a signal on the item graph.
//!
//! A history is a signal on the items; `P = X^T X` of the degree-normalised matrix `X` says which items
//! are alike. A recommendation is `f(P)` of the signal: a frequency response `f` that lets pass what
//! like-minded users share (GF-CF: Shen et al., CIKM 2021; blurring and sharpening: Choi et al., SIGIR
//! 2023). `f` is applied as a Chebyshev polynomial, so that only sparse products are needed and no
//! item by item matrix is kept.

use crate::neighbours::{Neighbours, TopRow};
use crate::scaling::{Scaled, Scaling};
use crate::sparse::{multiply, scale_rows};
use crate::spectrum::LowPass;
use crate::{BLOCK, Interactions};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of a [`GraphFilter`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FilterConfig {
    /// Degree normalisation.
    pub scaling: Scaling,
    /// What passes.
    pub response: Response,
    /// An ideal low-pass added to it, as in GF-CF.
    pub low_pass: Option<LowPassConfig>,
}

/// The frequency response over eigenvalues of `P`, divided by the largest one, so from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Response {
    /// `x`: one step on the graph.
    Linear,
    /// `x exp(-sharpness x)`: one step, then sharpening by the heat equation run backwards. Damps the
    /// strongest frequencies, that is what everybody likes.
    Sharpened {
        /// How much; 0 is [`Response::Linear`], above 1 the strongest frequency is no longer the maximum.
        sharpness: f32,
    },
    /// `x / (x + ridge)`: what the ridge regression of EASE does, without its diagonal constraint.
    Ridge {
        /// Positive; the smaller, the flatter the response.
        ridge: f32,
    },
}

/// The ideal low-pass filter: the projection on the strongest frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowPassConfig {
    /// How many frequencies pass.
    pub rank: usize,
    /// How much it counts beside the response, whose largest value is 1.
    pub weight: f32,
    /// Seed of the randomised singular value decomposition.
    pub seed: u64,
}

/// A trained filter: the scaled matrix and the polynomial.
#[derive(Debug, Clone)]
pub struct GraphFilter {
    scaled: Scaled,
    /// Coefficients of the Chebyshev polynomials of `2P - I`.
    coefficients: Vec<f32>,
    low_pass: Option<LowPass>,
}

impl Response {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Sharpened { sharpness } => x * (-f64::from(sharpness) * x).exp(),
            Self::Ridge { ridge } => x / (x + f64::from(ridge)),
        }
    }

    /// The polynomial degree that follows the response closely enough for ranking.
    fn degree(self) -> usize {
        match self {
            Self::Linear => 1,
            Self::Sharpened { sharpness } => 3 + sharpness.max(0.0) as usize,
            Self::Ridge { .. } => 6,
        }
    }

    /// Chebyshev coefficients of the response, scaled so that its largest value is 1. The constant term is
    /// left as it comes: it moves only the scores of items in the history.
    pub(crate) fn coefficients(self) -> Vec<f32> {
        const POINTS: usize = 64;
        let angle = |point: usize| std::f64::consts::PI * (point as f64 + 0.5) / POINTS as f64;
        let values: Vec<f64> = (0..POINTS).map(|j| self.at((angle(j).cos() + 1.0) / 2.0)).collect();
        let largest = values.iter().fold(f64::MIN_POSITIVE, |a, &b| a.max(b));
        let coefficient = |k: usize| {
            let sum: f64 = values.iter().enumerate().map(|(j, v)| v * (k as f64 * angle(j)).cos()).sum();
            let norm = if k == 0 { 1.0 } else { 2.0 };
            (norm * sum / (POINTS as f64 * largest)) as f32
        };
        (0..=self.degree()).map(coefficient).collect()
    }
}

impl GraphFilter {
    /// Normalises the matrix and prepares the polynomial (and the decomposition, where asked for).
    #[must_use]
    pub fn train(data: &Interactions, config: &FilterConfig) -> Self {
        let mut scaled = Scaled::new(data, config.scaling);
        let norm = scaled.top_eigenvalue().sqrt().recip();
        scaled.by_user = scaled.by_user.reweighted(|_, _, weight| weight * norm);
        scaled.by_item = scaled.by_item.reweighted(|_, _, weight| weight * norm);
        let low_pass = config.low_pass.map(|low_pass| LowPass::new(&scaled, low_pass));
        Self { scaled, coefficients: config.response.coefficients(), low_pass }
    }

    /// The multiply-adds of scoring one history, roughly.
    pub(crate) fn work_per_row(data: &Interactions, config: &FilterConfig) -> f64 {
        let dense = config.low_pass.map_or(0, |low_pass| 2 * low_pass.rank * data.items());
        (2 * config.response.degree() * data.len() + dense) as f64
    }

    /// Scores every item for some users of the training matrix; see [`crate::Model::score`].
    pub(crate) fn score(&self, mix: Option<&Interactions>, users: &[u32], out: &mut [f32]) {
        let block = self.filter(self.scaled.histories(mix, users), users.len());
        crate::sparse::transpose_into(&block, users.len(), out);
    }

    /// The Chebyshev terms `T_n(2P - 1)` of users' histories, `n` from 0 to below `count`, each handed over
    /// as items x users.
    pub(crate) fn terms(
        &self,
        mix: Option<&Interactions>,
        users: &[u32],
        count: usize,
        each: impl FnMut(usize, &[f32]),
    ) {
        self.chebyshev(self.scaled.histories(mix, users), users.len(), count, each);
    }

    /// `T_0 = 1`, `T_1 = 2P - 1`, `T_n = 2 (2P - 1) T_(n-1) - T_(n-2)`, each applied to the signals.
    fn chebyshev(&self, signal: Vec<f32>, width: usize, count: usize, mut each: impl FnMut(usize, &[f32])) {
        let mut between = vec![0.0; self.scaled.by_user.users() * width];
        let mut before = vec![0.0; signal.len()];
        let mut now = signal;
        let mut next = vec![0.0; now.len()];
        for degree in 0..count {
            each(degree, &now);
            if degree + 1 == count {
                break;
            }
            multiply(&self.scaled.by_user, &now, width, &mut between);
            multiply(&self.scaled.by_item, &between, width, &mut next);
            let double = if degree == 0 { 1.0 } else { 2.0 };
            for ((next, now), before) in next.iter_mut().zip(&now).zip(&before) {
                *next = double * (2.0 * *next - now) - before;
            }
            std::mem::swap(&mut before, &mut now);
            std::mem::swap(&mut now, &mut next);
        }
    }

    /// `f(P)` of signals side by side (items x width), times the target factors.
    fn filter(&self, signal: Vec<f32>, width: usize) -> Vec<f32> {
        let mut sum = match &self.low_pass {
            None => vec![0.0; signal.len()],
            Some(low_pass) => low_pass.project(&signal, width),
        };
        self.chebyshev(signal, width, self.coefficients.len(), |degree, term| {
            let coefficient = self.coefficients[degree];
            sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += coefficient * term);
        });
        scale_rows(&mut sum, width, &self.scaled.target);
        sum
    }

    /// The strongest `keep` entries of every row of the item by item matrix `f(P)`.
    #[must_use]
    pub fn neighbours(&self, keep: usize) -> Neighbours {
        let items: Vec<u32> = (0..self.scaled.by_user.items() as u32).collect();
        let rows = items.par_chunks(BLOCK).flat_map_iter(|block| {
            let width = block.len();
            let mut signal = vec![0.0; items.len() * width];
            for (place, &item) in block.iter().enumerate() {
                signal[item as usize * width + place] = self.scaled.history[item as usize];
            }
            let filtered = self.filter(signal, width);
            let row = |(place, &item): (usize, &u32)| {
                let mut top = TopRow::new(keep);
                for (other, values) in filtered.chunks_exact(width).enumerate() {
                    if other as u32 != item {
                        top.offer(other as u32, values[place]);
                    }
                }
                top.into_row()
            };
            block.iter().enumerate().map(row).collect::<Vec<_>>()
        });
        Neighbours::from_rows(items.len(), rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_follow_their_responses() {
        let check = |response: Response, tolerance: f64| {
            let coefficients = response.coefficients();
            let largest = (0..=100).map(|i| response.at(f64::from(i) / 100.0)).fold(0.0, f64::max);
            for i in 5..=100 {
                let x = f64::from(i) / 100.0;
                let angle = (2.0 * x - 1.0).acos();
                let terms = coefficients.iter().enumerate();
                let got: f64 = terms.map(|(k, &c)| f64::from(c) * (k as f64 * angle).cos()).sum();
                let expected = response.at(x) / largest;
                assert!((got - expected).abs() < tolerance, "{response:?} at {x}: {got} {expected}");
            }
        };
        check(Response::Linear, 0.01);
        check(Response::Sharpened { sharpness: 0.5 }, 0.01);
        check(Response::Sharpened { sharpness: 2.0 }, 0.02);
        check(Response::Ridge { ridge: 0.3 }, 0.02);
        check(Response::Ridge { ridge: 0.1 }, 0.1);
    }

    #[test]
    fn the_linear_response_is_the_item_graph() {
        let data = Interactions::from_triples(
            3,
            3,
            vec![(0, 0, 1.0), (0, 1, 1.0), (1, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)],
        )
        .unwrap();
        let config = FilterConfig {
            scaling: Scaling { user: 0.0, item: 0.0, target: 0.0 },
            response: Response::Linear,
            low_pass: None,
        };
        let neighbours = GraphFilter::train(&data, &config).neighbours(2);
        let (items, weights) = neighbours.row(1);
        assert_eq!(items, &[0, 2]);
        assert!((weights[0] - weights[1]).abs() < 1e-5 && weights[0] > 0.0);
    }
}
