//! Normalisation of rows (Ba et al. 2016): one pass over memory each way.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Rows of a thread's share.
const ROWS: usize = 16;

/// How rows are normalised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// Values of a row; at least 1.
    pub width: usize,
    /// Added to variances.
    pub epsilon: f32,
}

impl LayerNorm {
    /// `scale * (x - mean) / sqrt(variance + epsilon) + shift`; `output` is overwritten.
    pub fn forward(&self, input: &[f32], scale: &[f32], shift: &[f32], output: &mut [f32]) {
        let width = self.width.max(1);
        let arch = Arch::new();
        let rows = input.par_chunks(width * ROWS).zip(output.par_chunks_mut(width * ROWS));
        rows.for_each(|(input, output)| {
            arch.dispatch(Forward { epsilon: self.epsilon, input, scale, shift, output });
        });
    }

    /// The gradients of input, scale and shift from that of the output.
    #[must_use]
    pub fn backward(&self, gradient: &[f32], input: &[f32], scale: &[f32]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let width = self.width.max(1);
        let arch = Arch::new();
        let mut to_input = vec![0.0; input.len()];
        let rows = gradient.par_chunks(width * ROWS).zip(input.par_chunks(width * ROWS));
        let sums = rows.zip(to_input.par_chunks_mut(width * ROWS)).map(|((gradient, input), to)| {
            let mut sums = vec![0.0; 2 * width];
            arch.dispatch(Backward { epsilon: self.epsilon, gradient, input, scale, to, sums: &mut sums });
            sums
        });
        // In one order, whatever the number of threads.
        let sums: Vec<Vec<f32>> = sums.collect();
        let mut to_scale = vec![0.0; width];
        let mut to_shift = vec![0.0; width];
        for part in &sums {
            let (of_scale, of_shift) = part.split_at(width);
            to_scale.iter_mut().zip(of_scale).for_each(|(sum, x)| *sum += x);
            to_shift.iter_mut().zip(of_shift).for_each(|(sum, x)| *sum += x);
        }
        (to_input, to_scale, to_shift)
    }
}

/// The mean of a row and one over its deviation.
#[inline(always)]
fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = sum(row, |x| x) / count;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// A sum in sixteen parts, which a compiler may work out together.
#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (parts, rest) = row.as_chunks::<16>();
    let mut sums = [0.0; 16];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, &x)| *sum += of(x));
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&x| of(x)).sum::<f32>()
}

// Structures and not closures: a compiler may leave the call of a closure as it is, without the processor's features.

struct Forward<'a> {
    epsilon: f32,
    input: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    output: &'a mut [f32],
}

impl NullaryFnOnce for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.scale.len();
        for (input, output) in self.input.chunks_exact(width).zip(self.output.chunks_exact_mut(width)) {
            let (mean, inverse) = moments(input, self.epsilon);
            let values = output.iter_mut().zip(input).zip(self.scale).zip(self.shift);
            values.for_each(|(((to, x), scale), shift)| *to = (x - mean) * inverse * scale + shift);
        }
    }
}

struct Backward<'a> {
    epsilon: f32,
    gradient: &'a [f32],
    input: &'a [f32],
    scale: &'a [f32],
    to: &'a mut [f32],
    /// The gradients of scale and shift.
    sums: &'a mut [f32],
}

impl NullaryFnOnce for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.scale.len();
        let rows = self.gradient.chunks_exact(width).zip(self.input.chunks_exact(width));
        for ((gradient, input), to) in rows.zip(self.to.chunks_exact_mut(width)) {
            row_backward(self.epsilon, gradient, input, self.scale, to, self.sums);
        }
    }
}

#[inline(always)]
fn row_backward(
    epsilon: f32,
    gradient: &[f32],
    input: &[f32],
    scale: &[f32],
    to: &mut [f32],
    sums: &mut [f32],
) {
    let count = input.len() as f32;
    let (mean, inverse) = moments(input, epsilon);
    let (to_scale, to_shift) = sums.split_at_mut(input.len());
    to.iter_mut().zip(gradient).zip(scale).for_each(|((to, gradient), scale)| *to = gradient * scale);
    let mean_gradient = sum(to, |x| x) / count;
    for ((to_scale, to_shift), (&gradient, &x)) in
        to_scale.iter_mut().zip(to_shift).zip(gradient.iter().zip(input))
    {
        *to_scale += gradient * (x - mean) * inverse;
        *to_shift += gradient;
    }
    let mut products = [0.0; 16];
    let (parts, rest) = to.as_chunks::<16>();
    let (inputs, rest_inputs) = input.as_chunks::<16>();
    for (part, input) in parts.iter().zip(inputs) {
        for ((sum, to), x) in products.iter_mut().zip(part).zip(input) {
            *sum += to * (x - mean);
        }
    }
    let product = products.iter().sum::<f32>()
        + rest.iter().zip(rest_inputs).map(|(to, x)| to * (x - mean)).sum::<f32>();
    let slope = product * inverse * inverse / count;
    for (to, &x) in to.iter_mut().zip(input) {
        *to = inverse * (*to - mean_gradient - (x - mean) * slope);
    }
}
