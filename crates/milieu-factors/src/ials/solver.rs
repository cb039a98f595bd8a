//! One row's least squares problem, given the other side.
//!
//! With `D = alpha0 * eigenvalues + lambda` (diagonal, see [`super::basis`]), `C` the confidences above
//! `alpha0` and `Y` the other side's vectors of the row's interactions, the row is the solution of
//! `(D + Y^T C Y) x = Y^T t` with `t = C + alpha0`. With `W = C^1/2 Y D^-1/2` and `s = D^1/2 x` that becomes
//! `(I + W^T W) s = W^T C^-1/2 t`, or, with one unknown an interaction, `s = W^T z` with
//! `(I + W W^T) z = C^-1/2 t`.

use super::cholesky::{self, Room};
use super::kernels::{TILE_ROWS, add_gram, add_scaled, dot, outer_gram, scaled_copy, tile_width};
use super::prefetch::prefetch;
use super::table::Table;
use pulp::Simd;
use std::ops::Range;

/// Rows gathered at a time: with blocks of 64 unknowns they fill a quarter of a first level cache, the next chunk another.
const CHUNK: usize = 32;

/// What all rows of one side share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem<'a> {
    /// The other side, in the basis where its Gram matrix is diagonal.
    pub(super) other: &'a Table,
    /// The eigenvalues of that matrix; the padding has none.
    pub(super) eigenvalues: &'a [f32],
    pub(super) alpha: f32,
    pub(super) unobserved_weight: f32,
    /// Unknowns solved together; the stride or more for exact solutions.
    pub(super) block: usize,
}

/// Work space, kept from row to row.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// `W`, or a chunk of one block of it.
    gathered: Vec<f32>,
    system: Vec<f32>,
    right: Vec<f32>,
    residual: Vec<f32>,
    /// `D^-1/2`.
    inverse_root: Vec<f32>,
    /// `s`.
    scaled: Vec<f32>,
    room: Room,
}

/// One row's interactions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) columns: &'a [u32],
    pub(super) weights: &'a [f32],
    pub(super) regularization: f32,
}

fn reset(buffer: &mut Vec<f32>, length: usize) {
    buffer.clear();
    buffer.resize(length, 0.0);
}

impl Problem<'_> {
    /// Asks for the first vectors of a row, or for a block of each, ahead of their use.
    #[inline(always)]
    pub(super) fn fetch(&self, columns: &[u32], block: Range<usize>) {
        for &column in columns.iter().take(CHUNK) {
            prefetch(&self.other.row(column as usize)[block.clone()]);
        }
    }

    /// Replaces `x` (one stride) by the row's vector, or improves it where blocks are used.
    #[inline(always)]
    pub(super) fn solve<S: Simd>(&self, simd: S, row: Row<'_>, x: &mut [f32], scratch: &mut Scratch) {
        if row.columns.is_empty() {
            x.fill(0.0);
            return;
        }
        scratch.inverse_root.clear();
        let diagonal = self.eigenvalues.iter().map(|value| self.unobserved_weight * value);
        scratch.inverse_root.extend(diagonal.map(|value| (value + row.regularization).sqrt().recip()));
        scratch.inverse_root.resize(x.len(), 1.0);
        let unknowns = self.block.min(x.len());
        if row.columns.len() <= unknowns {
            self.solve_by_interactions(simd, row, x, scratch);
        } else {
            self.solve_by_blocks(simd, row, x, scratch);
        }
    }

    /// Root of the confidence above `alpha0`, and the target in its units, of an interaction.
    #[inline(always)]
    fn target(&self, weight: f32) -> (f32, f32) {
        let root = (self.alpha * weight).sqrt();
        (root, root + self.unobserved_weight / root)
    }

    /// Exact, by a system with one unknown an interaction.
    #[inline(always)]
    fn solve_by_interactions<S: Simd>(&self, simd: S, row: Row<'_>, x: &mut [f32], scratch: &mut Scratch) {
        let stride = x.len();
        let size = row.columns.len().next_multiple_of(TILE_ROWS);
        let system_stride = size.next_multiple_of(tile_width::<S>().max(TILE_ROWS));
        scratch.gathered.resize(size * stride, 0.0);
        scratch.gathered[row.columns.len() * stride..].fill(0.0);
        reset(&mut scratch.right, system_stride);
        let pairs = row.columns.iter().zip(row.weights);
        let places = scratch.gathered.chunks_exact_mut(stride).zip(&mut scratch.right);
        for ((&column, &weight), (to, right)) in pairs.zip(places) {
            let (root, target) = self.target(weight);
            scaled_copy(simd, root, &scratch.inverse_root, self.other.row(column as usize), to);
            *right = target;
        }
        reset(&mut scratch.system, size * system_stride);
        outer_gram(simd, &scratch.gathered, stride, &mut scratch.system, system_stride);
        add_identity(&mut scratch.system, system_stride);
        cholesky::solve(simd, &mut scratch.system, system_stride, &mut scratch.right, &mut scratch.room);
        x.fill(0.0);
        for (line, &z) in scratch.gathered.chunks_exact(stride).zip(&scratch.right) {
            add_scaled(simd, z, line, x);
        }
        for (x, root) in x.iter_mut().zip(&scratch.inverse_root) {
            *x *= root;
        }
    }

    /// One pass over the blocks of unknowns, each block exact given the others (Rendle et al. 2021, iALS++,
    /// algorithm 2). With a single block nothing is left of the `x` before.
    #[inline(always)]
    fn solve_by_blocks<S: Simd>(&self, simd: S, row: Row<'_>, x: &mut [f32], scratch: &mut Scratch) {
        let stride = x.len();
        let block = self.block.next_multiple_of(tile_width::<S>().max(TILE_ROWS));
        let single = block >= stride;
        if single {
            x.fill(0.0);
        }
        scratch.residual.clear();
        for (&column, &weight) in row.columns.iter().zip(row.weights) {
            let (root, target) = self.target(weight);
            let predicted = if single { 0.0 } else { dot(simd, self.other.row(column as usize), x) };
            scratch.residual.push(target - root * predicted);
        }
        scratch.scaled.clear();
        scratch.scaled.extend(x.iter().zip(&scratch.inverse_root).map(|(x, root)| x / root));
        for start in (0..stride).step_by(block) {
            let end = (start + block).min(stride);
            self.solve_block(simd, row, start..end, scratch);
            if !single {
                let steps = scratch.right.iter_mut().zip(&scratch.inverse_root[start..end]);
                steps.for_each(|(step, root)| *step *= root);
                let pairs = row.columns.iter().zip(row.weights);
                for (residual, (&column, &weight)) in scratch.residual.iter_mut().zip(pairs) {
                    let other = &self.other.row(column as usize)[start..end];
                    *residual -= self.target(weight).0 * dot(simd, other, &scratch.right);
                }
            }
        }
        for (x, (s, root)) in x.iter_mut().zip(scratch.scaled.iter().zip(&scratch.inverse_root)) {
            *x = s * root;
        }
    }

    /// Adds to a block of `s` the step that makes it exact, and leaves the step in `right`.
    #[inline(always)]
    fn solve_block<S: Simd>(&self, simd: S, row: Row<'_>, block: Range<usize>, scratch: &mut Scratch) {
        let width = block.len();
        scratch.right.clear();
        scratch.right.extend(scratch.scaled[block.clone()].iter().map(|s| -s));
        reset(&mut scratch.system, width * width);
        scratch.gathered.resize((CHUNK * width).max(scratch.gathered.len()), 0.0);
        let roots = &scratch.inverse_root[block.clone()];
        let chunks = row.columns.chunks(CHUNK).zip(row.weights.chunks(CHUNK));
        for (place, ((columns, weights), residuals)) in chunks.zip(scratch.residual.chunks(CHUNK)).enumerate()
        {
            let gathered = &mut scratch.gathered[..columns.len() * width];
            let pairs = columns.iter().zip(weights).zip(residuals);
            for (((&column, &weight), &residual), to) in pairs.zip(gathered.chunks_exact_mut(width)) {
                let other = &self.other.row(column as usize)[block.clone()];
                scaled_copy(simd, self.target(weight).0, roots, other, to);
                add_scaled(simd, residual, to, &mut scratch.right);
            }
            self.fetch(row.columns.get((place + 1) * CHUNK..).unwrap_or_default(), block.clone());
            add_gram(simd, gathered, width, &mut scratch.system);
        }
        add_identity(&mut scratch.system, width);
        cholesky::solve(simd, &mut scratch.system, width, &mut scratch.right, &mut scratch.room);
        for (s, step) in scratch.scaled[block].iter_mut().zip(&scratch.right) {
            *s += step;
        }
    }
}

fn add_identity(matrix: &mut [f32], stride: usize) {
    for (row, line) in matrix.chunks_exact_mut(stride).enumerate() {
        line[row] += 1.0;
    }
}
