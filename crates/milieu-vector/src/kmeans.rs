//! Spherical k-means: directions that a set of unit vectors gathers around (Dhillon and Modha, "Concept decompositions
//! for large sparse text data using clustering", Machine Learning 42, 2001).

use crate::kernels::{axpy, dot, norm};
use pulp::{Arch, Simd, WithSimd};
use rand::{Rng, SeedableRng, seq::index::sample};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Rows a worker assigns at a time.
const CHUNK: usize = 1024;
/// Rows whose products with the same centroids are computed together, to load the centroids once.
const TILE: usize = 4;
/// With more rows than this, each round looks at a mini-batch.
const MANY: usize = 20_000;
/// Rows of a mini-batch for each centroid.
const BATCH: usize = 50;
/// What is no further from a centroid differs from it by what is rounded.
const SAME: f32 = 1e-6;

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
    refine(rows, dim, &mut centroids, rounds, &mut random);
    centroids
}

/// The same for few centroids that are to be good ones: begun by greedy k-means++, in mini-batches where there are many rows.
/// There are fewer centroids where there are fewer different rows.
pub(crate) fn learn_spread(rows: &[f32], dim: usize, count: usize, rounds: usize, seed: u64) -> Vec<f32> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let total = rows.len() / dim;
    if total <= MANY {
        let mut centroids = spread(rows, dim, count, &mut random);
        refine(rows, dim, &mut centroids, rounds, &mut random);
        return centroids;
    }
    let drawn = |count: usize, random: &mut Pcg64Mcg| -> Vec<f32> {
        let of = |row: usize| rows[row * dim..][..dim].iter().copied();
        sample(random, total, count.min(total)).iter().flat_map(of).collect()
    };
    let mut centroids = spread(&drawn(MANY, &mut random), dim, count, &mut random);
    // What all batches brought: the more a centroid has seen, the less a row moves it.
    let mut sums = vec![0.0; centroids.len()];
    for _ in 0..rounds {
        let batch = drawn(MANY.max(BATCH * count), &mut random);
        let mut assigned = vec![0; batch.len() / dim];
        assign(&batch, dim, &centroids, &mut assigned);
        for (row, list) in batch.chunks_exact(dim).zip(&assigned) {
            axpy(1.0, row, &mut sums[*list as usize * dim..][..dim]);
        }
        for (centroid, sum) in centroids.chunks_exact_mut(dim).zip(sums.chunks_exact(dim)) {
            if sum.iter().any(|x| *x != 0.0) {
                centroid.copy_from_slice(sum);
            }
        }
        normalise_rows(&mut centroids, dim);
    }
    centroids
}

/// First centroids far from one another, by greedy k-means++: some rows are drawn with a probability that grows with the
/// squared distance to the nearest centroid before, and the one is taken that leaves the least of it.
fn spread(rows: &[f32], dim: usize, count: usize, random: &mut Pcg64Mcg) -> Vec<f32> {
    let total = rows.len() / dim;
    let mut centroids: Vec<f32> = Vec::with_capacity(count * dim);
    let mut distances = vec![2.0_f32; total];
    let draws = 2 + (count.max(1) as f64).ln() as usize;
    while centroids.len() < count * dim {
        let drawn = (0..draws).filter_map(|_| draw(&distances, random)).map(|chosen| {
            let mut centroid = rows[chosen * dim..][..dim].to_vec();
            normalise_rows(&mut centroid, dim);
            let mut left = distances.clone();
            approach(&mut left, rows, &centroid);
            left[chosen] = 0.0;
            (sum(&left), centroid, left)
        });
        let Some((_, centroid, left)) = drawn.reduce(|best, next| if next.0 < best.0 { next } else { best })
        else {
            break;
        };
        centroids.extend(centroid);
        distances = left;
    }
    centroids
}

fn sum(distances: &[f32]) -> f64 {
    distances.iter().map(|distance| f64::from(*distance)).sum()
}

/// A place with the probability of its share; `None` where there is none but zeros.
fn draw(distances: &[f32], random: &mut Pcg64Mcg) -> Option<usize> {
    let mut left = random.random::<f64>() * sum(distances);
    let chosen = distances.iter().position(|distance| {
        left -= f64::from(*distance);
        *distance > 0.0 && left <= 0.0
    });
    // What is rounded may leave some over.
    chosen.or_else(|| distances.iter().rposition(|distance| *distance > 0.0))
}

/// Half the squared distance of each row to the nearest centroid, with one more of them.
fn approach(distances: &mut [f32], rows: &[f32], centroid: &[f32]) {
    let dim = centroid.len();
    distances.par_chunks_mut(CHUNK).zip(rows.par_chunks(CHUNK * dim)).for_each(|(distances, rows)| {
        for (distance, row) in distances.iter_mut().zip(rows.chunks_exact(dim)) {
            let own = 1.0 - dot(row, centroid);
            *distance = if own < SAME { 0.0 } else { distance.min(own) };
        }
    });
}

/// Rounds of k-means over all rows.
fn refine(rows: &[f32], dim: usize, centroids: &mut [f32], rounds: usize, random: &mut Pcg64Mcg) {
    let total = rows.len() / dim;
    let mut assigned = vec![0u32; total];
    for _ in 0..rounds {
        assign(rows, dim, centroids, &mut assigned);
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
                let row = sample(random, total, 1).index(0);
                centroids[list * dim..][..dim].copy_from_slice(&rows[row * dim..][..dim]);
            }
        }
        normalise_rows(centroids, dim);
    }
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
