//! A factor matrix: one vector a row, padded with zeros to whole register tiles.

use super::kernels::tile_columns;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Rows that share one random stream.
const STREAM_ROWS: usize = 1024;

/// `rows()` vectors of `width()` numbers each, `stride()` apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    data: Vec<f32>,
    width: usize,
    stride: usize,
}

impl Table {
    /// All zero.
    pub(super) fn zeros(rows: usize, width: usize) -> Self {
        let stride = width.next_multiple_of(tile_columns());
        Self { data: vec![0.0; rows * stride], width, stride }
    }

    /// Uniform numbers of standard deviation `scale / sqrt(width)`, the same for any number of threads.
    pub(super) fn random(rows: usize, width: usize, scale: f32, seed: u64) -> Self {
        let mut table = Self::zeros(rows, width);
        let stride = table.stride;
        let bound = scale * (3.0 / width as f32).sqrt();
        table.data.par_chunks_mut(STREAM_ROWS * stride).enumerate().for_each(|(stream, rows)| {
            // The constant of the golden ratio spreads neighbouring streams over the seeds.
            let stream = (stream as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut rng = Pcg64Mcg::seed_from_u64(seed ^ stream);
            for row in rows.chunks_exact_mut(stride) {
                row[..width].iter_mut().for_each(|x| *x = rng.random_range(-bound..bound));
            }
        });
        table
    }

    /// Copies vectors without padding.
    pub(super) fn from_rows(rows: &[f32], width: usize) -> Self {
        let mut table = Self::zeros(rows.len() / width, width);
        for (to, from) in table.data.chunks_exact_mut(table.stride).zip(rows.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
        table
    }

    /// Drops the padding.
    pub(super) fn into_rows(mut self) -> Vec<f32> {
        if self.stride > self.width {
            let rows = self.rows();
            for row in 0..rows {
                let from = row * self.stride;
                self.data.copy_within(from..from + self.width, row * self.width);
            }
            self.data.truncate(rows * self.width);
            self.data.shrink_to_fit();
        }
        self.data
    }

    pub(super) fn rows(&self) -> usize {
        self.data.len() / self.stride
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    pub(super) fn data(&self) -> &[f32] {
        &self.data
    }

    pub(super) fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.stride..][..self.stride]
    }
}
