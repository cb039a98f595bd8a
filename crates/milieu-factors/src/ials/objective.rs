//! The value that training minimises.

use super::Ials;
use super::basis::gram;
use super::table::Table;
use crate::Interactions;
use rayon::prelude::*;

impl Ials {
    /// The objective on a matrix of the training shape: the weighted squared error over all pairs plus the
    /// penalties. Panics where the matrix has more rows or columns than the model.
    #[must_use]
    pub fn objective(&self, data: &Interactions) -> f64 {
        let unobserved = f64::from(self.config.unobserved_weight);
        let factors = self.config.factors;
        let norm = |row: &[f32]| row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let penalty = |rows: &Interactions, vectors: &[f32], others: usize| -> f64 {
            let of_row = |(row, vector): (usize, &[f32])| {
                f64::from(self.config.row_regularization(rows.row(row).len(), others)) * norm(vector)
            };
            vectors.chunks_exact(factors).enumerate().map(of_row).sum()
        };
        // What a pair costs beyond what it would cost without interaction.
        let of_user = |user: usize| -> f64 {
            let pairs = data.row(user).iter().zip(data.row_weights(user));
            let of_pair = |(&item, &weight): (&u32, &f32)| {
                let parts = self.user(user).iter().zip(self.item(item as usize));
                let predicted: f64 = parts.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                let confidence = unobserved + f64::from(self.config.alpha * weight);
                confidence * (1.0 - predicted).powi(2) - unobserved * predicted.powi(2)
            };
            pairs.map(of_pair).sum()
        };
        let observed: Vec<f64> = (0..data.users()).into_par_iter().map(of_user).collect();
        let users = gram(&Table::from_rows(&self.users, factors));
        let items = gram(&Table::from_rows(&self.items, factors));
        let squares: f64 = users
            .col_iter()
            .zip(items.col_iter())
            .map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| a * b).sum::<f64>())
            .sum();
        observed.iter().sum::<f64>()
            + unobserved * squares
            + penalty(data, &self.users, data.items())
            + penalty(&data.transpose(), &self.items, data.users())
    }
}
