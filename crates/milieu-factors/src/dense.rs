//! Dense symmetric matrices: Gram matrices of sparse rows and their regularised inverses.

use crate::{FactorsError, Interactions};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;

/// `rows * rows^T` for the rows of a sparse matrix; `columns` is its transpose.
pub(crate) fn gram(rows: &Interactions, columns: &Interactions) -> Mat<f32> {
    let mut out = Mat::<f32>::zeros(rows.users(), rows.users());
    out.par_col_iter_mut().enumerate().for_each(|(this, mut out)| {
        for (&column, &weight) in rows.row(this).iter().zip(rows.row_weights(this)) {
            let column = column as usize;
            for (&other, &value) in columns.row(column).iter().zip(columns.row_weights(column)) {
                out[other as usize] += weight * value;
            }
        }
    });
    out
}

/// Replaces the symmetric positive semidefinite matrix by `(matrix + ridge I)^-1`, by way of its
/// Cholesky factor. Needs one more matrix of that size while it works.
///
/// # Errors
/// [`FactorsError::NotPositive`] where rounding leaves no Cholesky factor: the ridge is too small.
pub(crate) fn invert_with_ridge(mut matrix: Mat<f32>, ridge: f32) -> Result<Mat<f32>, FactorsError> {
    let n = matrix.nrows();
    let threads = Par::rayon(0);
    for place in 0..n {
        matrix[(place, place)] += ridge;
    }
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(n, threads, Default::default()));
    let stack = MemStack::new(&mut memory);
    cholesky_in_place(matrix.as_mut(), Default::default(), threads, stack, Default::default())
        .map_err(|_| FactorsError::NotPositive { ridge })?;
    let mut inverse = Mat::<f32>::zeros(n, n);
    invert_lower_triangular(inverse.as_mut(), matrix.as_ref(), threads);
    triangular::matmul(
        matrix.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        inverse.transpose(),
        BlockStructure::TriangularUpper,
        inverse.as_ref(),
        BlockStructure::TriangularLower,
        1.0,
        threads,
    );
    drop(inverse);
    for column in 0..n {
        for row in 0..column {
            matrix[(row, column)] = matrix[(column, row)];
        }
    }
    Ok(matrix)
}

/// A column as a slice.
pub(crate) fn column(matrix: &Mat<f32>, place: usize) -> &[f32] {
    matrix.col_as_slice(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_times_matrix_is_identity() {
        let rows = Interactions::from_triples(
            3,
            4,
            vec![(0, 0, 1.0), (0, 1, 2.0), (1, 1, 1.0), (1, 3, 0.5), (2, 2, 3.0)],
        )
        .unwrap();
        let gram = gram(&rows, &rows.transpose());
        assert_eq!((gram[(0, 0)], gram[(0, 1)], gram[(2, 2)]), (5.0, 2.0, 9.0));
        let inverse = invert_with_ridge(gram.clone(), 0.5).unwrap();
        let product = &inverse * (gram + Mat::<f32>::identity(3, 3) * faer::Scale(0.5));
        for row in 0..3 {
            for column in 0..3 {
                let expected = if row == column { 1.0 } else { 0.0 };
                assert!((product[(row, column)] - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn refuses_what_has_no_factor() {
        let negative = Mat::<f32>::from_fn(2, 2, |row, column| if row == column { -1.0 } else { 0.0 });
        assert!(invert_with_ridge(negative, 0.5).is_err());
    }
}
