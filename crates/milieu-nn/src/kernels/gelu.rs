//! `x` times the share of a normal distribution below `x` (Hendrycks and Gimpel 2016).

use super::curves::normal;
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Values that are worth a thread.
const PIECE: usize = 1 << 13;

/// `output` is overwritten.
pub fn gelu(input: &[f32], output: &mut [f32]) {
    let arch = Arch::new();
    input.par_chunks(PIECE).zip(output.par_chunks_mut(PIECE)).for_each(|(input, output)| {
        arch.dispatch(Values { input, output });
    });
}

/// The gradient of the input from that of the output; `to` is overwritten.
pub fn gelu_backward(gradient: &[f32], input: &[f32], to: &mut [f32]) {
    let arch = Arch::new();
    let pieces = gradient.par_chunks(PIECE).zip(input.par_chunks(PIECE));
    pieces.zip(to.par_chunks_mut(PIECE)).for_each(|((gradient, input), to)| {
        arch.dispatch(Slopes { gradient, input, to });
    });
}

// Structures and not closures: a compiler may leave the call of a closure as it is, without the processor's features.

struct Values<'a> {
    input: &'a [f32],
    output: &'a mut [f32],
}

impl NullaryFnOnce for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.output.iter_mut().zip(self.input).for_each(|(to, &x)| *to = x * normal(x).0);
    }
}

struct Slopes<'a> {
    gradient: &'a [f32],
    input: &'a [f32],
    to: &'a mut [f32],
}

impl NullaryFnOnce for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.to.iter_mut().zip(self.gradient).zip(self.input).for_each(|((to, &gradient), &x)| {
            let (share, density) = normal(x);
            *to = gradient * density.mul_add(x, share);
        });
    }
}
