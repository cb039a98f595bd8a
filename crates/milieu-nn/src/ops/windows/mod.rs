//! Convolution over packed batches of sequences, `T x W`, and the largest of each channel over a sequence.

mod backward;
mod extension;

use crate::kernels::{Largest, Spans, Windows};
use burn::backend::Dispatch;
use burn::tensor::Tensor;
use extension::WindowsExtension;

/// Convolves `T x I` to `T x O` by `weight`, `O x (taps * I)` with an odd number of taps, plus a row of `O`; beyond the
/// ends of a sequence all is 0.
#[must_use]
pub fn convolve(
    input: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    taps: usize,
    spans: &Spans,
) -> Tensor<2> {
    let like = Windows { inputs: input.dims()[1], outputs: weight.dims()[0], taps, spans: spans.clone() };
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::windows_convolve(input, weight, bias, like))
}

/// The largest of each channel over each sequence, `N x W`; of a sequence without rows it is 0.
#[must_use]
pub fn largest(rows: Tensor<2>, spans: &Spans) -> Tensor<2> {
    let like = Largest { width: rows.dims()[1], spans: spans.clone() };
    Tensor::from_dispatch(Dispatch::windows_largest(rows.into_dispatch(), like))
}
