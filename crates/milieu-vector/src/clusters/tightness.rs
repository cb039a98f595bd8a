//! How near the rows of a cluster are to one another and to their direction.

use crate::kernels::{axpy, dot};

/// Deviations below the mean cosine that a row may be off.
const DEVIATIONS: f64 = 2.0;

/// Sums over the rows of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    rows: usize,
    sum: Vec<f32>,
    /// Of the squared lengths of the rows.
    squares: f64,
    /// Of the cosines with the direction, and of their squares.
    cosines: (f64, f64),
}

impl Sum {
    pub(super) fn new(dim: usize) -> Self {
        Self { rows: 0, sum: vec![0.0; dim], squares: 0.0, cosines: (0.0, 0.0) }
    }

    pub(super) fn add(&mut self, row: &[f32], cosine: f32) {
        self.rows += 1;
        axpy(1.0, row, &mut self.sum);
        self.squares += f64::from(dot(row, row));
        let cosine = f64::from(cosine);
        self.cosines = (self.cosines.0 + cosine, self.cosines.1 + cosine * cosine);
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The mean cosine of any two different rows: the square of the sum is the sum over all pairs.
    pub(super) fn nearness(&self) -> f32 {
        if self.rows < 2 {
            return 0.0;
        }
        let pairs = self.rows as f64 * (self.rows as f64 - 1.0);
        ((f64::from(dot(&self.sum, &self.sum)) - self.squares) / pairs) as f32
    }

    /// The cosine below which a row is none of them.
    pub(super) fn floor(&self) -> f32 {
        let rows = self.rows.max(1) as f64;
        let mean = self.cosines.0 / rows;
        let deviation = (self.cosines.1 / rows - mean * mean).max(0.0).sqrt();
        // Rows that are all alike have to be let in in spite of what is rounded.
        (mean - DEVIATIONS * deviation - 1e-4) as f32
    }
}
