//! Maximum and mean over windows that do not overlap, of planes.

use rayon::prelude::*;

/// Windows of `window x window` pixels, side by side over planes of `height x width`; a rest at the lower
/// and right edge is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooling {
    /// Height of a plane.
    pub height: usize,
    /// Width of a plane.
    pub width: usize,
    /// Side of a window, 1 to 16.
    pub window: usize,
}

impl Pooling {
    /// Height and width of what comes out.
    #[must_use]
    pub fn output_size(&self) -> [usize; 2] {
        [self.height / self.window.max(1), self.width / self.window.max(1)]
    }

    /// The largest of each window, and in which place of the window, row by row, it first stood.
    pub fn max(&self, input: &[f32], output: &mut [f32], places: &mut [u8]) {
        let [height, width] = self.output_size();
        let (plane, pooled) = ((self.height * self.width).max(1), (height * width).max(1));
        let planes = input.par_chunks_exact(plane).zip(output.par_chunks_exact_mut(pooled));
        planes.zip(places.par_chunks_exact_mut(pooled)).for_each(|((input, output), places)| {
            let rows = output.chunks_exact_mut(width.max(1)).zip(places.chunks_exact_mut(width.max(1)));
            for (y, (output, places)) in rows.enumerate() {
                output.fill(f32::NEG_INFINITY);
                places.fill(0);
                for dy in 0..self.window {
                    let row = &input[(y * self.window + dy) * self.width..][..self.width];
                    for dx in 0..self.window {
                        let place = (dy * self.window + dx) as u8;
                        let values = row[dx..].iter().step_by(self.window);
                        for ((best, at), &value) in output.iter_mut().zip(places.iter_mut()).zip(values) {
                            // A NaN wins, so that it is seen.
                            let better = value > *best || value.is_nan();
                            *best = if better { value } else { *best };
                            *at = if better { place } else { *at };
                        }
                    }
                }
            }
        });
    }

    /// The gradient of the input of [`Pooling::max`]; `to_input` is overwritten.
    pub fn max_backward(&self, gradient: &[f32], places: &[u8], to_input: &mut [f32]) {
        let [height, width] = self.output_size();
        let (plane, pooled) = ((self.height * self.width).max(1), (height * width).max(1));
        let planes = gradient.par_chunks_exact(pooled).zip(places.par_chunks_exact(pooled));
        planes.zip(to_input.par_chunks_exact_mut(plane)).for_each(|((gradient, places), to_input)| {
            to_input.fill(0.0);
            let rows = gradient.chunks_exact(width.max(1)).zip(places.chunks_exact(width.max(1)));
            for (y, (gradient, places)) in rows.enumerate() {
                for (x, (&gradient, &place)) in gradient.iter().zip(places).enumerate() {
                    let (dy, dx) = (usize::from(place) / self.window, usize::from(place) % self.window);
                    to_input[(y * self.window + dy) * self.width + x * self.window + dx] = gradient;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_by_hand() {
        let pooling = Pooling { height: 3, width: 5, window: 2 };
        let input = [1.0, 2.0, 7.0, 7.0, 99.0, 4.0, 3.0, 5.0, 6.0, 99.0, 99.0, 99.0, 99.0, 99.0, 99.0];
        let (mut output, mut places) = ([0.0; 2], [9; 2]);
        pooling.max(&input, &mut output, &mut places);
        assert_eq!((output, places), ([4.0, 7.0], [2, 0]));
        let mut to_input = [f32::NAN; 15];
        pooling.max_backward(&[0.5, -1.0], &places, &mut to_input);
        let mut expected = [0.0; 15];
        (expected[5], expected[2]) = (0.5, -1.0);
        assert_eq!(to_input, expected);
        pooling.max(&[f32::NAN; 15], &mut output, &mut places);
        assert!(output.iter().all(|x| x.is_nan()));
    }
}
