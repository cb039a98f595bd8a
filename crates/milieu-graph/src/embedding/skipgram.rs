//! Skip-gram with negative sampling (Mikolov, Sutskever, Chen, Corrado & Dean 2013, "Distributed representations of words
//! and phrases and their compositionality").

use super::negatives::Alias;
use super::pairs::Pair;
use pulp::{Arch, Simd, WithSimd};
use rand_pcg::Pcg64Mcg;

/// Numbers that are worked on together.
const LANES: usize = 16;

/// The shape of the model.
pub(super) struct Skipgram {
    pub(super) dimensions: usize,
    pub(super) negatives: usize,
}

impl Skipgram {
    /// Learns from pairs whose centres are rows of `centres` and whose contexts are rows of `contexts`.
    pub(super) fn block<'a>(
        &'a self,
        centres: &'a mut [f32],
        contexts: &'a mut [f32],
        negatives: &'a Alias,
        random: Pcg64Mcg,
    ) -> Block<'a> {
        Block {
            shape: self,
            centres,
            contexts,
            negatives,
            random,
            change: vec![0.0; self.dimensions],
            others: Vec::new(),
        }
    }
}

/// One block of pairs.
pub(super) struct Block<'a> {
    shape: &'a Skipgram,
    centres: &'a mut [f32],
    contexts: &'a mut [f32],
    negatives: &'a Alias,
    random: Pcg64Mcg,
    /// What the centre in hand will change by.
    change: Vec<f32>,
    /// The context in hand and its negatives: their rows, and first their products, then the steps to take.
    others: Vec<(u32, f32)>,
}

impl Block<'_> {
    /// Learns from pairs one after the other, by the instructions that the machine has. No step is fused or summed in
    /// another order by them, so they change nothing but the time.
    pub(super) fn learn(&mut self, pairs: &[Pair], rate: f32) {
        struct Steps<'a, 'b>(&'a mut Block<'b>, &'a [Pair], f32);
        impl WithSimd for Steps<'_, '_> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) {
                for &pair in self.1 {
                    self.0.step(pair, self.2);
                }
            }
        }
        Arch::new().dispatch(Steps(self, pairs, rate));
    }

    /// One step of gradient ascent on log s(c.v) + sum of log s(-c.n) over the negatives n, s the logistic function. All
    /// products are taken before any vector changes.
    #[inline(always)]
    fn step(&mut self, (centre, context): Pair, rate: f32) {
        let width = self.shape.dimensions;
        let row = |at: u32| at as usize * width..(at as usize + 1) * width;
        let Some(centre) = self.centres.get_mut(row(centre)) else { return };
        self.others.clear();
        self.others.push((context, 0.0));
        for _ in 0..self.shape.negatives {
            let drawn = self.negatives.draw(&mut self.random);
            if drawn != context {
                self.others.push((drawn, 0.0));
            }
        }
        for (other, step) in &mut self.others {
            *step = self.contexts.get(row(*other)).map_or(0.0, |other| dot(centre, other));
        }
        let mut label = 1.0;
        for (_, step) in &mut self.others {
            *step = rate * (label - logistic(*step));
            label = 0.0;
        }
        self.change.fill(0.0);
        for &(other, step) in &self.others {
            if let Some(other) = self.contexts.get_mut(row(other)) {
                both(step, centre, other, &mut self.change);
            }
        }
        for (value, change) in centre.iter_mut().zip(&self.change) {
            *value += change;
        }
    }
}

#[inline(always)]
fn logistic(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Adds `step` times the context to the change of the centre, and `step` times the centre to the context.
#[inline(always)]
fn both(step: f32, centre: &[f32], context: &mut [f32], change: &mut [f32]) {
    for ((centre, context), change) in centre.iter().zip(context).zip(change) {
        *change += step * *context;
        *context += step * centre;
    }
}
