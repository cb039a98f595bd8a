//! Small positive definite systems, a few to some hundred unknowns, solved where they stand.

use super::kernels::{TILE_ROWS, gram_tile, tile_width, vectors, vectors_mut};
use pulp::Simd;

/// Room for what a solution needs beside the matrix.
#[derive(Debug, Default)]
pub(super) struct Room {
    forward: Vec<f32>,
    pivots: Vec<f32>,
}

/// The upper triangle of one panel's diagonal block, its diagonal inverted.
struct Corner {
    inverse: [f32; TILE_ROWS],
    u01: f32,
    u02: f32,
    u03: f32,
    u12: f32,
    u13: f32,
    u23: f32,
}

/// Solves `(I + M) x = b` for a positive semidefinite `M` of which `matrix` (rows of `stride`) holds the
/// upper triangle of `I + M`; overwrites `matrix` with the Cholesky factor and `b` with `x`.
///
/// The number of rows is a multiple of [`TILE_ROWS`], `stride` one of the tile's columns and as long as `b`;
/// what `matrix` holds outside the triangle must be finite, what `b` holds beyond the rows must be zero.
///
/// Left-looking by panels of four rows: the update of a panel is one pass of register tiles over the rows
/// above it, so a panel is loaded and stored once.
#[inline(always)]
pub(super) fn solve<S: Simd>(simd: S, matrix: &mut [f32], stride: usize, b: &mut [f32], room: &mut Room) {
    let size = matrix.len() / stride;
    let width = tile_width::<S>();
    room.forward.clear();
    room.forward.resize(stride, 0.0);
    room.pivots.clear();
    room.pivots.resize(stride, 0.0);
    for panel in (0..size).step_by(TILE_ROWS) {
        let first = panel / width * width;
        let (above, rest) = matrix.split_at_mut(panel * stride);
        let rows = &mut rest[..TILE_ROWS * stride];
        if panel > 0 {
            for column in (first..stride).step_by(width) {
                let tile = gram_tile(simd, above, stride, panel, column);
                for (line, sums) in rows.chunks_exact_mut(stride).zip(tile) {
                    let to = vectors_mut::<S>(&mut line[column..column + width]);
                    for (to, sum) in to.iter_mut().zip(sums) {
                        *to = simd.sub_f32s(*to, sum);
                    }
                }
            }
        }
        let corner = Corner::factor(rows, stride, panel);
        let y = corner.forward(&b[panel..panel + TILE_ROWS]);
        room.forward[panel..panel + TILE_ROWS].copy_from_slice(&y);
        room.pivots[panel..panel + TILE_ROWS].copy_from_slice(&corner.inverse);
        corner.finish_rows(simd, &mut rows[first..], stride, &y, &mut b[first..]);
    }
    back_substitute(simd, matrix, stride, b, room);
}

impl Corner {
    /// Factors the diagonal block of a panel.
    #[inline(always)]
    fn factor(rows: &[f32], stride: usize, panel: usize) -> Self {
        let at = |row: usize, column: usize| rows[row * stride + panel + column];
        // Every pivot of I + M is at least 1; what rounding takes from it is given back here.
        let inverse = |pivot: f32| pivot.max(1.0).sqrt().recip();
        let i0 = inverse(at(0, 0));
        let (u01, u02, u03) = (at(0, 1) * i0, at(0, 2) * i0, at(0, 3) * i0);
        let i1 = inverse(at(1, 1) - u01 * u01);
        let (u12, u13) = ((at(1, 2) - u01 * u02) * i1, (at(1, 3) - u01 * u03) * i1);
        let i2 = inverse(at(2, 2) - u02 * u02 - u12 * u12);
        let u23 = (at(2, 3) - u02 * u03 - u12 * u13) * i2;
        let i3 = inverse(at(3, 3) - u03 * u03 - u13 * u13 - u23 * u23);
        Self { inverse: [i0, i1, i2, i3], u01, u02, u03, u12, u13, u23 }
    }

    /// The panel's part of the forward substitution.
    #[inline(always)]
    fn forward(&self, b: &[f32]) -> [f32; TILE_ROWS] {
        let y0 = b[0] * self.inverse[0];
        let y1 = (b[1] - self.u01 * y0) * self.inverse[1];
        let y2 = (b[2] - self.u02 * y0 - self.u12 * y1) * self.inverse[2];
        let y3 = (b[3] - self.u03 * y0 - self.u13 * y1 - self.u23 * y2) * self.inverse[3];
        [y0, y1, y2, y3]
    }

    /// The panel's part of the back substitution.
    #[inline(always)]
    fn back(&self, y: [f32; TILE_ROWS]) -> [f32; TILE_ROWS] {
        let x3 = y[3] * self.inverse[3];
        let x2 = (y[2] - self.u23 * x3) * self.inverse[2];
        let x1 = (y[1] - self.u12 * x2 - self.u13 * x3) * self.inverse[1];
        let x0 = (y[0] - self.u01 * x1 - self.u02 * x2 - self.u03 * x3) * self.inverse[0];
        [x0, x1, x2, x3]
    }

    /// Turns the updated rows into rows of the factor, and takes their share off `b`.
    #[inline(always)]
    fn finish_rows<S: Simd>(
        &self,
        simd: S,
        rows: &mut [f32],
        stride: usize,
        y: &[f32; TILE_ROWS],
        b: &mut [f32],
    ) {
        let columns = b.len();
        let (r0, rest) = rows.split_at_mut(stride);
        let (r1, rest) = rest.split_at_mut(stride);
        let (r2, r3) = rest.split_at_mut(stride);
        let lines = vectors_mut::<S>(&mut r0[..columns])
            .iter_mut()
            .zip(vectors_mut::<S>(&mut r1[..columns]))
            .zip(vectors_mut::<S>(&mut r2[..columns]))
            .zip(vectors_mut::<S>(&mut r3[..columns]))
            .zip(vectors_mut::<S>(b));
        let splat = |value: f32| simd.splat_f32s(value);
        let inverse = self.inverse.map(splat);
        let y = y.map(splat);
        let (u01, u02, u03) = (splat(self.u01), splat(self.u02), splat(self.u03));
        let (u12, u13, u23) = (splat(self.u12), splat(self.u13), splat(self.u23));
        let less = |from, by, row| simd.negate_mul_add_e_f32s(by, row, from);
        for ((((r0, r1), r2), r3), b) in lines {
            let a0 = simd.mul_f32s(*r0, inverse[0]);
            let a1 = simd.mul_f32s(less(*r1, u01, a0), inverse[1]);
            let a2 = simd.mul_f32s(less(less(*r2, u02, a0), u12, a1), inverse[2]);
            let a3 = simd.mul_f32s(less(less(less(*r3, u03, a0), u13, a1), u23, a2), inverse[3]);
            *b = less(less(less(less(*b, y[0], a0), y[1], a1), y[2], a2), y[3], a3);
            (*r0, *r1, *r2, *r3) = (a0, a1, a2, a3);
        }
    }
}

/// Solves `U x = forward` from the last panel up.
#[inline(always)]
fn back_substitute<S: Simd>(simd: S, factor: &[f32], stride: usize, x: &mut [f32], room: &Room) {
    let size = factor.len() / stride;
    x.fill(0.0);
    for panel in (0..size).step_by(TILE_ROWS).rev() {
        let rows = &factor[panel * stride..(panel + TILE_ROWS) * stride];
        let at = |row: usize, column: usize| rows[row * stride + panel + column];
        let mut y = [0.0; TILE_ROWS];
        y.copy_from_slice(&room.forward[panel..panel + TILE_ROWS]);
        // The unknowns of this panel and before are still zero, so whole vectors can be taken.
        let first = (panel + TILE_ROWS) / S::F32_LANES * S::F32_LANES;
        if panel + TILE_ROWS < size {
            let known = vectors::<S>(&x[first..]);
            for (y, row) in y.iter_mut().zip(rows.chunks_exact(stride)) {
                let mut sum = simd.splat_f32s(0.0);
                for (&u, &x) in vectors::<S>(&row[first..]).iter().zip(known) {
                    sum = simd.mul_add_e_f32s(u, x, sum);
                }
                *y -= simd.reduce_sum_f32s(sum);
            }
        }
        let mut inverse = [0.0; TILE_ROWS];
        inverse.copy_from_slice(&room.pivots[panel..panel + TILE_ROWS]);
        let corner = Corner {
            inverse,
            u01: at(0, 1),
            u02: at(0, 2),
            u03: at(0, 3),
            u12: at(1, 2),
            u13: at(1, 3),
            u23: at(2, 3),
        };
        x[panel..panel + TILE_ROWS].copy_from_slice(&corner.back(y));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::{add_gram, outer_gram, tile_columns};
    use super::*;
    use proptest::prelude::*;
    use pulp::{Arch, WithSimd};

    /// Solves `(I + W^T W) x = b` and `(I + W W^T) z = c` on this machine's instruction set or without any.
    struct Solve<'a> {
        block: &'a [f32],
        stride: usize,
        right: Vec<f32>,
        outer: bool,
    }

    impl WithSimd for Solve<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, simd: S) -> Vec<f32> {
            let size = if self.outer { self.block.len() / self.stride } else { self.stride };
            let stride = size.next_multiple_of(tile_columns());
            let mut system = vec![0.0; size * stride];
            if self.outer {
                outer_gram(simd, self.block, self.stride, &mut system, stride);
            } else {
                add_gram(simd, self.block, stride, &mut system);
            }
            (0..size).for_each(|k| system[k * stride + k] += 1.0);
            self.right.resize(stride, 0.0);
            solve(simd, &mut system, stride, &mut self.right, &mut Room::default());
            self.right.truncate(size);
            self.right
        }
    }

    /// The largest error of `x + M^T (M x) = b` for a matrix of `rows` by `columns`.
    fn residual(at: impl Fn(usize, usize) -> f32, rows: usize, x: &[f32], right: &[f32]) -> f32 {
        let product: Vec<f32> =
            (0..rows).map(|row| x.iter().enumerate().map(|(k, x)| at(row, k) * x).sum()).collect();
        let back = |k: usize| product.iter().enumerate().map(|(row, p)| at(row, k) * p).sum::<f32>();
        (0..x.len()).map(|k| (x[k] + back(k) - right[k]).abs()).fold(0.0, f32::max)
    }

    proptest! {
        #[test]
        fn solves_both_forms(
            panels in 1_usize..12,
            tiles in 1_usize..4,
            numbers in proptest::collection::vec(-1.0_f32..1.0, 1..200),
        ) {
            let stride = tiles * 16.max(tile_columns());
            let rows = panels * TILE_ROWS;
            let number = |k: usize| numbers[k % numbers.len()] * (1.0 - k as f32 / 5000.0);
            let block: Vec<f32> = (0..rows * stride).map(number).collect();
            for outer in [false, true] {
                let size = if outer { rows } else { stride };
                let right: Vec<f32> = (0..size).map(|k| number(3 * k + 1)).collect();
                let task = || Solve { block: &block, stride, right: right.clone(), outer };
                for x in [Arch::new().dispatch(task()), task().with_simd(pulp::Scalar)] {
                    let error = if outer {
                        residual(|row, k| block[k * stride + row], stride, &x, &right)
                    } else {
                        residual(|row, k| block[row * stride + k], rows, &x, &right)
                    };
                    prop_assert!(error < 1e-3, "{error}");
                }
            }
        }
    }
}
