//! Vectors for rows that training did not see.

use super::config::IalsConfig;
use super::solver::{Problem, Row, Scratch};
use super::table::Table;
use super::{Basis, Ials};
use pulp::{Arch, Simd, WithSimd};

/// Gives vectors to new rows of one side from their interactions with the other, whose vectors it reads.
#[derive(Debug, Clone, Copy)]
pub struct FoldIn<'a> {
    config: &'a IalsConfig,
    /// The other side's vectors, row-major.
    others: &'a [f32],
    /// Of the other side's Gram matrix.
    eigenvalues: &'a [f32],
    /// To where that matrix is diagonal, unless it is already.
    basis: Option<&'a Basis>,
}

impl Ials {
    /// Solves for new users, or known ones with a new history.
    #[must_use]
    pub fn user_fold_in(&self) -> FoldIn<'_> {
        FoldIn { config: &self.config, others: &self.items, eigenvalues: &self.item_eigenvalues, basis: None }
    }

    /// Solves for new items, or known ones with new interactions.
    #[must_use]
    pub fn item_fold_in(&self) -> FoldIn<'_> {
        FoldIn {
            config: &self.config,
            others: &self.users,
            eigenvalues: &self.user_basis.values,
            basis: Some(&self.user_basis),
        }
    }

    /// The exact vector of a user with this history of distinct `(item, weight)`; see [`FoldIn::vector`].
    #[must_use]
    pub fn fold_in_user(&self, history: &[(u32, f32)]) -> Vec<f32> {
        self.user_fold_in().vector(history)
    }

    /// The exact vector of an item with these distinct `(user, weight)`; see [`FoldIn::vector`].
    #[must_use]
    pub fn fold_in_item(&self, takers: &[(u32, f32)]) -> Vec<f32> {
        self.item_fold_in().vector(takers)
    }
}

impl FoldIn<'_> {
    /// The vector that solves the row's least squares problem exactly, of length `factors`.
    ///
    /// Rows that the model does not know and weights that are not positive and finite say nothing; with
    /// nothing said the vector is zero.
    #[must_use]
    pub fn vector(&self, interactions: &[(u32, f32)]) -> Vec<f32> {
        let factors = self.config.factors;
        let count = self.others.len() / factors;
        let mut vectors = Vec::new();
        let mut weights = Vec::new();
        for &(other, weight) in interactions {
            if (other as usize) < count && weight.is_finite() && weight > 0.0 {
                vectors.extend_from_slice(&self.others[other as usize * factors..][..factors]);
                weights.push(weight);
            }
        }
        let mut gathered = Table::from_rows(&vectors, factors);
        if let Some(basis) = self.basis {
            basis.enter(&mut gathered);
        }
        let mut x = Table::zeros(1, factors);
        let columns: Vec<u32> = (0..weights.len() as u32).collect();
        let regularization = self.config.row_regularization(weights.len(), count);
        let problem = Problem {
            other: &gathered,
            eigenvalues: self.eigenvalues,
            alpha: self.config.alpha,
            unobserved_weight: self.config.unobserved_weight,
            block: gathered.stride(),
        };
        let row = Row { columns: &columns, weights: &weights, regularization };
        Arch::new().dispatch(SolveOne { problem, row, x: x.data_mut() });
        if let Some(basis) = self.basis {
            basis.leave(&mut x);
        }
        x.into_rows()
    }
}

/// One row for one instruction set.
struct SolveOne<'a> {
    problem: Problem<'a>,
    row: Row<'a>,
    x: &'a mut [f32],
}

impl WithSimd for SolveOne<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.problem.solve(simd, self.row, self.x, &mut Scratch::default());
    }
}
