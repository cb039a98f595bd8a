//! Maximum and mean over windows that do not overlap, of planes.

use pulp::Arch;
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

    /// The largest of each window; a NaN wins, so that it is seen.
    pub fn max(&self, input: &[f32], output: &mut [f32]) {
        let [height, width] = self.output_size();
        let (plane, pooled) = ((self.height * self.width).max(1), (height * width).max(1));
        let planes = input.par_chunks_exact(plane).zip(output.par_chunks_exact_mut(pooled));
        planes.for_each(|(input, output)| {
            for (y, output) in output.chunks_exact_mut(width.max(1)).enumerate() {
                let rows = self.rows(input, y);
                if self.window == 2 {
                    Arch::new().dispatch(|| pairs(rows, output));
                    continue;
                }
                for (x, output) in output.iter_mut().enumerate() {
                    *output = self.first_largest(rows, x).1;
                }
            }
        });
    }

    /// The gradient of the input of [`Pooling::max`]: that of each window goes to the first of its largest.
    /// `to_input` is overwritten.
    pub fn max_backward(&self, gradient: &[f32], input: &[f32], to_input: &mut [f32]) {
        let [height, width] = self.output_size();
        let (plane, pooled) = ((self.height * self.width).max(1), (height * width).max(1));
        let planes = gradient.par_chunks_exact(pooled).zip(input.par_chunks_exact(plane));
        planes.zip(to_input.par_chunks_exact_mut(plane)).for_each(|((gradient, input), to_input)| {
            to_input.fill(0.0);
            for (y, gradient) in gradient.chunks_exact(width.max(1)).enumerate() {
                let rows = self.rows(input, y);
                let to_rows = &mut to_input[y * self.window * self.width..][..self.window * self.width];
                if self.window == 2 {
                    Arch::new().dispatch(|| pairs_backward(rows, gradient, to_rows));
                    continue;
                }
                for (x, &gradient) in gradient.iter().enumerate() {
                    to_rows[self.first_largest(rows, x).0] = gradient;
                }
            }
        });
    }

    /// The rows of a plane that a row of windows lies in.
    fn rows<'a>(&self, plane: &'a [f32], y: usize) -> &'a [f32] {
        &plane[y * self.window * self.width..][..self.window * self.width]
    }

    /// The place in the rows, and the value, of the first of the largest of window `x`.
    fn first_largest(&self, rows: &[f32], x: usize) -> (usize, f32) {
        let first = x * self.window;
        let mut best = (first, f32::NEG_INFINITY);
        for dy in 0..self.window {
            let from = dy * self.width + first;
            for (place, &value) in rows[from..from + self.window].iter().enumerate() {
                let place = from + place;
                if value > best.1 || value.is_nan() {
                    best = (place, value);
                }
            }
        }
        best
    }
}

/// The larger of two; a NaN wins.
#[inline(always)]
fn larger(one: f32, other: f32) -> f32 {
    if other > one || other.is_nan() { other } else { one }
}

/// [`Pooling::max`] of one row of windows of two by two.
#[inline(always)]
fn pairs(rows: &[f32], output: &mut [f32]) {
    let (upper, lower) = rows.split_at(rows.len() / 2);
    let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
    let count = output.len().min(upper.len());
    let (upper, lower, output) = (&upper[..count], &lower[..count], &mut output[..count]);
    for x in 0..count {
        output[x] = larger(larger(upper[x][0], upper[x][1]), larger(lower[x][0], lower[x][1]));
    }
}

/// [`Pooling::max_backward`] of one row of windows of two by two.
#[inline(always)]
fn pairs_backward(rows: &[f32], gradient: &[f32], to_rows: &mut [f32]) {
    let (upper, lower) = rows.split_at(rows.len() / 2);
    let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
    let (to_upper, to_lower) = to_rows.split_at_mut(rows.len() / 2);
    let (to_upper, to_lower) = (to_upper.as_chunks_mut::<2>().0, to_lower.as_chunks_mut::<2>().0);
    let count = gradient.len().min(upper.len());
    let (upper, lower, gradient) = (&upper[..count], &lower[..count], &gradient[..count]);
    let (to_upper, to_lower) = (&mut to_upper[..count], &mut to_lower[..count]);
    for x in 0..count {
        let ([a, b], [c, d]) = (upper[x], lower[x]);
        let (above, below) = (larger(a, b), larger(c, d));
        let of_below = below > above || below.is_nan();
        let right = if of_below { d > c || d.is_nan() } else { b > a || b.is_nan() };
        let to = |is: bool| if is { gradient[x] } else { 0.0 };
        to_upper[x] = [to(!of_below & !right), to(!of_below & right)];
        to_lower[x] = [to(of_below & !right), to(of_below & right)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn windows_by_hand() {
        let pooling = Pooling { height: 3, width: 5, window: 2 };
        let input = [1.0, 2.0, 7.0, 7.0, 99.0, 4.0, 3.0, 5.0, 6.0, 99.0, 99.0, 99.0, 99.0, 99.0, 99.0];
        let mut output = [0.0; 2];
        pooling.max(&input, &mut output);
        assert_eq!(output, [4.0, 7.0]);
        let mut to_input = [f32::NAN; 15];
        pooling.max_backward(&[0.5, -1.0], &input, &mut to_input);
        let mut expected = [0.0; 15];
        (expected[5], expected[2]) = (0.5, -1.0);
        assert_eq!(to_input, expected);
        pooling.max(&[f32::NAN; 15], &mut output);
        assert!(output.iter().all(|x| x.is_nan()));
    }

    /// By the definition: the first of the largest, row by row.
    fn check(height: usize, width: usize, window: usize) {
        let pooling = Pooling { height, width, window };
        let [down, across] = pooling.output_size();
        let mut random = Pcg64Mcg::seed_from_u64(2);
        // Few different values, so that many are alike.
        let input: Vec<f32> = (0..3 * height * width).map(|_| random.random_range(-4..4) as f32).collect();
        let gradient: Vec<f32> = (0..3 * down * across).map(|place| place as f32 + 1.0).collect();
        let mut expected = (vec![0.0; gradient.len()], vec![0.0; input.len()]);
        for (at, &gradient) in gradient.iter().enumerate() {
            let (plane, y, x) = (at / (down * across), at / across % down, at % across);
            let places = (0..window * window).map(|place| {
                (plane * height + y * window + place / window) * width + x * window + place % window
            });
            let best = places.reduce(|best, place| if input[place] > input[best] { place } else { best });
            expected.0[at] = input[best.unwrap()];
            expected.1[best.unwrap()] = gradient;
        }
        let (mut output, mut to_input) = (vec![f32::NAN; gradient.len()], vec![f32::NAN; input.len()]);
        pooling.max(&input, &mut output);
        pooling.max_backward(&gradient, &input, &mut to_input);
        assert_eq!((output, to_input), expected, "{pooling:?}");
    }

    #[test]
    fn agrees_with_the_definition() {
        for window in 1..5 {
            for (height, width) in [(4, 4), (5, 7), (9, 33), (12, 40)] {
                check(height, width, window);
            }
        }
    }
}
