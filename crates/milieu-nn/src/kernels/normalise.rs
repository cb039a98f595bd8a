//! Batch normalisation of `N x C x P` values by channel (Ioffe and Szegedy 2015), with a rectifier on top
//! where it is wanted: three passes over memory instead of a dozen.

use pulp::Arch;
use rayon::prelude::*;

/// Mean and variance of each channel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moments {
    /// Means, `C`.
    pub mean: Vec<f32>,
    /// Variances over the batch, divided by the number of values, `C`.
    pub variance: Vec<f32>,
}

/// How a normalisation is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalisation {
    /// Channels.
    pub channels: usize,
    /// Pixels of an image; 1 for vectors.
    pub pixels: usize,
    /// Added to variances.
    pub epsilon: f32,
    /// Whether negative results become 0.
    pub rectify: bool,
    /// What is normalised by.
    pub moments: Moments,
    /// Whether the moments are those of the batch itself, so that gradients flow through them too.
    pub of_batch: bool,
}

impl Moments {
    /// The moments of a batch. Those of the planes are put together in `f64` and in one order, whatever the
    /// number of threads (Chan et al. 1979, section 2).
    #[must_use]
    pub fn of(values: &[f32], channels: usize, pixels: usize) -> Self {
        let arch = Arch::new();
        let of_channel = |channel: usize| {
            let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for plane in planes(values, channels, pixels, channel) {
                let (of_plane, of_squares) = arch.dispatch(|| plane_moments(plane));
                let (more, off) = (plane.len() as f64, f64::from(of_plane) - mean);
                squares += f64::from(of_squares) + off * off * count * more / (count + more);
                count += more;
                mean += off * more / count;
            }
            (mean as f32, (squares / f64::max(count, 1.0)) as f32)
        };
        let (mean, variance) = (0..channels).into_par_iter().map(of_channel).unzip();
        Self { mean, variance }
    }
}

impl Normalisation {
    /// `scale * (x - mean) / sqrt(variance + epsilon) + shift`; `output` is overwritten.
    pub fn forward(&self, input: &[f32], scale: &[f32], shift: &[f32], output: &mut [f32]) {
        let least = if self.rectify { 0.0 } else { f32::NEG_INFINITY };
        let pixels = self.pixels.max(1);
        let image = pixels * self.channels.max(1);
        let arch = Arch::new();
        input.par_chunks_exact(image).zip(output.par_chunks_exact_mut(image)).for_each(|(input, output)| {
            let planes = input.chunks_exact(pixels).zip(output.chunks_exact_mut(pixels));
            for (channel, (input, output)) in planes.enumerate() {
                let factor = scale[channel] * self.inverse(channel);
                let offset = shift[channel] - self.moments.mean[channel] * factor;
                arch.dispatch(|| scale_plane(input, factor, offset, least, output));
            }
        });
    }

    /// The gradients of input, scale and shift from that of the output. `output` is what the forward pass
    /// gave, and is read only with a rectifier.
    #[must_use]
    pub fn backward(
        &self,
        gradient: &[f32],
        input: &[f32],
        output: &[f32],
        scale: &[f32],
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let (channels, pixels) = (self.channels.max(1), self.pixels.max(1));
        let arch = Arch::new();
        let sums = |channel: usize| {
            let mean = self.moments.mean[channel];
            let of = |values| planes(values, channels, pixels, channel);
            let (mut to_shift, mut to_scale) = (0.0, 0.0);
            for ((gradient, input), output) in of(gradient).zip(of(input)).zip(of(output)) {
                let (shift, scale) =
                    arch.dispatch(|| gradient_sums([gradient, input, output], mean, self.rectify));
                to_shift += f64::from(shift);
                to_scale += f64::from(scale);
            }
            ((to_scale * f64::from(self.inverse(channel))) as f32, to_shift as f32)
        };
        let (to_scale, to_shift): (Vec<f32>, Vec<f32>) = (0..channels).into_par_iter().map(sums).unzip();
        let count = (input.len() / channels) as f32;
        let mut to_input = vec![0.0; input.len()];
        let image = pixels * channels;
        let images = gradient.par_chunks_exact(image).zip(input.par_chunks_exact(image));
        let images = images.zip(output.par_chunks_exact(image));
        images.zip(to_input.par_chunks_exact_mut(image)).for_each(|(((gradient, input), output), to)| {
            for (channel, to) in to.chunks_exact_mut(pixels).enumerate() {
                let place = channel * pixels..(channel + 1) * pixels;
                let inverse = self.inverse(channel);
                let factor = scale[channel] * inverse;
                let (mean_gradient, slope) = if self.of_batch {
                    (to_shift[channel] / count, to_scale[channel] / count * inverse)
                } else {
                    (0.0, 0.0)
                };
                let mean = self.moments.mean[channel];
                let values = [&gradient[place.clone()], &input[place.clone()], &output[place]];
                let line = [factor, mean_gradient - slope * mean, slope];
                arch.dispatch(|| gradient_plane(values, line, self.rectify, to));
            }
        });
        (to_input, to_scale, to_shift)
    }

    fn inverse(&self, channel: usize) -> f32 {
        1.0 / (self.moments.variance[channel] + self.epsilon).sqrt()
    }
}

/// The planes of one channel.
fn planes(values: &[f32], channels: usize, pixels: usize, channel: usize) -> impl Iterator<Item = &[f32]> {
    values.chunks_exact(pixels.max(1)).skip(channel).step_by(channels.max(1))
}

/// Sums that are taken side by side.
type Lanes = [f32; 16];

/// `max(input * factor + offset, least)`.
#[inline(always)]
fn scale_plane(input: &[f32], factor: f32, offset: f32, least: f32, output: &mut [f32]) {
    for (to, from) in output.iter_mut().zip(input) {
        *to = (from * factor + offset).max(least);
    }
}

/// The sums of a plane's gradient, and of its gradient times what the input lies off the mean.
#[inline(always)]
fn gradient_sums([gradient, input, output]: [&[f32]; 3], mean: f32, rectify: bool) -> (f32, f32) {
    let (mut shift, mut scale) = (Lanes::default(), Lanes::default());
    let count = gradient.len().min(input.len()).min(output.len());
    let (gradient, input, output) = (&gradient[..count], &input[..count], &output[..count]);
    let mut one = |lane: usize, place: usize| {
        let gradient = if !rectify || output[place] > 0.0 { gradient[place] } else { 0.0 };
        shift[lane] += gradient;
        scale[lane] += gradient * (input[place] - mean);
    };
    let whole = count / 16 * 16;
    for first in (0..whole).step_by(16) {
        for lane in 0..16 {
            one(lane, first + lane);
        }
    }
    for place in whole..count {
        one(place - whole, place);
    }
    (shift.iter().sum(), scale.iter().sum())
}

/// `factor * (gradient - constant - slope * input)`, with the gradient of what the rectifier lets pass.
#[inline(always)]
fn gradient_plane(
    [gradient, input, output]: [&[f32]; 3],
    [factor, constant, slope]: [f32; 3],
    rectify: bool,
    to: &mut [f32],
) {
    let count = to.len().min(gradient.len()).min(input.len()).min(output.len());
    let (gradient, input, output, to) =
        (&gradient[..count], &input[..count], &output[..count], &mut to[..count]);
    for place in 0..count {
        let gradient = if !rectify || output[place] > 0.0 { gradient[place] } else { 0.0 };
        to[place] = factor * (gradient - constant - slope * input[place]);
    }
}

/// The mean of a plane, and the sum of squares of what lies off it.
#[inline(always)]
fn plane_moments(plane: &[f32]) -> (f32, f32) {
    let mean = lane_sum(plane, |x| x) / plane.len().max(1) as f32;
    (mean, lane_sum(plane, |x| (x - mean) * (x - mean)))
}

#[inline(always)]
fn lane_sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = Lanes::default();
    let (groups, rest) = values.as_chunks::<16>();
    for group in groups {
        for lane in 0..16 {
            sums[lane] += of(group[lane]);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum += of(x);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const CHANNELS: usize = 3;

    fn draw(count: usize, seed: u64) -> Vec<f32> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        (0..count).map(|_| random.random_range(-2.0..2.0)).collect()
    }

    /// The same by its definition, in `f64`; `moments` are the batch's own where there are none.
    fn naive(input: &[f64], scale: &[f64], shift: &[f64], pixels: usize, like: &Normalisation) -> Vec<f64> {
        let channel = |place: usize| place / pixels % CHANNELS;
        let mut output = vec![0.0; input.len()];
        for c in 0..CHANNELS {
            let own: Vec<f64> =
                input.iter().enumerate().filter(|(place, _)| channel(*place) == c).map(|(_, &x)| x).collect();
            let (mean, variance) = if like.of_batch {
                let mean = own.iter().sum::<f64>() / own.len() as f64;
                (mean, own.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / own.len() as f64)
            } else {
                (f64::from(like.moments.mean[c]), f64::from(like.moments.variance[c]))
            };
            for place in (0..input.len()).filter(|&place| channel(place) == c) {
                let x = (input[place] - mean) / (variance + f64::from(like.epsilon)).sqrt();
                let y = scale[c] * x + shift[c];
                output[place] = if like.rectify { y.max(0.0) } else { y };
            }
        }
        output
    }

    fn check(images: usize, pixels: usize, rectify: bool, of_batch: bool) {
        let input = draw(images * CHANNELS * pixels, 1);
        let (scale, shift) = (vec![0.7, -1.2, 2.0], vec![0.1, 0.4, -0.3]);
        let gradient = draw(input.len(), 2);
        let moments = if of_batch {
            Moments::of(&input, CHANNELS, pixels)
        } else {
            Moments { mean: vec![0.2, -0.1, 0.0], variance: vec![1.0, 0.5, 2.0] }
        };
        let like = Normalisation { channels: CHANNELS, pixels, epsilon: 1e-5, rectify, moments, of_batch };
        let mut output = vec![f32::NAN; input.len()];
        like.forward(&input, &scale, &shift, &mut output);
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let (x, a, b) = (wide(&input), wide(&scale), wide(&shift));
        for (found, expected) in output.iter().zip(naive(&x, &a, &b, pixels, &like)) {
            assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
        }
        let loss = |x: &[f64], a: &[f64], b: &[f64]| -> f64 {
            naive(x, a, b, pixels, &like).iter().zip(&gradient).map(|(y, &g)| y * f64::from(g)).sum()
        };
        let (to_input, to_scale, to_shift) = like.backward(&gradient, &input, &output, &scale);
        let nudge = |values: &[f64], place: usize, by: f64| {
            let mut values = values.to_vec();
            values[place] += by;
            values
        };
        let step = 1e-5;
        let close = |found: f32, up: f64, down: f64, what: &str| {
            let expected = (up - down) / (2.0 * step);
            let off = (f64::from(found) - expected).abs();
            assert!(off < 2e-3 * (1.0 + expected.abs()), "{what}: {found} {expected}");
        };
        for place in (0..x.len()).step_by(7) {
            let at = |by| loss(&nudge(&x, place, by), &a, &b);
            close(to_input[place], at(step), at(-step), "input");
        }
        for c in 0..CHANNELS {
            close(
                to_scale[c],
                loss(&x, &nudge(&a, c, step), &b),
                loss(&x, &nudge(&a, c, -step), &b),
                "scale",
            );
            close(
                to_shift[c],
                loss(&x, &a, &nudge(&b, c, step)),
                loss(&x, &a, &nudge(&b, c, -step)),
                "shift",
            );
        }
    }

    #[test]
    fn agrees_with_its_definition_and_finite_differences() {
        for (images, pixels) in [(4, 36), (9, 1), (2, 17)] {
            for rectify in [false, true] {
                check(images, pixels, rectify, true);
                check(images, pixels, rectify, false);
            }
        }
    }
}
