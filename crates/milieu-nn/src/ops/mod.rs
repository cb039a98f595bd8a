//! Differentiable operations that the framework would compute slowly on a processor, by [`crate::kernels`].

mod backward;
mod extension;
pub mod packed;
pub mod windows;

use crate::kernels::{Competition, ConvolutionShape, Moments, Normalisation, Pooling};
use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};
use extension::Extension;

/// How a convolution walks over its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Step between outputs, down and across; at least 1.
    pub stride: [usize; 2],
    /// Zeros on each side.
    pub padding: [usize; 2],
    /// Step between taps; at least 1.
    pub dilation: [usize; 2],
}

impl Default for Walk {
    fn default() -> Self {
        Self { stride: [1, 1], padding: [0, 0], dilation: [1, 1] }
    }
}

impl Walk {
    fn shape(
        self,
        [_, inputs, height, width]: [usize; 4],
        [outputs, _, h, w]: [usize; 4],
    ) -> ConvolutionShape {
        let Self { stride, padding, dilation } = self;
        ConvolutionShape { inputs, outputs, size: [height, width], kernel: [h, w], stride, padding, dilation }
    }
}

/// Convolves `N x C x H x W` with `O x C x h x w` to `N x O x H' x W'`.
#[must_use]
pub fn convolve(input: Tensor<4>, weights: Tensor<4>, walk: Walk) -> Tensor<4> {
    let shape = walk.shape(input.dims(), weights.dims());
    Tensor::from_dispatch(Dispatch::convolve(input.into_dispatch(), weights.into_dispatch(), shape))
}

/// Normalises each channel of `N x C x H x W` by the moments of the batch, which are handed out too, scales
/// and shifts it by `C` values each, and makes negative results 0 where `rectify` says so.
#[must_use]
pub fn normalise(
    input: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f32,
    rectify: bool,
) -> (Tensor<4>, Moments) {
    let [_, channels, height, width] = input.dims();
    let pixels = height * width;
    let data = input.clone().inner().into_data();
    let moments =
        data.as_slice().map_or_else(|_| Moments::default(), |values| Moments::of(values, channels, pixels));
    let like = Normalisation { channels, pixels, epsilon, rectify, moments: moments.clone(), of_batch: true };
    (normalise_like(input, scale, shift, like), moments)
}

/// Normalises by given moments: [`Normalisation::of_batch`] says whether gradients flow through them.
#[must_use]
pub fn normalise_like(
    input: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    like: Normalisation,
) -> Tensor<4> {
    let (input, scale, shift) = (input.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(Dispatch::normalise(input, scale, shift, like))
}

/// The largest of each `window x window` pixels; see [`Pooling`].
#[must_use]
pub fn max_pool(input: Tensor<4>, window: usize) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    Tensor::from_dispatch(Dispatch::max_pool(input.into_dispatch(), Pooling { height, width, window }))
}

/// Makes negative values 0.
#[must_use]
pub fn rectify<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::rectify(input.into_dispatch()))
}

/// Rows by their numbers; a number beyond the last gives the last.
///
/// # Panics
/// Where there are no rows, and some are picked.
#[must_use]
pub fn pick(rows: Tensor<2>, numbers: &[usize]) -> Tensor<2> {
    let last = rows.dims()[0].saturating_sub(1);
    let numbers: Vec<i32> =
        numbers.iter().map(|&number| i32::try_from(number.min(last)).unwrap_or(0)).collect();
    let numbers = Tensor::<1, Int>::from_data(numbers.as_slice(), &rows.device());
    rows.select(0, numbers)
}

/// Rows one below the other; all are of one width.
///
/// # Panics
/// Without any, or where widths differ.
#[must_use]
pub fn join(parts: Vec<Tensor<2>>) -> Tensor<2> {
    Tensor::cat(parts, 0)
}

/// Rows one behind the other; there is the same number of each.
///
/// # Panics
/// Without any, or where numbers differ.
#[must_use]
pub fn join_columns(parts: Vec<Tensor<2>>) -> Tensor<2> {
    Tensor::cat(parts, 1)
}

/// The mean cross-entropy of `queries`, `P x W`, that are to find their targets among the rows of `table`,
/// `R x W`, by their products; see [`Competition`]. Both get their gradients, and the scores are never held
/// together.
#[must_use]
pub fn compete(queries: Tensor<2>, table: Tensor<2>, like: Competition) -> Tensor<1> {
    let (loss, _, _) = Dispatch::compete(queries.into_dispatch(), table.into_dispatch(), like);
    Tensor::from_dispatch(loss)
}

#[cfg(test)]
mod tests {
    use super::packed::{attend, attend_near, gelu, layer_norm, linear, mean};
    use super::*;
    use crate::kernels::Spans;
    use burn::tensor::{Device, TensorData};
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Compares the gradients of the sum of `weigh * f(inputs)` with finite differences.
    fn check(shapes: &[&[usize]], f: impl Fn(&[Tensor<1>]) -> Tensor<1>, what: &str) {
        let device = Device::flex().autodiff();
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let values: Vec<Vec<f32>> = shapes
            .iter()
            .map(|shape| (0..shape.iter().product()).map(|_| random.random_range(-1.0..1.0)).collect())
            .collect();
        let tensor = |values: &[f32]| {
            Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), &device)
        };
        let weigh = |output: Tensor<1>| {
            let count = output.dims()[0];
            let weights: Vec<f32> = (0..count).map(|place| ((place * 7 % 11) as f32 - 5.0) / 5.0).collect();
            (output * tensor(&weights)).sum()
        };
        let loss = |values: &[Vec<f32>]| -> f64 {
            let inputs: Vec<Tensor<1>> = values.iter().map(|values| tensor(values)).collect();
            f64::from(weigh(f(&inputs)).into_scalar::<f32>())
        };
        let inputs: Vec<Tensor<1>> = values.iter().map(|values| tensor(values).require_grad()).collect();
        let gradients = weigh(f(&inputs)).backward();
        for (number, input) in inputs.iter().enumerate() {
            let found: Vec<f32> = input.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
            for place in (0..found.len()).step_by(found.len().div_ceil(40)) {
                let at = |by: f32| {
                    let mut values = values.clone();
                    values[number][place] += by;
                    loss(&values)
                };
                let step = 1e-2;
                let expected = (at(step) - at(-step)) / (2.0 * f64::from(step));
                let off = (f64::from(found[place]) - expected).abs();
                assert!(
                    off < 2e-2 * (1.0 + expected.abs()),
                    "{what} {number} {place}: {} {expected}",
                    found[place]
                );
            }
        }
    }

    fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
        tensor.flatten(0, D - 1)
    }

    fn packed_gradients() {
        let of = |x: &[Tensor<1>]| {
            flat(linear(x[0].clone().reshape([5, 3]), x[1].clone().reshape([4, 3]), x[2].clone()))
        };
        check(&[&[5, 3], &[4, 3], &[4]], of, "linear");
        let of = |x: &[Tensor<1>]| {
            flat(layer_norm(x[0].clone().reshape([3, 19]), x[1].clone(), x[2].clone(), 1e-3))
        };
        check(&[&[3, 19], &[19], &[19]], of, "layer_norm");
        check(&[&[40, 2]], |x| flat(gelu(x[0].clone().reshape([40, 2]) * 3.0)), "gelu");
        let spans = Spans::new([1, 0, 18, 5]);
        let of = |x: &[Tensor<1>]| flat(attend(x[0].clone().reshape([24, 12]), 2, spans.clone()));
        check(&[&[24, 12]], of, "attend");
        let of = |x: &[Tensor<1>]| {
            let (projected, table) = (x[0].clone().reshape([24, 12]), x[1].clone().reshape([8, 2]));
            flat(attend_near(projected, table, spans.clone()))
        };
        check(&[&[24, 12], &[8, 2]], of, "attend_near");
        let of = |x: &[Tensor<1>]| flat(mean(x[0].clone().reshape([24, 2]), &spans));
        check(&[&[24, 2]], of, "mean");
    }

    #[test]
    fn sequences_that_are_packed_see_only_themselves() {
        let device = Device::flex();
        let values: Vec<f32> = (0..24 * 12).map(|place| (place as f32 * 0.37).sin()).collect();
        let run = |values: &[f32], lengths: &[usize]| {
            let rows = values.len() / 12;
            let projected = Tensor::<2>::from_data(TensorData::new(values.to_vec(), [rows, 12]), &device);
            crate::values(attend(projected, 2, Spans::new(lengths.iter().copied())))
        };
        let whole = run(&values, &[1, 18, 5]);
        let apart =
            [run(&values[..12], &[1]), run(&values[12..19 * 12], &[18]), run(&values[19 * 12..], &[5])];
        assert_eq!(whole, apart.concat());
        // A position alone takes its own answer.
        assert_eq!(whole[..4], values[8..12]);
        // By hand: the first position of the last sequence, second head.
        let row = |position: usize| &values[(19 + position) * 12..][..12];
        let score = |other: usize| {
            (0..2).map(|place| row(0)[2 + place] * row(other)[6 + place]).sum::<f32>() / 2f32.sqrt()
        };
        let powers: Vec<f32> = (0..5).map(|other| score(other).exp()).collect();
        let sum: f32 = powers.iter().sum();
        for place in 0..2 {
            let expected: f32 = (0..5).map(|other| powers[other] / sum * row(other)[10 + place]).sum();
            let found = whole[19 * 4 + 2 + place];
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        for walk in [
            Walk::default(),
            Walk { padding: [1, 1], ..Walk::default() },
            Walk { stride: [2, 2], padding: [1, 0], dilation: [1, 2] },
        ] {
            let of = |x: &[Tensor<1>]| {
                flat(convolve(x[0].clone().reshape([2, 3, 7, 6]), x[1].clone().reshape([4, 3, 3, 3]), walk))
            };
            check(&[&[2, 3, 7, 6], &[4, 3, 3, 3]], of, "convolve");
        }
        let of = |x: &[Tensor<1>]| {
            flat(normalise(x[0].clone().reshape([3, 4, 2, 3]), x[1].clone(), x[2].clone(), 1e-3, false).0)
        };
        check(&[&[3, 4, 2, 3], &[4], &[4]], of, "normalise");
        check(&[&[2, 2, 4, 6]], |x| flat(max_pool(x[0].clone().reshape([2, 2, 4, 6]), 2)), "max_pool");
        check(&[&[50]], |x| rectify(x[0].clone()), "rectify");
        let of = |x: &[Tensor<1>]| {
            let like = Competition { width: 3, candidates: 6, correction: 0.5, targets: vec![0, 7, 3, 3, 5] };
            compete(x[0].clone().reshape([5, 3]), x[1].clone().reshape([8, 3]), like) * 3.0
        };
        check(&[&[5, 3], &[8, 3]], of, "compete");
        packed_gradients();
        // A tensor that is used twice, and one that lies in another order.
        let of = |x: &[Tensor<1>]| {
            let image = x[0].clone().reshape([1, 3, 5, 5]).swap_dims(2, 3);
            let weights = x[1].clone().reshape([3, 3, 3, 3]);
            let walk = Walk { padding: [1, 1], ..Walk::default() };
            flat(convolve(convolve(image.clone(), weights.clone(), walk) + image, weights, walk))
        };
        check(&[&[1, 3, 5, 5], &[3, 3, 3, 3]], of, "twice");
    }
}
