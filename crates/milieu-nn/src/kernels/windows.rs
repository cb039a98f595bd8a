//! Convolution over the sequences of a packed batch (Kim 2014, "Convolutional Neural Networks for Sentence
//! Classification"), and the largest of each channel over a sequence.
//!
//! Behind a maximum over a sequence the gradient of a channel is 0 at all positions but one. The gradients of a
//! convolution look at how many are not 0, and then cost what those cost.

use super::Spans;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Rows whose windows are laid out together on a thread.
const ROWS: usize = 256;
/// Gradients of which less than one in so many is not 0 are taken one by one.
const SPARSE: usize = 16;

/// A convolution that gives as many rows as it takes: each is made of the `taps` rows around it, and beyond the ends of
/// a sequence all is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Values of a row that go in; at least 1.
    pub inputs: usize,
    /// Values of a row that come out; at least 1.
    pub outputs: usize,
    /// Rows of a window; odd.
    pub taps: usize,
    /// Which rows are a sequence.
    pub spans: Spans,
}

impl Windows {
    /// From `T x I` to `T x O` by weights `O x (taps * I)`, those of the first row of a window first; `output` is
    /// overwritten.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: &[f32], output: &mut [f32]) {
        let weight = MatRef::from_row_major_slice(weight, self.outputs, self.window());
        let places = self.places();
        let chunks = output.par_chunks_mut(ROWS * self.outputs).zip(places.par_chunks(ROWS)).enumerate();
        chunks.for_each_init(Vec::new, |laid_out, (number, (output, places))| {
            output.chunks_exact_mut(self.outputs).for_each(|row| row.copy_from_slice(bias));
            self.lay_out(input, number * ROWS, places, laid_out);
            let windows = MatRef::from_row_major_slice(laid_out, places.len(), self.window());
            let to = MatMut::from_row_major_slice_mut(output, places.len(), self.outputs);
            matmul(to, Accum::Add, windows, weight.transpose(), 1.0, Par::Seq);
        });
    }

    /// The gradient of the input from that of the output; `to` is overwritten.
    pub fn backward_input(&self, gradient: &[f32], weight: &[f32], to: &mut [f32]) {
        to.fill(0.0);
        let (arch, sparse) = (Arch::new(), self.is_sparse(gradient));
        let parts = self.spans.parts(gradient, self.outputs).into_par_iter();
        let parts = parts.zip(self.spans.parts_mut(to, self.inputs));
        parts.for_each_init(Vec::new, |windows, (gradient, to)| {
            let rows = gradient.len() / self.outputs;
            if !sparse && rows > 0 {
                windows.resize(rows * self.window(), 0.0);
                let gradient = MatRef::from_row_major_slice(gradient, rows, self.outputs);
                let weight = MatRef::from_row_major_slice(weight, self.outputs, self.window());
                let windows = MatMut::from_row_major_slice_mut(windows, rows, self.window());
                matmul(windows, Accum::Replace, gradient, weight, 1.0, Par::Seq);
            }
            let windows = if sparse { None } else { Some(windows.as_slice()) };
            arch.dispatch(ToInput { of: self, gradient, weight, windows, to });
        });
    }

    /// The gradient of the weights, `O x (taps * I)`; `to` is overwritten.
    pub fn backward_weight(&self, gradient: &[f32], input: &[f32], to: &mut [f32]) {
        let (rows, places) = (self.spans.rows(), self.places());
        if self.is_sparse(gradient) {
            let arch = Arch::new();
            let mut found: Vec<Vec<(usize, f32)>> = vec![Vec::new(); self.outputs];
            for (row, gradient) in gradient.chunks_exact(self.outputs).enumerate() {
                for (found, &by) in found.iter_mut().zip(gradient).filter(|(_, by)| **by != 0.0) {
                    found.push((row, by));
                }
            }
            to.par_chunks_mut(self.window()).zip(&found).for_each(|(to, found)| {
                arch.dispatch(ToWeight { of: self, input, places: &places, found, to });
            });
            return;
        }
        let mut windows = vec![0.0; rows * self.window()];
        let chunks = windows.par_chunks_mut(ROWS * self.window()).zip(places.par_chunks(ROWS)).enumerate();
        chunks.for_each_init(Vec::new, |laid_out, (number, (windows, places))| {
            self.lay_out(input, number * ROWS, places, laid_out);
            windows.copy_from_slice(laid_out);
        });
        let to = MatMut::from_row_major_slice_mut(to, self.outputs, self.window());
        let gradient = MatRef::from_row_major_slice(gradient, rows, self.outputs);
        let windows = MatRef::from_row_major_slice(&windows, rows, self.window());
        matmul(to, Accum::Replace, gradient.transpose(), windows, 1.0, Par::rayon(0));
    }

    fn window(&self) -> usize {
        self.taps * self.inputs
    }

    fn is_sparse(&self, gradient: &[f32]) -> bool {
        gradient.iter().filter(|&&by| by != 0.0).count() < gradient.len() / SPARSE
    }

    /// Of each row, how many are before it in its sequence and how many after it.
    fn places(&self) -> Vec<(usize, usize)> {
        let mut places = Vec::with_capacity(self.spans.rows());
        for span in self.spans.iter() {
            let length = span.len();
            places.extend((0..length).map(|at| (at, length - 1 - at)));
        }
        places
    }

    /// The taps of a window at such a place that are rows of its sequence: the first of them, and how many; and how many
    /// rows before its own the first is.
    #[inline(always)]
    fn within(&self, (before, after): (usize, usize)) -> (usize, usize, usize) {
        let half = self.taps / 2;
        let (before, after) = (before.min(half), after.min(half));
        (half - before, before + 1 + after, before)
    }

    /// The windows of rows from `first` on, one after the other.
    fn lay_out(&self, input: &[f32], first: usize, places: &[(usize, usize)], laid_out: &mut Vec<f32>) {
        laid_out.clear();
        for (row, &place) in (first..).zip(places) {
            let (tap, count, before) = self.within(place);
            let end = laid_out.len() + self.window();
            laid_out.resize(laid_out.len() + tap * self.inputs, 0.0);
            laid_out.extend_from_slice(&input[(row - before) * self.inputs..][..count * self.inputs]);
            laid_out.resize(end, 0.0);
        }
    }
}

/// The gradient of a sequence's rows: from those of its windows, or from the few of its channels that are not 0.
struct ToInput<'a> {
    of: &'a Windows,
    gradient: &'a [f32],
    weight: &'a [f32],
    windows: Option<&'a [f32]>,
    to: &'a mut [f32],
}

impl NullaryFnOnce for ToInput<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { of, gradient, weight, windows, to } = self;
        let (inputs, window) = (of.inputs, of.window());
        let rows = gradient.len() / of.outputs;
        for (row, gradient) in gradient.chunks_exact(of.outputs).enumerate() {
            let (tap, count, before) = of.within((row, rows - 1 - row));
            let to = &mut to[(row - before) * inputs..][..count * inputs];
            let from = tap * inputs;
            match windows {
                Some(windows) => add(to, 1.0, &windows[row * window + from..][..count * inputs]),
                None => {
                    for (output, &by) in gradient.iter().enumerate() {
                        if by != 0.0 {
                            add(to, by, &weight[output * window + from..][..count * inputs]);
                        }
                    }
                }
            }
        }
    }
}

/// The gradient of a channel's weights from the few rows at which its own is not 0.
struct ToWeight<'a> {
    of: &'a Windows,
    input: &'a [f32],
    places: &'a [(usize, usize)],
    found: &'a [(usize, f32)],
    to: &'a mut [f32],
}

impl NullaryFnOnce for ToWeight<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { of, input, places, found, to } = self;
        to.fill(0.0);
        for &(row, by) in found {
            let (tap, count, before) = of.within(places[row]);
            let input = &input[(row - before) * of.inputs..][..count * of.inputs];
            add(&mut to[tap * of.inputs..][..count * of.inputs], by, input);
        }
    }
}

#[inline(always)]
fn add(to: &mut [f32], by: f32, values: &[f32]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += by * value);
}

/// The largest of each channel over a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Largest {
    /// Values of a row; at least 1.
    pub width: usize,
    /// Which rows are a sequence.
    pub spans: Spans,
}

impl Largest {
    /// From `T x W` to `N x W`; of a sequence without rows it is 0. `output` is overwritten.
    pub fn forward(&self, input: &[f32], output: &mut [f32]) {
        let parts = self.spans.parts(input, self.width).into_par_iter();
        parts.zip(output.par_chunks_mut(self.width)).for_each(|(input, output)| {
            let mut rows = input.chunks_exact(self.width);
            match rows.next() {
                Some(first) => output.copy_from_slice(first),
                None => output.fill(0.0),
            }
            for row in rows {
                output.iter_mut().zip(row).for_each(|(most, &value)| {
                    *most = if value > *most { value } else { *most };
                });
            }
        });
    }

    /// The gradient of the input from that of the output: the first of equal ones has it. `to` is overwritten.
    pub fn backward(&self, gradient: &[f32], input: &[f32], output: &[f32], to: &mut [f32]) {
        let parts = self.spans.parts(input, self.width).into_par_iter();
        let parts = parts.zip(self.spans.parts_mut(to, self.width));
        let most = gradient.par_chunks(self.width).zip(output.par_chunks(self.width));
        parts.zip(most).for_each(|((input, to), (gradient, output))| {
            let mut left = gradient.to_vec();
            let rows = input.chunks_exact(self.width).zip(to.chunks_exact_mut(self.width));
            for (input, to) in rows {
                let values = input.iter().zip(output).zip(to).zip(&mut left);
                for (((value, most), to), left) in values {
                    *to = if value == most { std::mem::take(left) } else { 0.0 };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| (((at + seed) * 7919 % 1013) as f32 - 506.0) / 506.0).collect()
    }

    /// One product after the other.
    fn plain(like: &Windows, input: &[f32], weight: &[f32], gradient: &[f32]) -> [Vec<f32>; 3] {
        let (inputs, outputs, half) = (like.inputs, like.outputs, like.taps / 2);
        let mut output = vec![0.0; like.spans.rows() * outputs];
        let (mut to_input, mut to_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
        for span in like.spans.iter() {
            for (row, out) in span.clone().flat_map(|row| (0..outputs).map(move |out| (row, out))) {
                for (tap, at) in (0..like.taps).flat_map(|tap| (0..inputs).map(move |at| (tap, at))) {
                    let Some(from) = (row + tap).checked_sub(half).filter(|from| span.contains(from)) else {
                        continue;
                    };
                    let place = (out * like.taps + tap) * inputs + at;
                    output[row * outputs + out] += weight[place] * input[from * inputs + at];
                    let by = gradient[row * outputs + out];
                    to_input[from * inputs + at] += by * weight[place];
                    to_weight[place] += by * input[from * inputs + at];
                }
            }
        }
        [output, to_input, to_weight]
    }

    fn close(one: &[f32], other: &[f32]) {
        assert_eq!(one.len(), other.len());
        assert!(one.iter().zip(other).all(|(x, y)| (x - y).abs() < 1e-3), "{one:?} {other:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn windows_are_products(
            lengths in prop::collection::vec(0usize..9, 1..5), long in 0usize..2, half in 0usize..4,
            inputs in 1usize..5, outputs in 1usize..40, every in prop::sample::select(vec![1usize, 29]),
        ) {
            let lengths = lengths.into_iter().chain(std::iter::once(long * 300));
            let like = Windows { inputs, outputs, taps: 2 * half + 1, spans: Spans::new(lengths) };
            let rows = like.spans.rows();
            let (input, weight) = (values(rows * inputs, 1), values(outputs * like.window(), 2));
            let mut gradient = values(rows * outputs, 3);
            gradient.iter_mut().enumerate().for_each(|(at, by)| *by *= f32::from(u8::from(at % every == 0)));
            let [output, to_input, to_weight] = plain(&like, &input, &weight, &gradient);
            let mut found = vec![f32::NAN; rows * outputs];
            like.forward(&input, &weight, &vec![0.0; outputs], &mut found);
            close(&found, &output);
            let mut found = vec![f32::NAN; input.len()];
            like.backward_input(&gradient, &weight, &mut found);
            close(&found, &to_input);
            let mut found = vec![f32::NAN; weight.len()];
            like.backward_weight(&gradient, &input, &mut found);
            close(&found, &to_weight);
        }
    }

    #[test]
    fn the_largest_and_where_its_gradient_goes() {
        let like = Largest { width: 2, spans: Spans::new([3, 0, 1]) };
        let input = [1.0, 5.0, 2.0, -1.0, 2.0, 7.0, -3.0, -4.0];
        let mut output = [f32::NAN; 6];
        like.forward(&input, &mut output);
        assert_eq!(output, [2.0, 7.0, 0.0, 0.0, -3.0, -4.0]);
        let mut to = [f32::NAN; 8];
        like.backward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &input, &output, &mut to);
        assert_eq!(to, [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 5.0, 6.0]);
    }
}
