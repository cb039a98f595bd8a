//! EASE: the linear autoencoder with zero diagonal, in closed form (Steck, WWW 2019).
//!
//! With `P = (X^T X + ridge I)^-1` the weights are `B_ij = -P_ij / P_jj`. Where there are fewer users than
//! items the same weights follow from `M = (X X^T + ridge I)^-1`, users x users: `P = (I - X^T M X) /
//! ridge`, so that `B_ij = (X^T M X)_ij / (1 - d_j)` off the diagonal, `d_j = (X^T M X)_jj`; and the
//! predictions for the training users need no more than `X X^T M = I - ridge M`.

use crate::dense::{column, gram, invert_with_ridge};
use crate::neighbours::{Neighbours, TopRow};
use crate::scaling::{Scaled, Scaling};
use crate::sparse::{multiply, scale_rows, transpose_into};
use crate::{BLOCK, FactorsError, Interactions};
use faer::Mat;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of an [`Ease`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EaseConfig {
    /// Degree normalisation; all powers 0 is the paper's model.
    pub scaling: Scaling,
    /// The ridge as a share of the largest eigenvalue of `X^T X`.
    pub ridge: f32,
}

/// The solved system.
#[derive(Debug, Clone)]
pub struct Ease {
    scaled: Scaled,
    ridge: f32,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// Holds `P`, items x items.
    Primal(Mat<f32>),
    /// Holds `M`, users x users, and with it `target_j / (1 - d_j)` for every item.
    Dual { inverse: Mat<f32>, target: Vec<f32> },
}

impl Ease {
    /// Solves the system of the smaller side.
    ///
    /// # Errors
    /// [`FactorsError::NotPositive`] where the ridge is too small for single precision.
    pub fn train(data: &Interactions, config: &EaseConfig) -> Result<Self, FactorsError> {
        let scaled = Scaled::new(data, config.scaling);
        let ridge = config.ridge * scaled.top_eigenvalue();
        let form = if data.items() <= data.users() {
            let gram = gram(&scaled.by_item, &scaled.by_user);
            Form::Primal(invert_with_ridge(gram, ridge)?)
        } else {
            let inverse = invert_with_ridge(gram(&scaled.by_user, &scaled.by_item), ridge)?;
            let target = (0..data.items())
                .into_par_iter()
                .map(|item| scaled.target[item] / (1.0 - explained(&scaled, &inverse, item)).max(1e-6))
                .collect();
            Form::Dual { inverse, target }
        };
        Ok(Self { scaled, ridge, form })
    }

    /// Multiply-adds and bytes that training needs, roughly.
    pub(crate) fn work(data: &Interactions) -> (f64, f64) {
        let side = data.items().min(data.users()) as f64;
        (side.powi(3) / 2.0, 2.0 * 4.0 * side.powi(2))
    }

    /// Scores every item for some users of the training matrix; see [`crate::Model::score`].
    pub(crate) fn score(&self, mix: Option<&Interactions>, users: &[u32], out: &mut [f32]) {
        let width = users.len();
        let block = match &self.form {
            Form::Primal(_) => self.predict(&self.scaled.histories(mix, users), width),
            Form::Dual { inverse, target } => {
                let mut parts = vec![0.0; self.scaled.by_user.users() * width];
                let mut add = |place: usize, user: u32, share: f32| {
                    parts[user as usize * width + place] += share;
                    for (other, &value) in column(inverse, user as usize).iter().enumerate() {
                        parts[other * width + place] -= share * self.ridge * value;
                    }
                };
                for (place, &user) in users.iter().enumerate() {
                    match mix {
                        None => add(place, user, 1.0),
                        Some(mix) => {
                            let row = mix.row(user as usize).iter().zip(mix.row_weights(user as usize));
                            row.for_each(|(&other, &share)| add(place, other, share));
                        }
                    }
                }
                let mut block = vec![0.0; self.scaled.by_user.items() * width];
                multiply(&self.scaled.by_item, &parts, width, &mut block);
                scale_rows(&mut block, width, target);
                block
            }
        };
        transpose_into(&block, width, out);
    }

    /// What scaled histories side by side (items x width) predict, in the same layout.
    fn predict(&self, histories: &[f32], width: usize) -> Vec<f32> {
        let (users, items) = (self.scaled.by_user.users(), self.scaled.by_user.items());
        let mut block = vec![0.0; items * width];
        match &self.form {
            Form::Primal(inverse) => {
                for (item, weights) in histories.chunks_exact(width).enumerate() {
                    if weights.iter().all(|weight| *weight == 0.0) {
                        continue;
                    }
                    for (other, &value) in column(inverse, item).iter().enumerate() {
                        // The diagonal of B is 0.
                        if other != item {
                            let row = block[other * width..][..width].iter_mut().zip(weights);
                            row.for_each(|(sum, weight)| *sum -= weight * value);
                        }
                    }
                }
                let diagonal = |(item, target): (usize, &f32)| target / inverse[(item, item)];
                let target: Vec<f32> = self.scaled.target.iter().enumerate().map(diagonal).collect();
                scale_rows(&mut block, width, &target);
            }
            Form::Dual { inverse, target } => {
                let mut between = vec![0.0; users * width];
                multiply(&self.scaled.by_user, histories, width, &mut between);
                let mut solved = vec![0.0; users * width];
                for (user, weights) in between.chunks_exact(width).enumerate() {
                    if weights.iter().all(|weight| *weight == 0.0) {
                        continue;
                    }
                    for (sums, &value) in solved.chunks_exact_mut(width).zip(column(inverse, user)) {
                        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * value);
                    }
                }
                multiply(&self.scaled.by_item, &solved, width, &mut block);
                scale_rows(&mut block, width, target);
            }
        }
        block
    }

    /// The strongest `keep` weights of every item.
    #[must_use]
    pub fn neighbours(&self, keep: usize) -> Neighbours {
        let items: Vec<u32> = (0..self.scaled.by_user.items() as u32).collect();
        let rows = items.par_chunks(BLOCK).flat_map_iter(|block| {
            let width = block.len();
            let mut histories = vec![0.0; items.len() * width];
            for (place, &item) in block.iter().enumerate() {
                histories[item as usize * width + place] = self.scaled.history[item as usize];
            }
            let predicted = self.predict(&histories, width);
            let row = |(place, &item): (usize, &u32)| {
                let mut top = TopRow::new(keep);
                for (other, values) in predicted.chunks_exact(width).enumerate() {
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

/// `d_j`, the share of an item's column that the others explain.
fn explained(scaled: &Scaled, inverse: &Mat<f32>, item: usize) -> f32 {
    let (users, weights) = (scaled.by_item.row(item), scaled.by_item.row_weights(item));
    let mut sum = 0.0_f64;
    for (&user, &weight) in users.iter().zip(weights) {
        let column = column(inverse, user as usize);
        let part: f32 = users.iter().zip(weights).map(|(&other, &w)| column[other as usize] * w).sum();
        sum += f64::from(weight) * f64::from(part);
    }
    sum as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Interactions {
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 1), (3, 3), (3, 0)];
        Interactions::from_triples(4, 4, pairs.into_iter().map(|(u, i)| (u, i, 1.0)).collect()).unwrap()
    }

    /// The definition, solved densely.
    fn weights(data: &Interactions, ridge: f32) -> Mat<f32> {
        let by_item = data.transpose();
        let inverse = invert_with_ridge(gram(&by_item, data), ridge).unwrap();
        Mat::from_fn(data.items(), data.items(), |i, j| {
            if i == j { 0.0 } else { -inverse[(i, j)] / inverse[(j, j)] }
        })
    }

    #[test]
    fn both_forms_give_the_defined_weights() {
        let check = |data: &Interactions, dual: bool| {
            let scaling = Scaling { user: 0.0, item: 0.0, target: 0.0 };
            let ease = Ease::train(data, &EaseConfig { scaling, ridge: 0.2 }).unwrap();
            assert_eq!(matches!(ease.form, Form::Dual { .. }), dual);
            let expected = weights(data, ease.ridge);
            let items = data.items();
            let neighbours = ease.neighbours(items);
            for i in 0..items {
                let (others, values) = neighbours.row(i as u32);
                for (&j, &value) in others.iter().zip(values) {
                    assert!((value - expected[(i, j as usize)]).abs() < 1e-4, "{i} {j} {value}");
                }
            }
            let mut scores = vec![0.0; items];
            for user in 0..data.users() {
                ease.score(None, &[user as u32], &mut scores);
                for j in (0..items).filter(|j| !data.row(user).contains(&(*j as u32))) {
                    let sum: f32 = data.row(user).iter().map(|&i| expected[(i as usize, j)]).sum();
                    assert!((scores[j] - sum).abs() < 1e-4, "{user} {j}: {} {sum}", scores[j]);
                }
            }
        };
        check(&data(), false);
        let wide = Interactions::from_triples(4, 6, data().triples().collect()).unwrap();
        check(&wide, true);
    }
}
