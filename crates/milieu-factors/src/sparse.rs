//! Products of the sparse interaction matrix with narrow dense blocks, and its scalings.
//!
//! A dense block holds `width` columns side by side: row `r` is `block[r * width..(r + 1) * width]`.

use crate::Interactions;
use rayon::prelude::*;

/// The degree (sum of weights) of every user and every item.
pub(crate) fn degrees(data: &Interactions) -> (Vec<f32>, Vec<f32>) {
    let mut items = vec![0.0; data.items()];
    let users = (0..data.users())
        .map(|user| {
            for (&item, &weight) in data.row(user).iter().zip(data.row_weights(user)) {
                items[item as usize] += weight;
            }
            data.row_weights(user).iter().sum()
        })
        .collect();
    (users, items)
}

/// `degree^power` for every degree, 1 where the degree is 0 (such rows and columns are empty).
pub(crate) fn powers(degrees: &[f32], power: f32) -> Vec<f32> {
    degrees.iter().map(|&d| if d > 0.0 { d.powf(power) } else { 1.0 }).collect()
}

/// `out = matrix * block`: `block` has a row for every column of the matrix, `out` one for every row.
pub(crate) fn multiply(matrix: &Interactions, block: &[f32], width: usize, out: &mut [f32]) {
    debug_assert_eq!(block.len(), matrix.items() * width);
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        multiply_row(matrix, row, block, width, out);
    }
}

/// [`multiply`] with the rows shared out among the threads, for wide blocks.
pub(crate) fn multiply_in_parallel(matrix: &Interactions, block: &[f32], width: usize, out: &mut [f32]) {
    out.par_chunks_exact_mut(width).enumerate().with_min_len(64).for_each(|(row, out)| {
        multiply_row(matrix, row, block, width, out);
    });
}

fn multiply_row(matrix: &Interactions, row: usize, block: &[f32], width: usize, out: &mut [f32]) {
    out.fill(0.0);
    for (&column, &weight) in matrix.row(row).iter().zip(matrix.row_weights(row)) {
        let start = column as usize * width;
        for (o, &b) in out.iter_mut().zip(&block[start..start + width]) {
            *o += weight * b;
        }
    }
}

/// Multiplies row `r` of a block by `factors[r]`.
pub(crate) fn scale_rows(block: &mut [f32], width: usize, factors: &[f32]) {
    for (row, &factor) in block.chunks_exact_mut(width).zip(factors) {
        for value in row {
            *value *= factor;
        }
    }
}

/// Turns a block (rows x width) into rows of its columns (width x rows).
pub(crate) fn transpose_into(block: &[f32], width: usize, out: &mut [f32]) {
    let rows = block.len() / width.max(1);
    for (row, values) in block.chunks_exact(width).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            out[column * rows + row] = value;
        }
    }
}
