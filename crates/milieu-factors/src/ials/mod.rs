//! Matrix factorisation of implicit feedback by alternating least squares in blocks (iALS++).
//!
//! Finds vectors `x_u`, `y_i` that minimise
//!
//! `sum_ui c_ui (p_ui - x_u . y_i)^2 + sum_u lambda_u |x_u|^2 + sum_i lambda_i |y_i|^2`
//!
//! over **all** pairs, where `p_ui` is 1 and `c_ui = alpha0 + alpha * weight` for an interaction, and `p_ui`
//! is 0 and `c_ui = alpha0` for every other pair (Hu, Koren and Volinsky, ICDM 2008). The penalties grow with
//! frequency (Rendle, Krichene, Zhang and Koren, RecSys 2022); vectors longer than a block are solved block
//! by block (Rendle, Krichene, Zhang and Koren 2021, iALS++). Given one side, every row of the other is a
//! problem of its own, so the result depends on the seed but not on the number of threads.

mod basis;
mod cholesky;
mod config;
mod fold_in;
mod kernels;
mod objective;
mod prefetch;
mod solver;
mod table;
#[cfg(test)]
mod tests;

pub use config::{IalsConfig, IalsError};
pub use fold_in::FoldIn;

use crate::Interactions;
use basis::Basis;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use solver::{Problem, Row, Scratch};
use table::Table;

/// Rows solved in one piece of work.
const ROWS_EACH: usize = 16;

/// Trained factors. Their basis is one of many of equal worth: compare vectors of one model only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ials {
    config: IalsConfig,
    /// Users x factors.
    users: Vec<f32>,
    /// Items x factors.
    items: Vec<f32>,
    /// Of the items' Gram matrix, which is diagonal.
    item_eigenvalues: Vec<f32>,
    user_basis: Basis,
}

impl Ials {
    /// Trains on the current rayon pool. Needs, beside `data`, its transpose and the factors.
    ///
    /// The last step solves the users, so that [`Ials::fold_in_user`] of a user's own row gives the vector
    /// that training gave (where `block` is at least `factors`).
    ///
    /// # Errors
    /// [`IalsError`] for settings out of range, and for numbers that leave single precision.
    pub fn train(data: &Interactions, config: &IalsConfig) -> Result<Self, IalsError> {
        config.validate()?;
        let by_item = data.transpose();
        let mut users = Table::random(data.users(), config.factors, config.start_scale, config.seed);
        let mut items = Table::zeros(data.items(), config.factors);
        let mut item_eigenvalues = vec![0.0; config.factors];
        for _ in 0..config.iterations {
            half_step(config, &mut users, &by_item, &mut items)?;
            item_eigenvalues = half_step(config, &mut items, data, &mut users)?;
        }
        let user_basis = Basis::of(&users)?;
        let model = Self {
            config: *config,
            users: users.into_rows(),
            items: items.into_rows(),
            item_eigenvalues,
            user_basis,
        };
        if model.is_sound() { Ok(model) } else { Err(IalsError::NotFinite) }
    }

    /// Whether the settings are in range, the parts fit together and all numbers are finite; ask it of a
    /// model that was read before using it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let factors = self.config.factors;
        let whole =
            |rows: &[f32]| rows.len().is_multiple_of(factors) && rows.par_iter().all(|x| x.is_finite());
        self.config.validate().is_ok()
            && whole(&self.users)
            && whole(&self.items)
            && self.item_eigenvalues.len() == factors
            && self.item_eigenvalues.iter().all(|value| value.is_finite() && *value >= 0.0)
            && self.user_basis.is_sound(factors)
    }

    /// The settings it was trained with.
    #[must_use]
    pub fn config(&self) -> &IalsConfig {
        &self.config
    }

    /// The users' vectors, row-major, users x factors.
    #[must_use]
    pub fn user_factors(&self) -> &[f32] {
        &self.users
    }

    /// The items' vectors, row-major, items x factors.
    #[must_use]
    pub fn item_factors(&self) -> &[f32] {
        &self.items
    }

    /// A user's vector. Panics for an unknown user, as slices do.
    #[must_use]
    pub fn user(&self, user: usize) -> &[f32] {
        &self.users[user * self.config.factors..][..self.config.factors]
    }

    /// An item's vector. Panics for an unknown item, as slices do.
    #[must_use]
    pub fn item(&self, item: usize) -> &[f32] {
        &self.items[item * self.config.factors..][..self.config.factors]
    }
}

/// Solves one side given the other, whose Gram matrix is diagonal afterwards; gives its diagonal.
fn half_step(
    config: &IalsConfig,
    other: &mut Table,
    rows: &Interactions,
    solved: &mut Table,
) -> Result<Vec<f32>, IalsError> {
    let basis = Basis::of(other)?;
    basis.enter(other);
    let stride = solved.stride();
    let block = if config.block < config.factors { config.block } else { stride };
    if block < stride {
        basis.enter(solved);
    }
    let problem = Problem {
        other,
        eigenvalues: &basis.values,
        alpha: config.alpha,
        unobserved_weight: config.unobserved_weight,
        block,
    };
    let pieces = solved.data_mut().par_chunks_mut(ROWS_EACH * stride).enumerate();
    pieces.for_each_init(Scratch::default, |scratch, (piece, out)| {
        Arch::new().dispatch(SolveRows { config, problem, rows, first: piece * ROWS_EACH, out, scratch });
    });
    Ok(basis.values)
}

/// A piece of work for one instruction set.
struct SolveRows<'a> {
    config: &'a IalsConfig,
    problem: Problem<'a>,
    rows: &'a Interactions,
    first: usize,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl WithSimd for SolveRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let others = self.problem.other.rows();
        for (place, x) in self.out.chunks_exact_mut(self.problem.other.stride()).enumerate() {
            let columns = self.rows.row(self.first + place);
            if self.first + place + 1 < self.rows.users() {
                self.problem.fetch(self.rows.row(self.first + place + 1), 0..x.len());
            }
            let weights = self.rows.row_weights(self.first + place);
            let regularization = self.config.row_regularization(columns.len(), others);
            self.problem.solve(simd, Row { columns, weights, regularization }, x, self.scratch);
        }
    }
}
