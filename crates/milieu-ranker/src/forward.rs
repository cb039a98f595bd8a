//! The forward pass for many rows.
//!
//! Four rows go through the layers together, so that a weight is loaded once for four uses. Each row's sums are in its own
//! lanes and are added in the same order whatever its neighbours are, so a row's result is the same to the bit alone and
//! in any batch.

use crate::model::{MAX_FEATURES, MAX_HIDDEN, Parameters};
use pulp::{Arch, Simd, WithSimd};

/// Rows computed together.
const TILE: usize = 4;
/// The most lanes of a register: heads are padded to it.
const LANES: usize = 16;

/// Weights laid out for the forward pass of this processor.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    features: usize,
    tasks: usize,
    /// Padded with zeros to a multiple of [`LANES`], and so are the two below.
    mean: Vec<f32>,
    inverse_deviation: Vec<f32>,
    clamp: f32,
    /// Blocks of two registers of hidden units; in a block the bias, then the weights of each feature.
    first: Vec<f32>,
    hidden: usize,
    /// Blocks of one register of tasks; in a block the bias, then the weights of each hidden unit. Calibration is
    /// multiplied in.
    second: Vec<f32>,
}

impl Packed {
    pub(crate) fn new(p: &Parameters) -> Self {
        let lanes = Arch::new().dispatch(Lanes);
        let (features, tasks) = (p.feature_names.len(), p.task_names.len());
        let units = p.hidden_bias.len();
        let hidden = units.next_multiple_of(2 * lanes);
        let mut first = Vec::with_capacity(hidden * (features + 1));
        for block in (0..hidden).step_by(2 * lanes) {
            let in_block = block..block + 2 * lanes;
            first.extend(in_block.clone().map(|unit| at(&p.hidden_bias, unit)));
            for weights in p.hidden_weights.chunks_exact(units) {
                first.extend(in_block.clone().map(|unit| at(weights, unit)));
            }
        }
        let mut second = Vec::new();
        for block in (0..tasks).step_by(lanes) {
            let in_block = block..block + lanes;
            second.extend(in_block.clone().map(|task| {
                at(&p.head_bias, task) * at(&p.calibration_slope, task) + at(&p.calibration_offset, task)
            }));
            for unit in 0..hidden {
                let weights = p.head_weights.get(unit * tasks..(unit + 1) * tasks);
                second.extend(
                    in_block
                        .clone()
                        .map(|task| weights.map_or(0.0, |w| at(w, task) * at(&p.calibration_slope, task))),
                );
            }
        }
        let padded = features.next_multiple_of(LANES);
        let inverse = |deviation: &f32| if *deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        let mut mean = p.mean.clone();
        let mut inverse_deviation: Vec<f32> = p.deviation.iter().map(inverse).collect();
        mean.resize(padded, 0.0);
        inverse_deviation.resize(padded, 0.0);
        Self { features, tasks, mean, inverse_deviation, clamp: p.clamp, first, hidden, second }
    }

    /// `rows` is `n x F`, `out` is `n x A`.
    pub(crate) fn predict(&self, rows: &[f32], out: &mut [f32]) {
        Arch::new().dispatch(Predict { packed: self, rows, out });
    }
}

fn at(values: &[f32], place: usize) -> f32 {
    values.get(place).copied().unwrap_or(0.0)
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        S::F32_LANES
    }
}

struct Predict<'a> {
    packed: &'a Packed,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Predict<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, rows, out } = self;
        let (features, tasks) = (packed.features, packed.tasks);
        let mut standard = [[0.0; MAX_FEATURES]; TILE];
        let mut hidden = [[0.0; MAX_HIDDEN]; TILE];
        let tiles = rows.chunks(TILE * features);
        for (rows, out) in tiles.zip(out.chunks_mut(TILE * tasks)) {
            for (row, standard) in rows.chunks_exact(features).zip(&mut standard) {
                standardise(simd, packed, row, standard);
            }
            first_layer(simd, packed, &standard, &mut hidden);
            second_layer(simd, packed, &hidden, out);
        }
    }
}

/// Standard scores within the clamp; a missing value becomes the mean.
#[inline(always)]
fn standardise<S: Simd>(simd: S, packed: &Packed, row: &[f32], out: &mut [f32; MAX_FEATURES]) {
    let most = simd.splat_f32s(packed.clamp);
    let least = simd.splat_f32s(-packed.clamp);
    let zero = simd.splat_f32s(0.0);
    let (row, tail) = S::as_simd_f32s(row);
    let tail = (!tail.is_empty()).then(|| simd.partial_load_f32s(tail));
    let mean = S::as_simd_f32s(&packed.mean).0;
    let inverse = S::as_simd_f32s(&packed.inverse_deviation).0;
    let out = S::as_mut_simd_f32s(out).0;
    for (((out, x), mean), inverse) in out.iter_mut().zip(row.iter().chain(&tail)).zip(mean).zip(inverse) {
        let z = simd.mul_f32s(simd.sub_f32s(*x, *mean), *inverse);
        let is_number = simd.equal_f32s(z, z);
        let z = simd.min_f32s(simd.max_f32s(z, least), most);
        *out = simd.select_f32s(is_number, z, zero);
    }
}

#[inline(always)]
fn first_layer<S: Simd>(
    simd: S,
    packed: &Packed,
    standard: &[[f32; MAX_FEATURES]; TILE],
    hidden: &mut [[f32; MAX_HIDDEN]; TILE],
) {
    let zero = simd.splat_f32s(0.0);
    let block = 2 * S::F32_LANES;
    let blocks = packed.first.chunks_exact(block * (packed.features + 1));
    for (number, weights) in blocks.enumerate() {
        let Some(([low, high], weights)) = S::as_simd_f32s(weights).0.as_chunks::<2>().0.split_first() else {
            continue;
        };
        let mut sums = [[*low, *high]; TILE];
        let weights = &weights[..packed.features];
        for (feature, [low, high]) in weights.iter().enumerate() {
            for (sums, standard) in sums.iter_mut().zip(standard) {
                let z = simd.splat_f32s(standard[feature]);
                sums[0] = simd.mul_add_e_f32s(z, *low, sums[0]);
                sums[1] = simd.mul_add_e_f32s(z, *high, sums[1]);
            }
        }
        for (sums, hidden) in sums.iter().zip(hidden.iter_mut()) {
            let out = S::as_mut_simd_f32s(&mut hidden[number * block..][..block]).0;
            out[0] = simd.max_f32s(sums[0], zero);
            out[1] = simd.max_f32s(sums[1], zero);
        }
    }
}

#[inline(always)]
fn second_layer<S: Simd>(simd: S, packed: &Packed, hidden: &[[f32; MAX_HIDDEN]; TILE], out: &mut [f32]) {
    let tasks = packed.tasks;
    let zero = simd.splat_f32s(0.0);
    let blocks = packed.second.chunks_exact(S::F32_LANES * (packed.hidden + 1));
    for (number, weights) in blocks.enumerate() {
        let Some((bias, weights)) = S::as_simd_f32s(weights).0.split_first() else {
            continue;
        };
        // Two sums a row: with one, each addition would wait for the one before it.
        let mut even = [*bias; TILE];
        let mut odd = [zero; TILE];
        for (pair, [w_even, w_odd]) in weights.as_chunks::<2>().0.iter().enumerate() {
            for row in 0..TILE {
                let h_even = simd.splat_f32s(hidden[row][2 * pair]);
                let h_odd = simd.splat_f32s(hidden[row][2 * pair + 1]);
                even[row] = simd.mul_add_e_f32s(h_even, *w_even, even[row]);
                odd[row] = simd.mul_add_e_f32s(h_odd, *w_odd, odd[row]);
            }
        }
        let first = number * S::F32_LANES;
        let width = S::F32_LANES.min(tasks - first);
        for ((out, even), odd) in out.chunks_exact_mut(tasks).zip(even).zip(odd) {
            let mut logits = [0.0f32; LANES];
            let logit = simd.add_f32s(even, odd);
            simd.partial_store_f32s(&mut logits[..S::F32_LANES], logit);
            for logit in &mut logits[..S::F32_LANES] {
                *logit = sigmoid(*logit);
            }
            out[first..first + width].copy_from_slice(&logits[..width]);
        }
    }
}

/// `1 / (1 + exp(-x))` with a relative error below 1e-6, without a branch, so that the loop around it becomes vector
/// code. Strictly between 0 and 1 for every number.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // exp(-x) = 2^n * 2^f with n whole and |f| at most one half. Adding 1.5 * 2^23 rounds to a whole number, which is
    // then in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let t = (-x).clamp(-16.0, 87.0) * std::f32::consts::LOG2_E;
    let rounded = t + ROUND;
    let f = t - (rounded - ROUND);
    let power = f32::from_bits(rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
    // Taylor coefficients of 2^f: ln(2)^k / k!.
    let series = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5
                + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_356 + f * 0.000_154_035_3)))));
    1.0 / (1.0 + power * series)
}

#[cfg(test)]
mod tests {
    use super::sigmoid;

    #[test]
    fn sigmoid_is_close_and_inside_the_unit_interval() {
        for step in -2000..=2000 {
            let x = step as f32 * 0.05;
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            let found = f64::from(sigmoid(x));
            assert!(found > 0.0 && found < 1.0, "{x}: {found}");
            if x.abs() < 15.0 {
                assert!((found / exact - 1.0).abs() < 2e-6, "{x}: {found} {exact}");
            }
        }
        for x in [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN] {
            assert!(sigmoid(x) > 0.0 && sigmoid(x) < 1.0);
        }
    }
}
