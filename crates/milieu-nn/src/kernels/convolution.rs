//! Two-dimensional convolution of batches: forward, and the gradients of input and weights.

use super::plan::{BackwardPhase, ConvolutionShape, Plan};
use super::tile::{Image, MOST_PIXELS, interleave, pack, sums_over_pixels, sums_over_taps, together};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Into how many parts a batch is split for the weights' gradient, whatever the number of threads: the
/// parts are added in order, so that the sum is the same to the bit on every number of threads.
const PARTS: usize = 8;
/// Bytes of planes that stay near the processor while the weights' gradient runs over them many times.
const NEAR: usize = 256 << 10;

/// A convolution that is ready to run.
#[derive(Debug, Clone)]
pub struct Convolution {
    shape: ConvolutionShape,
    forward: Plan,
    backward: Vec<BackwardPhase>,
}

/// Memory of one thread.
#[derive(Default)]
struct Scratch {
    planes: Vec<f32>,
    result: Vec<f32>,
}

impl Convolution {
    /// Plans a convolution.
    #[must_use]
    pub fn new(shape: ConvolutionShape) -> Self {
        Self { shape, forward: Plan::forward(&shape), backward: BackwardPhase::all(&shape) }
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &ConvolutionShape {
        &self.shape
    }

    /// `input` is `N x C x H x W`, `weights` `O x C x h x w`, `bias` `O` or empty, `output` `N x O x H' x W'`;
    /// `output` is overwritten. Whole images only; what is left over is not touched.
    pub fn forward(&self, input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
        let (shape, plan) = (&self.shape, &self.forward);
        let taps = shape.taps();
        let mut packed = Vec::new();
        pack(shape.outputs, taps, |output, tap| weights[output * taps + tap], &mut packed);
        let images = input.par_chunks_exact(shape.input_len().max(1));
        images.zip(output.par_chunks_exact_mut(shape.output_len().max(1))).for_each_init(
            Scratch::default,
            |scratch, (image, output)| {
                let stride = scratch.run(plan, image, shape.size, &packed, shape.outputs);
                let [height, width] = plan.result;
                for (number, output) in output.chunks_exact_mut(height * width).enumerate() {
                    let bias = bias.get(number).copied().unwrap_or(0.0);
                    let result = scratch.result[number * stride..].chunks(plan.plane[1]);
                    for (row, result) in output.chunks_exact_mut(width).zip(result) {
                        row.iter_mut().zip(result).for_each(|(to, from)| *to = from + bias);
                    }
                }
            },
        );
    }

    /// The gradient of the input from that of the output, `N x O x H' x W'`; `input` is overwritten.
    pub fn backward_input(&self, gradient: &[f32], weights: &[f32], input: &mut [f32]) {
        let shape = &self.shape;
        let size = shape.output_size();
        let area = shape.kernel[0] * shape.kernel[1];
        let packed: Vec<Vec<f32>> = self
            .backward
            .iter()
            .map(|phase| {
                let mut packed = Vec::new();
                let weight = |input: usize, tap: usize| {
                    let (output, [row, column]) =
                        (tap / phase.taps.len(), phase.taps[tap % phase.taps.len()]);
                    weights[(output * shape.inputs + input) * area + row * shape.kernel[1] + column]
                };
                pack(shape.inputs, phase.plan.offsets.len(), weight, &mut packed);
                packed
            })
            .collect();
        let images = gradient.par_chunks_exact(shape.output_len().max(1));
        images.zip(input.par_chunks_exact_mut(shape.input_len().max(1))).for_each_init(
            || vec![Scratch::default(); self.backward.len()],
            |scratch, (image, input)| {
                for ((phase, packed), scratch) in self.backward.iter().zip(&packed).zip(scratch) {
                    let stride = scratch.run(&phase.plan, image, size, packed, shape.inputs);
                    let [height, width] = shape.size;
                    for (channel, input) in input.chunks_exact_mut(height * width).enumerate() {
                        let result = scratch.result[channel * stride..].chunks(phase.plan.plane[1]);
                        let rows =
                            input.chunks_exact_mut(width).skip(phase.first[0]).step_by(shape.stride[0]);
                        for (row, result) in rows.zip(result) {
                            let row = row.iter_mut().skip(phase.first[1]).step_by(shape.stride[1]);
                            row.zip(result).for_each(|(to, &from)| *to = from);
                        }
                    }
                }
            },
        );
    }

    /// The gradient of the weights, `O x C x h x w`, summed over the batch; `weights` is overwritten.
    pub fn backward_weights(&self, input: &[f32], gradient: &[f32], weights: &mut [f32]) {
        let images = gradient.len() / self.shape.output_len().max(1);
        let part = images.div_ceil(PARTS).max(1);
        let parts: Vec<usize> = (0..images).step_by(part).collect();
        let parts: Vec<Vec<f32>> = parts
            .into_par_iter()
            .map(|first| self.weights_of(input, gradient, first..(first + part).min(images)))
            .collect();
        let (taps, tile) = (self.shape.taps(), together());
        for (output, weights) in weights.chunks_exact_mut(taps.max(1)).enumerate() {
            let first = output / tile * tile * taps + output % tile;
            for (tap, weight) in weights.iter_mut().enumerate() {
                *weight = parts.iter().map(|part| part[first + tap * tile]).sum();
            }
        }
    }

    /// The sums of [`sums_over_pixels`] over some images.
    fn weights_of(&self, input: &[f32], gradient: &[f32], images: Range<usize>) -> Vec<f32> {
        let (shape, plan, tile) = (&self.shape, &self.forward, together());
        let outputs = shape.outputs.next_multiple_of(tile);
        let pixels = plan.result[0] * plan.result[1];
        let planes = plan.source_len(MOST_PIXELS);
        let near = (NEAR / size_of::<f32>() / planes).clamp(1, images.len().max(1));
        let mut sums = vec![0.0; outputs * shape.taps()];
        let mut sources = vec![0.0; planes * near];
        let mut gradients = vec![0.0; outputs * pixels * near];
        for first in images.clone().step_by(near) {
            let numbers = first..(first + near).min(images.end);
            let mut ready = Vec::with_capacity(near);
            let places = sources.chunks_exact_mut(planes).zip(gradients.chunks_exact_mut(outputs * pixels));
            for (number, (source, interleaved)) in numbers.zip(places) {
                let of = |length: usize| number * length..(number + 1) * length;
                plan.lay(&input[of(shape.input_len())], shape.size, source);
                interleave(&gradient[of(shape.output_len())], pixels, tile, interleaved);
                ready.push(Image { gradient: interleaved, source });
            }
            Arch::new().dispatch(Pixels { plan, images: &ready, sums: &mut sums });
        }
        sums
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Scratch {
    /// Computes the result of an image, and gives the length of its rows.
    fn run(&mut self, plan: &Plan, image: &[f32], size: [usize; 2], packed: &[f32], outputs: usize) -> usize {
        let stride = plan.span().next_multiple_of(MOST_PIXELS);
        self.planes.resize(plan.source_len(MOST_PIXELS), 0.0);
        self.result.resize(stride * outputs, 0.0);
        plan.lay(image, size, &mut self.planes);
        Arch::new().dispatch(Taps {
            plan,
            source: &self.planes,
            packed,
            outputs,
            out: &mut self.result,
            stride,
        });
        stride
    }
}

struct Taps<'a> {
    plan: &'a Plan,
    source: &'a [f32],
    packed: &'a [f32],
    outputs: usize,
    out: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Taps<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, source, packed, outputs, out, stride } = self;
        sums_over_taps(simd, source, &plan.offsets, packed, (outputs, plan.span()), (out, stride));
    }
}

struct Pixels<'a> {
    plan: &'a Plan,
    images: &'a [Image<'a>],
    sums: &'a mut [f32],
}

impl WithSimd for Pixels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, images, sums } = self;
        sums_over_pixels(simd, images, &plan.offsets, (plan.result, plan.plane[1]), sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Calls `each` with the numbers of an output value, an input value and a weight that meet.
    fn meetings(s: &ConvolutionShape, images: usize, mut each: impl FnMut(usize, usize, usize)) {
        let [height, width] = s.output_size();
        for image in 0..images {
            for output in 0..s.outputs {
                for y in 0..height {
                    for x in 0..width {
                        let out = ((image * s.outputs + output) * height + y) * width + x;
                        for channel in 0..s.inputs {
                            for row in 0..s.kernel[0] {
                                for column in 0..s.kernel[1] {
                                    let at = |axis: usize, place: usize, tap: usize| {
                                        (place * s.stride[axis] + tap * s.dilation[axis])
                                            .checked_sub(s.padding[axis])
                                            .filter(|&at| at < s.size[axis])
                                    };
                                    let (Some(in_y), Some(in_x)) = (at(0, y, row), at(1, x, column)) else {
                                        continue;
                                    };
                                    let from =
                                        ((image * s.inputs + channel) * s.size[0] + in_y) * s.size[1] + in_x;
                                    let tap = (channel * s.kernel[0] + row) * s.kernel[1] + column;
                                    each(out, from, output * s.taps() + tap);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn close(found: &[f32], expected: &[f64], what: &str) {
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            let off = (f64::from(*found) - expected).abs();
            assert!(off < 1e-4 * (1.0 + expected.abs()), "{what} {place}: {found} {expected}");
        }
    }

    fn check(shape: ConvolutionShape, images: usize) {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut draw =
            |count: usize| -> Vec<f32> { (0..count).map(|_| random.random_range(-1.0..1.0)).collect() };
        let input = draw(images * shape.input_len());
        let weights = draw(shape.outputs * shape.taps());
        let bias = draw(shape.outputs);
        let gradient = draw(images * shape.output_len());
        let area = shape.output_len() / shape.outputs;
        let mut output: Vec<f64> =
            (0..gradient.len()).map(|at| f64::from(bias[at / area % shape.outputs])).collect();
        let mut to_input = vec![0.0; input.len()];
        let mut to_weights = vec![0.0; weights.len()];
        meetings(&shape, images, |out, from, weight| {
            output[out] += f64::from(input[from]) * f64::from(weights[weight]);
            to_input[from] += f64::from(gradient[out]) * f64::from(weights[weight]);
            to_weights[weight] += f64::from(gradient[out]) * f64::from(input[from]);
        });
        let convolution = Convolution::new(shape);
        let mut found = vec![f32::NAN; output.len()];
        convolution.forward(&input, &weights, &bias, &mut found);
        close(&found, &output, "output");
        let mut found = vec![f32::NAN; input.len()];
        convolution.backward_input(&gradient, &weights, &mut found);
        close(&found, &to_input, "input");
        let mut found = vec![f32::NAN; weights.len()];
        convolution.backward_weights(&input, &gradient, &mut found);
        close(&found, &to_weights, "weights");
    }

    #[test]
    fn agrees_with_the_definition() {
        let plain = ConvolutionShape {
            inputs: 3,
            outputs: 8,
            size: [32, 32],
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
        };
        check(plain, 3);
        check(ConvolutionShape { stride: [2, 2], ..plain }, 2);
        check(ConvolutionShape { stride: [2, 2], kernel: [1, 1], padding: [0, 0], ..plain }, 2);
        check(ConvolutionShape { kernel: [1, 1], padding: [2, 2], ..plain }, 1);
        check(ConvolutionShape { inputs: 20, outputs: 13, size: [4, 4], ..plain }, 17);
    }

    proptest! {
        #[test]
        fn any_shape_agrees(
            (inputs, outputs, images) in (1..5_usize, 1..9_usize, 1..4_usize),
            size in [1..12_usize, 1..12_usize],
            kernel in [1..6_usize, 1..6_usize],
            stride in [1..4_usize, 1..4_usize],
            padding in [0..4_usize, 0..4_usize],
            dilation in [1..3_usize, 1..3_usize],
        ) {
            let shape = ConvolutionShape { inputs, outputs, size, kernel, stride, padding, dilation };
            prop_assume!(shape.output_len() > 0);
            check(shape, images);
        }
    }
}
