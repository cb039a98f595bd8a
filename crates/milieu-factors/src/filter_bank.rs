//! Many graph filters at the price of few: responses and target powers over one scaled matrix share the
//! Chebyshev terms of the histories, which are nearly all the work.

use crate::graph_filter::{GraphFilter, Response};
use crate::scaling::Scaling;
use crate::sparse::{degrees, powers, transpose_into};
use crate::{FilterConfig, Interactions};

/// Scores users by every combination of some responses and target powers.
#[derive(Debug, Clone)]
pub struct FilterBank {
    base: GraphFilter,
    responses: Vec<Vec<f32>>,
    targets: Vec<Vec<f32>>,
}

impl FilterBank {
    /// Prepares the filters `scaling` x `responses` x `targets`; the scaling's own target is not used.
    #[must_use]
    pub fn new(data: &Interactions, scaling: Scaling, responses: &[Response], targets: &[f32]) -> Self {
        let scaling = Scaling { target: 0.0, ..scaling };
        let config = FilterConfig { scaling, response: Response::Linear, low_pass: None };
        let items = degrees(data).1;
        Self {
            base: GraphFilter::train(data, &config),
            responses: responses.iter().map(|response| response.coefficients()).collect(),
            targets: targets.iter().map(|&target| powers(&items, target)).collect(),
        }
    }

    /// Scores as [`crate::Model::score`] does: `visit(response, target, rows)` is handed the rows of every
    /// combination in turn, responses in the outer loop, and may change them.
    pub fn score(
        &self,
        mix: Option<&Interactions>,
        users: &[u32],
        mut visit: impl FnMut(usize, usize, &mut [f32]),
    ) {
        if users.is_empty() {
            return;
        }
        let mut sums = vec![Vec::new(); self.responses.len()];
        let longest = self.responses.iter().map(Vec::len).max().unwrap_or(0);
        self.base.terms(mix, users, longest, |degree, term| {
            for (sum, coefficients) in sums.iter_mut().zip(&self.responses) {
                sum.resize(term.len(), 0.0);
                if let Some(&coefficient) = coefficients.get(degree) {
                    sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += coefficient * term);
                }
            }
        });
        let mut plain = vec![0.0; sums.first().map_or(0, Vec::len)];
        let mut rows = plain.clone();
        for (response, sum) in sums.iter().enumerate() {
            transpose_into(sum, users.len(), &mut plain);
            for (target, factors) in self.targets.iter().enumerate() {
                for (row, plain) in
                    rows.chunks_exact_mut(factors.len()).zip(plain.chunks_exact(factors.len()))
                {
                    for ((out, plain), factor) in row.iter_mut().zip(plain).zip(factors) {
                        *out = plain * factor;
                    }
                }
                visit(response, target, &mut rows);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, ModelConfig};

    #[test]
    fn the_bank_scores_like_each_filter() {
        let pairs = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 0), (3, 3), (3, 4)];
        let triples = pairs.into_iter().map(|(user, item)| (user, item, 1.0)).collect();
        let data = Interactions::from_triples(4, 5, triples).unwrap();
        let scaling = Scaling { user: 0.5, item: 0.3, target: 0.0 };
        let responses =
            [Response::Linear, Response::Sharpened { sharpness: 1.0 }, Response::Ridge { ridge: 0.1 }];
        let targets = [0.0, 0.4];
        let bank = FilterBank::new(&data, scaling, &responses, &targets);
        let mut visits = 0;
        bank.score(None, &[2, 0, 3], |response, target, rows| {
            let scaling = Scaling { target: targets[target], ..scaling };
            let config = FilterConfig { scaling, response: responses[response], low_pass: None };
            let model = Model::train(&ModelConfig::GraphFilter(config), &data).unwrap();
            let mut expected = vec![0.0; 15];
            model.score(None, &[2, 0, 3], &mut expected);
            for (got, expected) in rows.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-5, "{config:?}: {got} {expected}");
            }
            visits += 1;
        });
        assert_eq!(visits, 6);
    }
}
