//! Scores of a whole catalogue for many queries, without holding them all.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Queries whose scores one thread makes at once.
const ROWS: usize = 16;

/// Hands the products of each query, rows of `width`, with all rows of `table` to `each`, with the query's
/// number, and gives what it makes of them in the order of the queries.
pub fn scores<T: Send>(
    queries: &[f32],
    table: &[f32],
    width: usize,
    each: impl Fn(usize, &mut [f32]) -> T + Sync,
) -> Vec<T> {
    let width = width.max(1);
    let rows = table.len() / width;
    let table = MatRef::from_row_major_slice(&table[..rows * width], rows, width);
    let blocks = queries.par_chunks(ROWS * width).enumerate();
    let made = blocks.map_init(Vec::new, |scores, (number, queries)| {
        let count = queries.len() / width;
        scores.resize(count * rows, 0.0);
        let queries = MatRef::from_row_major_slice(&queries[..count * width], count, width);
        let out = MatMut::from_row_major_slice_mut(scores, count, rows);
        matmul(out, Accum::Replace, queries, table.transpose(), 1.0, Par::Seq);
        let mut each = |row: usize| each(number * ROWS + row, &mut scores[row * rows..(row + 1) * rows]);
        (0..count).map(&mut each).collect::<Vec<T>>()
    });
    made.collect::<Vec<Vec<T>>>().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_query_gets_its_own() {
        let table = [1.0, 0.0, 0.0, 1.0, 2.0, 2.0];
        let queries: Vec<f32> = (0..70).map(|x| x as f32).collect();
        let found = scores(&queries, &table, 2, |number, scores| (number, scores.to_vec()));
        assert_eq!(found.len(), 35);
        for (number, (query, (at, scores))) in queries.chunks(2).zip(found).enumerate() {
            assert_eq!((at, scores), (number, vec![query[0], query[1], 2.0 * (query[0] + query[1])]));
        }
        assert_eq!(scores(&[], &table, 2, |_, _| ()).len(), 0);
    }
}
