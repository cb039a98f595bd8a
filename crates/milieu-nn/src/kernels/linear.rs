//! Rows times a matrix plus a row, and the gradients of that.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows of a thread's share of a sum of rows.
const ROWS: usize = 64;

/// `N x I` to `N x O`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// Values of a row that go in; at least 1.
    pub inputs: usize,
    /// Values of a row that come out; at least 1.
    pub outputs: usize,
}

impl Linear {
    /// `input * weight^T + bias`, where `weight` is `O x I`; `output` is overwritten.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: &[f32], output: &mut [f32]) {
        let rows = self.rows(input);
        output.par_chunks_exact_mut(self.outputs).for_each(|row| row.copy_from_slice(bias));
        let to = MatMut::from_row_major_slice_mut(output, rows, self.outputs);
        let input = MatRef::from_row_major_slice(input, rows, self.inputs);
        let weight = MatRef::from_row_major_slice(weight, self.outputs, self.inputs);
        matmul(to, Accum::Add, input, weight.transpose(), 1.0, Par::rayon(0));
    }

    /// The gradient of the input from that of the output; `to` is overwritten.
    pub fn backward_input(&self, gradient: &[f32], weight: &[f32], to: &mut [f32]) {
        let rows = gradient.len() / self.outputs;
        let to = MatMut::from_row_major_slice_mut(to, rows, self.inputs);
        let gradient = MatRef::from_row_major_slice(gradient, rows, self.outputs);
        let weight = MatRef::from_row_major_slice(weight, self.outputs, self.inputs);
        matmul(to, Accum::Replace, gradient, weight, 1.0, Par::rayon(0));
    }

    /// The gradient of the weights, `O x I`; `to` is overwritten.
    pub fn backward_weight(&self, gradient: &[f32], input: &[f32], to: &mut [f32]) {
        let rows = self.rows(input);
        let to = MatMut::from_row_major_slice_mut(to, self.outputs, self.inputs);
        let gradient = MatRef::from_row_major_slice(gradient, rows, self.outputs);
        let input = MatRef::from_row_major_slice(input, rows, self.inputs);
        matmul(to, Accum::Replace, gradient.transpose(), input, 1.0, Par::rayon(0));
    }

    /// The gradient of the bias.
    #[must_use]
    pub fn backward_bias(&self, gradient: &[f32]) -> Vec<f32> {
        let parts = gradient.par_chunks(ROWS * self.outputs).map(|rows| {
            let mut sum = vec![0.0; self.outputs];
            for row in rows.chunks_exact(self.outputs) {
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            sum
        });
        let parts: Vec<Vec<f32>> = parts.collect();
        let mut sum = vec![0.0; self.outputs];
        parts.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x));
        sum
    }

    fn rows(&self, input: &[f32]) -> usize {
        input.len() / self.inputs
    }
}
