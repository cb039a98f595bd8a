//! The inner loops: register tiles over row-major blocks of single precision numbers.
//!
//! Written once over [`pulp::Simd`]; `pulp::Arch` picks the instruction set when the program runs. All
//! blocks are padded to whole tiles, so that no loop has a tail.

use pulp::{Arch, Simd, WithSimd};

/// Rows of a register tile.
pub(super) const TILE_ROWS: usize = 4;

/// Columns of a register tile: two vectors of this machine, and at least [`TILE_ROWS`].
pub(super) fn tile_columns() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            tile_width::<S>()
        }
    }
    Arch::new().dispatch(Lanes).max(TILE_ROWS)
}

/// Two vectors.
#[inline(always)]
pub(super) fn tile_width<S: Simd>() -> usize {
    2 * S::F32_LANES
}

/// The whole vectors of a slice.
#[inline(always)]
pub(super) fn vectors<S: Simd>(slice: &[f32]) -> &[S::f32s] {
    S::as_simd_f32s(slice).0
}

/// The whole vectors of a slice, to write to.
#[inline(always)]
pub(super) fn vectors_mut<S: Simd>(slice: &mut [f32]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(slice).0
}

/// `sum_r block[r][row..row + 4]^T block[r][column..column + width]` over the rows `r` of a block: one tile
/// of `block^T block`.
#[inline(always)]
pub(super) fn gram_tile<S: Simd>(
    simd: S,
    block: &[f32],
    stride: usize,
    row: usize,
    column: usize,
) -> [[S::f32s; 2]; TILE_ROWS] {
    let mut tile = [[simd.splat_f32s(0.0); 2]; TILE_ROWS];
    for line in block.chunks_exact(stride) {
        let Some(&left) = line[row..].first_chunk::<TILE_ROWS>() else { break };
        let &[b0, b1] = vectors::<S>(&line[column..column + tile_width::<S>()]) else { break };
        for (sums, left) in tile.iter_mut().zip(left) {
            let a = simd.splat_f32s(left);
            sums[0] = simd.mul_add_e_f32s(a, b0, sums[0]);
            sums[1] = simd.mul_add_e_f32s(a, b1, sums[1]);
        }
    }
    tile
}

/// Adds the upper triangle of `block^T block` to `out`, whole tiles at a time: what lies below the diagonal
/// is written in part. Both have rows of `stride`, a multiple of the tile's columns.
#[inline(always)]
pub(super) fn add_gram<S: Simd>(simd: S, block: &[f32], stride: usize, out: &mut [f32]) {
    let width = tile_width::<S>();
    for (place, rows) in out.chunks_exact_mut(TILE_ROWS * stride).enumerate() {
        let row = place * TILE_ROWS;
        for column in (row / width * width..stride).step_by(width) {
            let tile = gram_tile(simd, block, stride, row, column);
            for (line, sums) in rows.chunks_exact_mut(stride).zip(tile) {
                for (to, sum) in vectors_mut::<S>(&mut line[column..column + width]).iter_mut().zip(sums) {
                    *to = simd.add_f32s(*to, sum);
                }
            }
        }
    }
}

/// Writes the upper triangle of `block block^T` to `out` (rows of `out_stride`), in tiles of two by four:
/// the number of rows of `block` is a multiple of [`TILE_ROWS`].
#[inline(always)]
pub(super) fn outer_gram<S: Simd>(simd: S, block: &[f32], stride: usize, out: &mut [f32], out_stride: usize) {
    for (half, lines) in block.chunks_exact(2 * stride).enumerate() {
        let (r0, r1) = lines.split_at(stride);
        let (r0, r1) = (vectors::<S>(r0), vectors::<S>(r1));
        let row = 2 * half;
        let first = row / TILE_ROWS * TILE_ROWS;
        for (place, others) in block[first * stride..].chunks_exact(TILE_ROWS * stride).enumerate() {
            let mut lines = others.chunks_exact(stride).map(vectors::<S>);
            let (Some(c0), Some(c1), Some(c2), Some(c3)) =
                (lines.next(), lines.next(), lines.next(), lines.next())
            else {
                break;
            };
            let mut sums = [[simd.splat_f32s(0.0); TILE_ROWS]; 2];
            for (((((&a0, &a1), &b0), &b1), &b2), &b3) in r0.iter().zip(r1).zip(c0).zip(c1).zip(c2).zip(c3) {
                for (sum, b) in sums[0].iter_mut().zip([b0, b1, b2, b3]) {
                    *sum = simd.mul_add_e_f32s(a0, b, *sum);
                }
                for (sum, b) in sums[1].iter_mut().zip([b0, b1, b2, b3]) {
                    *sum = simd.mul_add_e_f32s(a1, b, *sum);
                }
            }
            let column = first + place * TILE_ROWS;
            for (r, sums) in sums.into_iter().enumerate() {
                let at = (row + r) * out_stride + column;
                for (to, sum) in out[at..at + TILE_ROWS].iter_mut().zip(sums) {
                    *to = simd.reduce_sum_f32s(sum);
                }
            }
        }
    }
}

/// The inner product of two slices of whole vectors.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [simd.splat_f32s(0.0); 2];
    for (a, b) in vectors::<S>(a).chunks_exact(2).zip(vectors::<S>(b).chunks_exact(2)) {
        sums[0] = simd.mul_add_e_f32s(a[0], b[0], sums[0]);
        sums[1] = simd.mul_add_e_f32s(a[1], b[1], sums[1]);
    }
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1]))
}

/// `to = scale * by * from`, element by element.
#[inline(always)]
pub(super) fn scaled_copy<S: Simd>(simd: S, scale: f32, by: &[f32], from: &[f32], to: &mut [f32]) {
    let scale = simd.splat_f32s(scale);
    let parts = vectors::<S>(from).iter().zip(vectors::<S>(by));
    for (to, (&from, &by)) in vectors_mut::<S>(to).iter_mut().zip(parts) {
        *to = simd.mul_f32s(simd.mul_f32s(scale, by), from);
    }
}

/// `to += scale * from`.
#[inline(always)]
pub(super) fn add_scaled<S: Simd>(simd: S, scale: f32, from: &[f32], to: &mut [f32]) {
    let scale = simd.splat_f32s(scale);
    for (to, &from) in vectors_mut::<S>(to).iter_mut().zip(vectors::<S>(from)) {
        *to = simd.mul_add_e_f32s(scale, from, *to);
    }
}
