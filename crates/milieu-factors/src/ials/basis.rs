//! The basis in which a Gram matrix is diagonal.
//!
//! Rotating both factor matrices by the same orthogonal matrix changes neither a prediction nor the length
//! of a vector. In the eigenbasis of the fixed side's Gram matrix the part of every row's system that all
//! pairs share is diagonal, so that a row with few interactions needs a system of their number only.

use super::config::IalsError;
use super::table::Table;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows multiplied together in single precision.
const ROWS: usize = 512;

/// Most partial sums of a Gram matrix: a fixed number, so that rounding does not depend on the threads.
const PARTS: usize = 64;

/// Eigenvectors and eigenvalues of a Gram matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// Width x width, row-major; column `k` is the eigenvector of `values[k]`.
    rotation: Vec<f32>,
    /// Not negative.
    pub(super) values: Vec<f32>,
    width: usize,
}

impl Basis {}

/// `table^T table`, stride x stride.
pub(super) fn gram(table: &Table) -> Mat<f64> {
    let stride = table.stride();
    let rows_each = table.rows().div_ceil(PARTS).max(ROWS);
    let sum_of = |rows: &[f32]| {
        let mut sum = Mat::<f64>::zeros(stride, stride);
        let mut part = Mat::<f32>::zeros(stride, stride);
        for rows in rows.chunks(ROWS * stride) {
            let rows = MatRef::from_row_major_slice(rows, rows.len() / stride, stride);
            triangular::matmul(
                part.as_mut(),
                triangular::BlockStructure::TriangularLower,
                Accum::Replace,
                rows.transpose(),
                triangular::BlockStructure::Rectangular,
                rows,
                triangular::BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
            for column in 0..stride {
                for row in column..stride {
                    sum[(row, column)] += f64::from(part[(row, column)]);
                }
            }
        }
        sum
    };
    let parts: Vec<Mat<f64>> = table.data().par_chunks(rows_each * stride).map(sum_of).collect();
    let mut sum = Mat::zeros(stride, stride);
    for part in parts {
        sum += part;
    }
    for column in 0..stride {
        for row in 0..column {
            sum[(row, column)] = sum[(column, row)];
        }
    }
    sum
}

impl Basis {
    /// The eigenbasis of a table's Gram matrix.
    pub(super) fn of(table: &Table) -> Result<Self, IalsError> {
        let size = table.width();
        let gram = gram(table);
        let mut values = Diag::<f64>::zeros(size);
        let mut vectors = Mat::<f64>::zeros(size, size);
        let scratch =
            self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        self_adjoint_evd(
            gram.submatrix(0, 0, size, size),
            values.as_mut(),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Default::default(),
        )
        .map_err(|_| IalsError::NoSpectrum(size))?;
        let mut rotation = vec![0.0; size * size];
        for (row, line) in rotation.chunks_exact_mut(size).enumerate() {
            line.iter_mut().enumerate().for_each(|(k, to)| *to = vectors[(row, k)] as f32);
        }
        let values = (0..size).map(|k| values[k].max(0.0) as f32).collect();
        Ok(Self { rotation, values, width: size })
    }

    /// Whether the parts fit vectors of this length.
    pub(super) fn is_sound(&self, width: usize) -> bool {
        self.width == width
            && self.values.len() == width
            && self.rotation.len() == width * width
            && self.values.iter().all(|value| value.is_finite() && *value >= 0.0)
            && self.rotation.iter().all(|x| x.is_finite())
    }

    /// Turns every vector of a table into this basis.
    pub(super) fn enter(&self, table: &mut Table) {
        self.multiply(table, MatRef::from_row_major_slice(&self.rotation, self.width, self.width));
    }

    /// The reverse of [`Self::enter`].
    pub(super) fn leave(&self, table: &mut Table) {
        let rotation = MatRef::from_row_major_slice(&self.rotation, self.width, self.width);
        self.multiply(table, rotation.transpose());
    }

    fn multiply(&self, table: &mut Table, by: MatRef<'_, f32>) {
        let stride = table.stride();
        table.data_mut().par_chunks_mut(ROWS * stride).for_each_init(Vec::new, |before, rows| {
            before.clear();
            before.extend_from_slice(rows);
            let count = rows.len() / stride;
            let from = MatRef::from_row_major_slice(before.as_slice(), count, stride);
            let to = MatMut::from_row_major_slice_mut(rows, count, stride);
            let from = from.subcols(0, self.width);
            matmul(to.subcols_mut(0, self.width), Accum::Replace, from, by, 1.0, Par::Seq);
        });
    }
}
