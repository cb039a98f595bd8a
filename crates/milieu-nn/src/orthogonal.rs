//! Matrices made nearly orthogonal, for steps that are as long in every direction.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Scale};

/// The polynomial `a x + b x^3 + c x^5`, which brings singular values from 0 to 1 near to 1 soon, though not to
/// it (Jordan et al. 2024, "Muon: an optimizer for hidden layers", kellerjordan.github.io/posts/muon).
const COEFFICIENTS: [f32; 3] = [3.4445, -4.7750, 2.0315];
/// How often it is applied.
const ROUNDS: usize = 5;
/// What a length of nothing is taken for.
const LEAST: f32 = 1e-12;

/// A matrix of so many columns, row by row, with its singular values brought to between about 0.7 and 1.2. It
/// stays nothing where it is nothing.
pub(crate) fn orthogonalised(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns.max(1);
    let length = values.iter().map(|x| x * x).sum::<f32>().sqrt().max(LEAST);
    let given = MatRef::from_row_major_slice(values, rows, columns);
    // Products are made of the shorter side.
    let given = if rows > columns { given.transpose() } else { given };
    let mut matrix = Mat::from_fn(given.nrows(), given.ncols(), |row, column| given[(row, column)] / length);
    let (short, long) = (matrix.nrows(), matrix.ncols());
    let (mut square, mut fourth) = (Mat::<f32>::zeros(short, short), Mat::<f32>::zeros(short, short));
    let mut next = Mat::<f32>::zeros(short, long);
    let [a, b, c] = COEFFICIENTS;
    let par = Par::rayon(0);
    for _ in 0..ROUNDS {
        matmul(square.as_mut(), Accum::Replace, matrix.as_ref(), matrix.transpose(), 1.0, par);
        matmul(fourth.as_mut(), Accum::Replace, square.as_ref(), square.as_ref(), c, par);
        fourth += Scale(b) * &square;
        matmul(next.as_mut(), Accum::Replace, fourth.as_ref(), matrix.as_ref(), 1.0, par);
        next += Scale(a) * &matrix;
        std::mem::swap(&mut matrix, &mut next);
    }
    let mut out = vec![0.0; rows * columns];
    let mut made = MatMut::from_row_major_slice_mut(&mut out, rows, columns);
    let matrix = if rows > columns { matrix.transpose() } else { matrix.as_ref() };
    made.copy_from(matrix);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_come_near_to_one() {
        fn check(values: &[f32], columns: usize) {
            let made = orthogonalised(values, columns);
            let rows = values.len() / columns;
            let matrix = Mat::from_fn(rows, columns, |row, column| made[row * columns + column]);
            let singular = matrix.singular_values().unwrap();
            assert!(singular.iter().all(|value| (0.65..1.25).contains(value)), "{singular:?}");
            // The directions stay.
            let dot: f32 = values.iter().zip(&made).map(|(x, y)| x * y).sum();
            assert!(dot > 0.0);
        }
        let wave: Vec<f32> = (0..96).map(|place| ((place * place) as f32 * 0.7).sin() * 40.0).collect();
        check(&wave, 24);
        check(&wave, 4);
        check(&[3.0, 0.0, 0.0, 0.5], 2);
        assert_eq!(orthogonalised(&[0.0; 6], 3), [0.0; 6]);
    }
}
