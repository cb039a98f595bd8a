//! The strongest frequencies of the item graph, by randomised subspace iteration (Halko et al. 2011).

use crate::FactorsError;
use crate::graph_filter::LowPassConfig;
use crate::scaling::Scaled;
use crate::sparse::multiply_in_parallel;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Rounds of subspace iteration; each multiplies the gap between kept and dropped frequencies.
const ROUNDS: usize = 8;

/// An orthonormal basis of the strongest frequencies.
#[derive(Debug, Clone)]
pub(crate) struct LowPass {
    /// Items x rank.
    basis: Vec<f32>,
    rank: usize,
    weight: f32,
}

impl LowPass {
    pub(crate) fn new(scaled: &Scaled, config: LowPassConfig) -> Self {
        let (users, items) = (scaled.by_user.users(), scaled.by_user.items());
        let rank = config.rank.min(users).min(items);
        let mut rng = Pcg64Mcg::seed_from_u64(config.seed);
        let mut basis: Vec<f32> = (0..items * rank).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut between = vec![0.0; users * rank];
        for _ in 0..ROUNDS {
            // A matrix of lower rank than asked for leaves nothing to keep beyond its own rank.
            if rank == 0 || orthonormalise(&mut basis, rank).is_err() {
                return Self { basis: Vec::new(), rank: 0, weight: 0.0 };
            }
            multiply_in_parallel(&scaled.by_user, &basis, rank, &mut between);
            multiply_in_parallel(&scaled.by_item, &between, rank, &mut basis);
        }
        match orthonormalise(&mut basis, rank) {
            Ok(()) => Self { basis, rank, weight: config.weight },
            Err(_) => Self { basis: Vec::new(), rank: 0, weight: 0.0 },
        }
    }

    /// The weighted projection of signals side by side (items x width).
    pub(crate) fn project(&self, signal: &[f32], width: usize) -> Vec<f32> {
        let items = signal.len() / width.max(1);
        let mut out = vec![0.0; signal.len()];
        if self.rank > 0 {
            let basis = MatRef::from_row_major_slice(&self.basis, items, self.rank);
            let signal = MatRef::from_row_major_slice(signal, items, width);
            let parts = basis.transpose() * signal;
            let out = MatMut::from_row_major_slice_mut(&mut out, items, width);
            matmul(out, Accum::Replace, basis, parts, self.weight, Par::Seq);
        }
        out
    }
}

/// Cholesky QR: makes the columns of a block (rows x width) orthonormal.
fn orthonormalise(block: &mut [f32], width: usize) -> Result<(), FactorsError> {
    let rows = block.len() / width;
    let threads = Par::rayon(0);
    let mut gram = Mat::<f32>::zeros(width, width);
    let view = MatRef::from_row_major_slice(block, rows, width);
    matmul(gram.as_mut(), Accum::Replace, view.transpose(), view, 1.0, threads);
    let mean = (0..width).map(|i| gram[(i, i)]).sum::<f32>() / width as f32;
    for place in 0..width {
        gram[(place, place)] += mean * 1e-6;
    }
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(width, threads, Default::default()));
    let stack = MemStack::new(&mut memory);
    cholesky_in_place(gram.as_mut(), Default::default(), threads, stack, Default::default())
        .map_err(|_| FactorsError::NotPositive { ridge: mean })?;
    let view = MatMut::from_row_major_slice_mut(block, rows, width);
    solve_lower_triangular_in_place(gram.as_ref(), view.transpose_mut(), threads);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interactions;
    use crate::scaling::Scaling;

    #[test]
    fn the_basis_spans_the_strongest_frequencies() {
        // Two blocks of users and items that share nothing: the two strongest frequencies are the blocks.
        let mut triples = Vec::new();
        for user in 0..12_u32 {
            for item in 0..4_u32 {
                triples.push((user, item + 4 * (user % 2), 1.0));
            }
        }
        triples.push((0, 8, 0.1));
        let data = Interactions::from_triples(12, 9, triples).unwrap();
        let scaled = Scaled::new(&data, Scaling { user: 0.0, item: 0.0, target: 0.0 });
        let low_pass = LowPass::new(&scaled, LowPassConfig { rank: 2, weight: 1.0, seed: 1 });
        let mut signal = vec![0.0; 9];
        signal[0] = 1.0;
        let passed = low_pass.project(&signal, 1);
        for (item, value) in passed.iter().enumerate() {
            let expected = if item < 4 { 0.25 } else { 0.0 };
            assert!((value - expected).abs() < 0.02, "{passed:?}");
        }
    }

    #[test]
    fn nothing_to_learn_passes_nothing() {
        let data = Interactions::from_triples(2, 3, vec![]).unwrap();
        let scaled = Scaled::new(&data, Scaling { user: 0.5, item: 0.5, target: 0.0 });
        let low_pass = LowPass::new(&scaled, LowPassConfig { rank: 5, weight: 1.0, seed: 1 });
        assert_eq!(low_pass.project(&[1.0; 3], 1), vec![0.0; 3]);
    }
}
