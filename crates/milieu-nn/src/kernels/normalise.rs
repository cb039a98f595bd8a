//! Batch normalisation of `N x C x P` values by channel (Ioffe and Szegedy 2015), with a rectifier on top
//! where it is wanted: three passes over memory instead of a dozen.

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
    /// The moments of a batch. Sums are in `f64` and in one order, whatever the number of threads.
    #[must_use]
    pub fn of(values: &[f32], channels: usize, pixels: usize) -> Self {
        let of_channel = |channel: usize| {
            let planes = || planes(values, channels, pixels, channel);
            let count = (values.len() / channels.max(1)).max(1) as f64;
            let mean = planes().map(|plane| sum(plane, f64::from)).sum::<f64>() / count;
            let square = |x: f32| (f64::from(x) - mean) * (f64::from(x) - mean);
            let variance = planes().map(|plane| sum(plane, square)).sum::<f64>() / count;
            (mean as f32, variance as f32)
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
        input.par_chunks_exact(image).zip(output.par_chunks_exact_mut(image)).for_each(|(input, output)| {
            let planes = input.chunks_exact(pixels).zip(output.chunks_exact_mut(pixels));
            for (channel, (input, output)) in planes.enumerate() {
                let factor = scale[channel] * self.inverse(channel);
                let offset = shift[channel] - self.moments.mean[channel] * factor;
                for (to, from) in output.iter_mut().zip(input) {
                    *to = (from * factor + offset).max(least);
                }
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
        let passes = |output: f32| !self.rectify || output > 0.0;
        let sums = |channel: usize| {
            let mean = self.moments.mean[channel];
            let of = |values| planes(values, channels, pixels, channel);
            let (mut to_shift, mut to_scale) = (0.0, 0.0);
            for ((gradient, input), output) in of(gradient).zip(of(input)).zip(of(output)) {
                let (mut shift, mut scale) = (Lanes::default(), Lanes::default());
                for ((gradient, input), output) in lanes(gradient).zip(lanes(input)).zip(lanes(output)) {
                    for lane in 0..gradient.len() {
                        let gradient = if passes(output[lane]) { gradient[lane] } else { 0.0 };
                        shift[lane] += gradient;
                        scale[lane] += gradient * (input[lane] - mean);
                    }
                }
                to_shift += total(shift);
                to_scale += total(scale);
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
                let values = gradient[place.clone()].iter().zip(&input[place.clone()]).zip(&output[place]);
                for (to, ((&gradient, &input), &output)) in to.iter_mut().zip(values) {
                    let gradient = if passes(output) { gradient } else { 0.0 };
                    *to = factor * (gradient - mean_gradient - slope * (input - mean));
                }
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

/// Values sixteen at a time; the last group is filled up with zeros, which pass no rectifier and add nothing.
fn lanes(values: &[f32]) -> impl Iterator<Item = Lanes> + '_ {
    values.chunks(16).map(|chunk| {
        let mut lanes = Lanes::default();
        lanes[..chunk.len()].copy_from_slice(chunk);
        lanes
    })
}

fn total(lanes: Lanes) -> f64 {
    lanes.iter().map(|&x| f64::from(x)).sum()
}

fn sum(values: &[f32], of: impl Fn(f32) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let groups = values.chunks_exact(8);
    let rest: f64 = groups.remainder().iter().map(|&x| of(x)).sum();
    for group in groups {
        sums.iter_mut().zip(group).for_each(|(sum, &x)| *sum += of(x));
    }
    sums.iter().sum::<f64>() + rest
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
