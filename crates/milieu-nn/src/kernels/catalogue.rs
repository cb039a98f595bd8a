//! Cross-entropy over a catalogue: each of many rows is to find its own among thousands of others. Scores are
//! made, used and forgotten block by block, so that the memory does not grow with rows times catalogue.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Scores that are held at once: 16 MB of them.
const HELD: usize = 4 << 20;
/// Rows whose scores one thread makes at once.
const ROWS: usize = 32;
/// Columns whose gradient one thread makes at once.
const COLUMNS: usize = 256;

/// Which rows of a table compete for each query.
#[derive(Debug, Clone, PartialEq)]
pub struct Competition {
    /// Values of a row of the table, and of a query.
    pub width: usize,
    /// The first rows of the table compete for every query; the others only where they are its target.
    pub candidates: usize,
    /// Added to the scores of candidates that are not the target: the logarithm of how many rows each stands
    /// for where they are a sample of more (Bengio and Senécal 2008), else 0.
    pub correction: f32,
    /// The row that each query is to find.
    pub targets: Vec<u32>,
}

/// A loss with its gradients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Mean cross-entropy of the queries.
    pub loss: f32,
    /// Of the queries.
    pub to_queries: Vec<f32>,
    /// Of the table.
    pub to_table: Vec<f32>,
}

impl Competition {
    /// The mean over `queries`, `P x W`, of the cross-entropy between the softmax of their products with
    /// the rows of `table`, `R x W`, and their targets; and its gradients, which cost one product each beside
    /// the scores' own. Nothing where there are no queries, where the sizes do not fit each other, or where
    /// a target is no row of the table.
    #[must_use]
    pub fn run(&self, queries: &[f32], table: &[f32]) -> Outcome {
        let (width, count) = (self.width, self.targets.len());
        let rows = table.len() / width.max(1);
        let fits = queries.len() == count * width && table.len() == rows * width && self.candidates <= rows;
        if count == 0 || !fits || self.targets.iter().any(|&target| target as usize >= rows) {
            let (to_queries, to_table) = (vec![0.0; queries.len()], vec![0.0; table.len()]);
            return Outcome { loss: 0.0, to_queries, to_table };
        }
        let mut outcome =
            Outcome { loss: 0.0, to_queries: vec![0.0; queries.len()], to_table: vec![0.0; table.len()] };
        let candidates = &table[..self.candidates * width];
        let together = (HELD / self.candidates.max(1)).clamp(1, count.max(ROWS)).next_multiple_of(ROWS);
        let mut scores = vec![0.0; together.min(count) * self.candidates];
        let mut loss = 0.0;
        for first in (0..count).step_by(together) {
            let block = first..(first + together).min(count);
            let queries = &queries[block.start * width..block.end * width];
            let targets = &self.targets[block.clone()];
            let scores = &mut scores[..block.len() * self.candidates];
            let to_queries = &mut outcome.to_queries[block.start * width..block.end * width];
            // What the targets beyond the candidates have for a gradient, each of its query.
            let mut beyond = vec![0.0; block.len()];
            let losses: Vec<f64> = scores
                .par_chunks_mut((ROWS * self.candidates).max(1))
                .zip(queries.par_chunks(ROWS * width))
                .zip(to_queries.par_chunks_mut(ROWS * width))
                .zip(targets.par_chunks(ROWS).zip(beyond.par_chunks_mut(ROWS)))
                .map(|(((scores, queries), to_queries), (targets, beyond))| {
                    self.rows(queries, table, scores, to_queries, (targets, beyond), count)
                })
                .collect();
            loss += losses.iter().sum::<f64>();
            let (scores, columns) = (&*scores, self.candidates);
            let pieces = outcome.to_table[..candidates.len()].par_chunks_mut(COLUMNS * width);
            pieces.enumerate().for_each(|(number, piece)| {
                let across = piece.len() / width;
                let from = &scores[number * COLUMNS..];
                let scores = MatRef::from_row_major_slice_with_stride(from, block.len(), across, columns);
                let queries = MatRef::from_row_major_slice(queries, block.len(), width);
                let piece = MatMut::from_row_major_slice_mut(piece, across, width);
                matmul(piece, Accum::Add, scores.transpose(), queries, 1.0, Par::Seq);
            });
            for ((query, &target), &by) in queries.chunks_exact(width).zip(targets).zip(&beyond) {
                let place = &mut outcome.to_table[target as usize * width..][..width];
                place.iter_mut().zip(query).for_each(|(to, x)| *to += by * x);
            }
        }
        outcome.loss = (loss / count as f64) as f32;
        outcome
    }

    /// Some rows: their scores, which become the gradient of the scores, and the gradient of the queries.
    /// Gives the sum of their losses.
    fn rows(
        &self,
        queries: &[f32],
        table: &[f32],
        scores: &mut [f32],
        to_queries: &mut [f32],
        (targets, beyond): (&[u32], &mut [f32]),
        of: usize,
    ) -> f64 {
        let (width, columns, count) = (self.width, self.candidates, targets.len());
        let candidates = MatRef::from_row_major_slice(&table[..columns * width], columns, width);
        let rows = MatRef::from_row_major_slice(queries, count, width);
        let made = MatMut::from_row_major_slice_mut(&mut *scores, count, columns);
        matmul(made, Accum::Replace, rows, candidates.transpose(), 1.0, Par::Seq);
        let mut loss = 0.0;
        let each = scores.chunks_exact_mut(columns.max(1)).zip(targets).zip(beyond.iter_mut());
        for ((number, ((scores, &target), beyond)), query) in
            each.enumerate().zip(queries.chunks_exact(width))
        {
            let row = &table[target as usize * width..][..width];
            let own: f32 = query.iter().zip(row).map(|(x, y)| x * y).sum();
            let place = scores.get_mut(target as usize);
            // The target counts once and without the correction, whether it is a candidate or not.
            let is_candidate = place.is_some();
            if let Some(place) = place {
                *place = own - self.correction;
            }
            let own = own - self.correction;
            let (most, sum) = Arch::new().dispatch(Exponentials { scores: &mut *scores, least: own });
            let power = (own - most).exp();
            let sum = if is_candidate { sum } else { sum + power };
            loss += f64::from(sum.ln()) + f64::from(most - own);
            let factor = 1.0 / (sum * of as f32);
            scores.iter_mut().for_each(|score| *score *= factor);
            let by = power * factor - 1.0 / of as f32;
            match scores.get_mut(target as usize) {
                Some(place) => *place = by,
                None => {
                    *beyond = by;
                    let to = &mut to_queries[number * width..][..width];
                    to.iter_mut().zip(row).for_each(|(to, x)| *to = by * x);
                }
            }
        }
        let made = MatRef::from_row_major_slice(&*scores, count, columns);
        let to = MatMut::from_row_major_slice_mut(to_queries, count, width);
        matmul(to, Accum::Add, made, candidates, 1.0, Par::Seq);
        loss
    }
}

/// Makes each score `exp(score - most)`, where `most` is the largest of them and of `least`, and gives `most`
/// and the sum.
struct Exponentials<'a> {
    scores: &'a mut [f32],
    least: f32,
}

impl WithSimd for Exponentials<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let mut largest = [self.least; 16];
        for group in self.scores.chunks(16) {
            largest.iter_mut().zip(group).for_each(|(most, &x)| *most = if x > *most { x } else { *most });
        }
        let most = largest.into_iter().fold(self.least, f32::max);
        let mut sums = [0.0; 16];
        let (groups, rest) = self.scores.as_chunks_mut::<16>();
        for group in groups {
            for (sum, x) in sums.iter_mut().zip(group) {
                *x = exponential(*x - most);
                *sum += *x;
            }
        }
        for (sum, x) in sums.iter_mut().zip(rest) {
            *x = exponential(*x - most);
            *sum += *x;
        }
        (most, sums.iter().sum())
    }
}

/// `exp(x)` for `x` of at most 0, to 2 in ten million: a power of two times a polynomial of the remainder
/// (Cody and Waite 1980). Without a branch, so that it runs on many values at once.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    // Below this the result is no normal number any more.
    let x = if x > -87.0 { x } else { -87.0 };
    // Adding this rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let whole = x * std::f32::consts::LOG2_E + ROUND;
    let bits = whole.to_bits();
    let whole = whole - ROUND;
    // The logarithm of 2 in two parts, the first exact in few bits.
    let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let series = rest * (1.0 / 5040.0) + 1.0 / 720.0;
    let series = series * rest + 1.0 / 120.0;
    let series = series * rest + 1.0 / 24.0;
    let series = series * rest + 1.0 / 6.0;
    let series = series * rest + 0.5;
    let series = series * rest * rest + rest + 1.0;
    series * f32::from_bits(bits.wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn powers_are_right() {
        for number in 0..100_000 {
            let x = -(number as f32) * 9e-4;
            let (found, expected) = (exponential(x), x.max(-87.0).exp());
            assert!((found - expected).abs() <= 3e-7 * expected, "{x}: {found} {expected}");
        }
        assert_eq!(exponential(f32::NEG_INFINITY), exponential(-87.0));
    }

    /// The loss by its definition.
    fn naive(like: &Competition, queries: &[f64], table: &[f64]) -> f64 {
        let mut loss = 0.0;
        for (query, &target) in queries.chunks_exact(like.width).zip(&like.targets) {
            let score = |row: usize| -> f64 {
                query.iter().zip(&table[row * like.width..][..like.width]).map(|(x, y)| x * y).sum()
            };
            let own = score(target as usize);
            let others = (0..like.candidates).filter(|&row| row != target as usize);
            let sum: f64 = others.map(|row| (score(row) + f64::from(like.correction)).exp()).sum();
            loss += (sum + own.exp()).ln() - own;
        }
        loss / like.targets.len() as f64
    }

    fn check(count: usize, rows: usize, candidates: usize, correction: f32) {
        let width = 5;
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let targets = (0..count).map(|_| random.random_range(0..rows as u32)).collect();
        let like = Competition { width, candidates, correction, targets };
        let mut draw =
            |count: usize| (0..count).map(|_| random.random_range(-1.5..1.5)).collect::<Vec<f32>>();
        let (queries, table) = (draw(count * width), draw(rows * width));
        let found = like.run(&queries, &table);
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let (x, y) = (wide(&queries), wide(&table));
        let loss = naive(&like, &x, &y);
        assert!((f64::from(found.loss) - loss).abs() < 1e-5 * (1.0 + loss), "{} {loss}", found.loss);
        let step = 1e-5;
        let nudge = |values: &[f64], place: usize, by: f64| {
            let mut values = values.to_vec();
            values[place] += by;
            values
        };
        let close = |found: f32, up: f64, down: f64, what: &str| {
            let expected = (up - down) / (2.0 * step);
            let off = (f64::from(found) - expected).abs();
            assert!(off < 1e-5 + 1e-4 * expected.abs(), "{what} {count} {rows}: {found} {expected}");
        };
        for place in (0..x.len()).step_by(x.len().div_ceil(20)) {
            let at = |by| naive(&like, &nudge(&x, place, by), &y);
            close(found.to_queries[place], at(step), at(-step), "query");
        }
        for place in (0..y.len()).step_by(y.len().div_ceil(20)) {
            let at = |by| naive(&like, &x, &nudge(&y, place, by));
            close(found.to_table[place], at(step), at(-step), "table");
        }
    }

    #[test]
    fn agrees_with_its_definition_and_finite_differences() {
        check(7, 40, 40, 0.0);
        check(70, 600, 600, 0.0);
        check(40, 50, 20, 1.5);
        check(3, 9, 0, 0.0);
        check(1, 1, 1, 0.0);
    }

    #[test]
    fn what_does_not_fit_has_no_loss() {
        let like = |targets: Vec<u32>| Competition { width: 2, candidates: 2, correction: 0.0, targets };
        assert_eq!(like(vec![2]).run(&[1.0, 1.0], &[1.0; 4]).to_table, [0.0; 4]);
        assert_eq!(like(vec![]).run(&[], &[1.0; 4]).loss, 0.0);
        assert_eq!(like(vec![0]).run(&[1.0, 1.0], &[1.0; 2]).loss, 0.0);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut draw = |count: usize| (0..count).map(|_| random.random::<f32>()).collect::<Vec<f32>>();
        let (queries, table) = (draw(90 * 8), draw(700 * 8));
        let targets = (0..90).map(|query| query * 7).collect();
        let like = Competition { width: 8, candidates: 700, correction: 0.0, targets };
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| like.run(&queries, &table))
        };
        assert_eq!(with(1), with(3));
    }
}
