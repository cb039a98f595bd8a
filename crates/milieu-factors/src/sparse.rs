//! Products of the sparse interaction matrix with narrow dense blocks, and its scalings.
//!
//! A dense block holds `width` columns side by side: row `r` is `block[r * width..(r + 1) * width]`.

use crate::{BLOCK, Interactions};
use pulp::{Arch, Simd, WithSimd};
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
    Arch::new().dispatch(Multiply { matrix, first: 0, block, width, out });
}

/// [`multiply`] with the rows shared out among the threads, for wide blocks.
pub(crate) fn multiply_in_parallel(matrix: &Interactions, block: &[f32], width: usize, out: &mut [f32]) {
    const ROWS: usize = 64;
    out.par_chunks_mut(ROWS * width).enumerate().for_each(|(piece, out)| {
        Arch::new().dispatch(Multiply { matrix, first: piece * ROWS, block, width, out });
    });
}

/// The rows from `first` on, for the widest instructions there are.
struct Multiply<'a> {
    matrix: &'a Interactions,
    first: usize,
    block: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { matrix, first, block, width, out } = self;
        for (place, out) in out.chunks_exact_mut(width).enumerate() {
            let row = first + place;
            let entries = matrix.row(row).iter().zip(matrix.row_weights(row));
            if width == BLOCK {
                // A width known in advance lets the sums stay in registers.
                let mut sums = [0.0_f32; BLOCK];
                for (&column, &weight) in entries {
                    let start = column as usize * BLOCK;
                    for (sum, &value) in sums.iter_mut().zip(&block[start..start + BLOCK]) {
                        *sum += weight * value;
                    }
                }
                out.copy_from_slice(&sums);
                continue;
            }
            out.fill(0.0);
            for (&column, &weight) in entries {
                let start = column as usize * width;
                for (sum, &value) in out.iter_mut().zip(&block[start..start + width]) {
                    *sum += weight * value;
                }
            }
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
