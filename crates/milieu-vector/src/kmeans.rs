//! Spherical k-means: directions that a set of unit vectors gathers around (Dhillon and Modha, "Concept decompositions
//! for large sparse text data using clustering", Machine Learning 42, 2001).

use crate::kernels::norm;
use pulp::{Arch, Simd, WithSimd};
use rand::{SeedableRng, seq::index::sample};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Rows a worker assigns at a time.
const CHUNK: usize = 1024;
/// Rows whose products with the same centroids are computed together, to load the centroids once.
const TILE: usize = 4;

/// Centroids (unit vectors, row-major, `count x dim`) learnt from `rows`, row-major. Rows of zeros count for nothing.
/// The result depends on the input and the seed, not on the number of threads.
pub(crate) fn learn(rows: &[f32], dim: usize, count: usize, rounds: usize, seed: u64) -> Vec<f32> {
    let total = rows.len() / dim;
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut centroids: Vec<f32> = sample(&mut random, total, count.min(total))
        .iter()
        .flat_map(|row| rows[row * dim..][..dim].iter().copied())
        .collect();
    normalise_rows(&mut centroids, dim);
    let mut assigned = vec![0u32; total];
    for _ in 0..rounds {
        assign(rows, dim, &centroids, &mut assigned);
        centroids.fill(0.0);
        let mut sizes = vec![0usize; centroids.len() / dim];
        for (row, list) in rows.chunks_exact(dim).zip(&assigned) {
            let list = *list as usize;
            sizes[list] += 1;
            let sum = &mut centroids[list * dim..][..dim];
            for (sum, x) in sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
        // A list that lost all its rows takes up a random one.
        for (list, size) in sizes.iter().enumerate() {
            if *size == 0 {
                let row = sample(&mut random, total, 1).index(0);
                centroids[list * dim..][..dim].copy_from_slice(&rows[row * dim..][..dim]);
            }
        }
        normalise_rows(&mut centroids, dim);
    }
    centroids
}

fn normalise_rows(rows: &mut [f32], dim: usize) {
    for row in rows.chunks_exact_mut(dim) {
        let length = norm(row);
        if length > 0.0 {
            row.iter_mut().for_each(|x| *x /= length);
        }
    }
}

/// For each row, which centroid has the largest inner product with it.
pub(crate) fn assign(rows: &[f32], dim: usize, centroids: &[f32], assigned: &mut [u32]) {
    let packed = Packed::new(centroids, dim);
    assigned.par_chunks_mut(CHUNK).zip(rows.par_chunks(CHUNK * dim)).for_each(|(assigned, rows)| {
        Arch::new().dispatch(Assign { rows, packed: &packed, assigned });
    });
}

/// Centroids in blocks of two registers: within a block, all first coordinates, then all second ones, and so on. The
/// last block is filled up with its first centroid, which changes no answer.
struct Packed {
    values: Vec<f32>,
    dim: usize,
}

impl Packed {
    fn new(centroids: &[f32], dim: usize) -> Self {
        let count = centroids.len() / dim;
        let block = Arch::new().dispatch(BlockWidth);
        let mut values = Vec::with_capacity(count.next_multiple_of(block) * dim);
        for first in (0..count).step_by(block) {
            for coordinate in 0..dim {
                for lane in 0..block {
                    let centroid = if first + lane < count { first + lane } else { first };
                    values.push(centroids[centroid * dim + coordinate]);
                }
            }
        }
        Self { values, dim }
    }
}

struct BlockWidth;

impl WithSimd for BlockWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        2 * S::F32_LANES
    }
}

struct Assign<'a> {
    rows: &'a [f32],
    packed: &'a Packed,
    assigned: &'a mut [u32],
}

impl WithSimd for Assign<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let dim = self.packed.dim;
        for (assigned, rows) in self.assigned.chunks_mut(TILE).zip(self.rows.chunks(TILE * dim)) {
            // A short last tile repeats its last row.
            let last = assigned.len() - 1;
            let tile: [&[f32]; TILE] = std::array::from_fn(|row| &rows[row.min(last) * dim..][..dim]);
            let found = nearest(simd, tile, &self.packed.values, dim);
            assigned.copy_from_slice(&found[..assigned.len()]);
        }
    }
}

#[inline(always)]
fn nearest<S: Simd>(simd: S, tile: [&[f32]; TILE], packed: &[f32], dim: usize) -> [u32; TILE] {
    let block = 2 * S::F32_LANES;
    let mut best = [[simd.splat_f32s(f32::NEG_INFINITY); 2]; TILE];
    let mut best_block = [[simd.splat_u32s(0); 2]; TILE];
    for (number, values) in packed.chunks_exact(block * dim).enumerate() {
        let mut sums = [[simd.splat_f32s(0.0); 2]; TILE];
        let registers = S::as_simd_f32s(values).0.as_chunks::<2>().0;
        for (coordinate, [low, high]) in registers.iter().enumerate() {
            for (sums, row) in sums.iter_mut().zip(tile) {
                let x = simd.splat_f32s(row[coordinate]);
                sums[0] = simd.mul_add_e_f32s(x, *low, sums[0]);
                sums[1] = simd.mul_add_e_f32s(x, *high, sums[1]);
            }
        }
        let number = simd.splat_u32s(number as u32);
        for row in 0..TILE {
            for half in 0..2 {
                let better = simd.greater_than_f32s(sums[row][half], best[row][half]);
                best[row][half] = simd.select_f32s(better, sums[row][half], best[row][half]);
                best_block[row][half] = simd.select_u32s(better, number, best_block[row][half]);
            }
        }
    }
    let mut found = [0; TILE];
    for row in 0..TILE {
        let mut top = f32::NEG_INFINITY;
        for half in 0..2 {
            let scores = pulp::bytemuck::cast_slice::<_, f32>(&best[row][half..=half]);
            let blocks = pulp::bytemuck::cast_slice::<_, u32>(&best_block[row][half..=half]);
            for (lane, (score, number)) in scores.iter().zip(blocks).enumerate() {
                if *score > top {
                    top = *score;
                    found[row] = number * block as u32 + (half * S::F32_LANES + lane) as u32;
                }
            }
        }
    }
    found
}
