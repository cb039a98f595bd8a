//! Scaled dot-product attention within the sequences of a packed batch (Vaswani et al. 2017): no score of padding is
//! ever made, and scores live in a thread's cache only.

use super::curves::exp;
use super::{Distances, Spans};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Scores are padded to a multiple of this, so that whole registers are worked on.
const LANES: usize = 16;

/// How positions look at each other; all positions of a sequence see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedAttention {
    /// Parts that the width is split into, each with scores of its own.
    pub heads: usize,
    /// Values of a position that come out, a multiple of `heads`.
    pub width: usize,
    /// Which rows are a sequence.
    pub spans: Spans,
}

/// What a thread works with.
#[derive(Default)]
struct Scratch {
    /// Keys and answers of a head, one column a position.
    keys: Vec<f32>,
    answers: Vec<f32>,
    scores: Vec<f32>,
    slopes: Vec<f32>,
    /// What each distance adds to the scores of a head, from the farthest before to the farthest behind; empty: nothing.
    added: Vec<f32>,
    /// The gradient of that.
    steep: Vec<f32>,
}

impl PackedAttention {
    /// From queries, keys and answers, `T x 3W`, to what each position makes of the others, `T x W`; `output` is
    /// overwritten. Distances add to scores where there are any.
    pub fn forward(&self, projected: &[f32], distances: Option<Distances<'_>>, output: &mut [f32]) {
        let width = self.width;
        let arch = Arch::new();
        let parts = self.spans.parts(projected, 3 * width);
        let parts = parts.into_par_iter().zip(self.spans.parts_mut(output, width));
        parts.for_each_init(Scratch::default, |scratch, (from, to)| {
            arch.dispatch(Forward { of: self, from, distances, to, scratch });
        });
    }

    /// The gradient of what went in from that of what came out; `to` is overwritten. Gives the gradient of what distances
    /// add, as long as their table.
    pub fn backward(
        &self,
        gradient: &[f32],
        projected: &[f32],
        distances: Option<Distances<'_>>,
        to: &mut [f32],
    ) -> Vec<f32> {
        let width = self.width;
        let arch = Arch::new();
        to.fill(0.0);
        let parts = self.spans.parts(projected, 3 * width).into_par_iter();
        let parts = parts.zip(self.spans.parts(gradient, width)).zip(self.spans.parts_mut(to, 3 * width));
        let parts = parts.map_init(Scratch::default, |scratch, ((from, gradient), to)| {
            let mut table = vec![0.0; distances.map_or(0, |distances| distances.table.len())];
            let steep = &mut table;
            arch.dispatch(Backward { of: self, from, gradient, distances, to, steep, scratch });
            table
        });
        let parts: Vec<Vec<f32>> = parts.collect();
        let mut sum = vec![0.0; distances.map_or(0, |distances| distances.table.len())];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    fn part(&self) -> usize {
        self.width / self.heads.max(1)
    }

    /// Where in a row a head's queries, keys and answers begin.
    fn places(&self, head: usize) -> [usize; 3] {
        let first = head * self.part();
        [first, self.width + first, 2 * self.width + first]
    }

    #[inline(always)]
    fn head(
        &self,
        head: usize,
        from: &[f32],
        distances: Option<Distances<'_>>,
        to: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (part, row) = (self.part(), 3 * self.width);
        let [queries, keys, answers] = self.places(head);
        let length = from.len() / row;
        let padded = length.next_multiple_of(LANES);
        turn(from, row, keys, part, padded, &mut scratch.keys);
        put_distances(distances, [self.heads, head, length], &mut scratch.added);
        scratch.scores.resize(padded, 0.0);
        let scores = &mut scratch.scores[..padded];
        for position in 0..length {
            let query = &from[position * row + queries..][..part];
            shares(query, &scratch.keys, seen_from(&scratch.added, position, length), length, scores);
            let out = &mut to[position * self.width + queries..][..part];
            out.fill(0.0);
            for (other, &share) in scores[..length].iter().enumerate() {
                add(out, share, &from[other * row + answers..][..part]);
            }
        }
    }

    #[inline(always)]
    fn head_backward(
        &self,
        head: usize,
        [from, gradient]: [&[f32]; 2],
        distances: Option<Distances<'_>>,
        [to, table]: [&mut [f32]; 2],
        scratch: &mut Scratch,
    ) {
        let (part, row) = (self.part(), 3 * self.width);
        let [queries, keys, answers] = self.places(head);
        let scale = (part as f32).sqrt().recip();
        let length = from.len() / row;
        let padded = length.next_multiple_of(LANES);
        turn(from, row, keys, part, padded, &mut scratch.keys);
        turn(from, row, answers, part, padded, &mut scratch.answers);
        scratch.scores.resize(padded, 0.0);
        scratch.slopes.resize(padded, 0.0);
        put_distances(distances, [self.heads, head, length], &mut scratch.added);
        scratch.steep.clear();
        scratch.steep.resize(scratch.added.len(), 0.0);
        let (scores, slopes) = (&mut scratch.scores[..padded], &mut scratch.slopes[..padded]);
        for position in 0..length {
            let query = &from[position * row + queries..][..part];
            let gradient = &gradient[position * self.width + queries..][..part];
            shares(query, &scratch.keys, seen_from(&scratch.added, position, length), length, scores);
            slopes.fill(0.0);
            for (&by, answers) in gradient.iter().zip(scratch.answers.chunks_exact(padded)) {
                add(slopes, by, answers);
            }
            let mean: f32 = scores.iter().zip(slopes.iter()).map(|(share, slope)| share * slope).sum();
            for (slope, share) in slopes.iter_mut().zip(scores.iter()) {
                *slope = share * (*slope - mean);
            }
            if let Some(steep) = scratch.steep.get_mut(length - 1 - position..) {
                steep.iter_mut().zip(&slopes[..length]).for_each(|(sum, slope)| *sum += slope);
            }
            slopes.iter_mut().for_each(|slope| *slope *= scale);
            for other in 0..length {
                let (share, slope) = (scores[other], slopes[other]);
                add(&mut to[other * row + answers..][..part], share, gradient);
                add(&mut to[other * row + keys..][..part], slope, query);
                add(&mut to[position * row + queries..][..part], slope, &from[other * row + keys..][..part]);
            }
        }
        if let Some(distances) = distances {
            for (place, slope) in scratch.steep.iter().enumerate() {
                table[distances.bucket(place, length) * self.heads + head] += slope;
            }
        }
    }
}

// Structures and not closures: a compiler may leave the call of a closure as it is, without the processor's features.

/// A sequence on its way forward.
struct Forward<'a> {
    of: &'a PackedAttention,
    from: &'a [f32],
    distances: Option<Distances<'a>>,
    to: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl NullaryFnOnce for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for head in 0..self.of.heads {
            self.of.head(head, self.from, self.distances, self.to, self.scratch);
        }
    }
}

/// A sequence on its way back.
struct Backward<'a> {
    of: &'a PackedAttention,
    from: &'a [f32],
    gradient: &'a [f32],
    distances: Option<Distances<'a>>,
    to: &'a mut [f32],
    steep: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl NullaryFnOnce for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let from = [self.from, self.gradient];
        for head in 0..self.of.heads {
            let to = [&mut *self.to, &mut *self.steep];
            self.of.head_backward(head, from, self.distances, to, self.scratch);
        }
    }
}

/// A head's part of all rows, column by column, each `padded` long; what is padding is 0.
#[inline(always)]
fn turn(from: &[f32], row: usize, first: usize, part: usize, padded: usize, to: &mut Vec<f32>) {
    to.clear();
    to.resize(part * padded, 0.0);
    for (position, row) in from.chunks_exact(row).enumerate() {
        for (place, &value) in row[first..][..part].iter().enumerate() {
            to[place * padded + position] = value;
        }
    }
}

/// What each distance within a sequence adds to the scores of a head: that from the last position to the first, first.
#[inline(always)]
fn put_distances(distances: Option<Distances<'_>>, [heads, head, length]: [usize; 3], added: &mut Vec<f32>) {
    added.clear();
    if let Some(distances) = distances {
        let of = |place| distances.table[distances.bucket(place, length) * heads + head];
        added.extend((0..(2 * length).saturating_sub(1)).map(of));
    }
}

/// What is added to the scores of each position that one of them looks at.
#[inline(always)]
fn seen_from(added: &[f32], position: usize, length: usize) -> &[f32] {
    added.get(length - 1 - position..2 * length - 1 - position).unwrap_or_default()
}

/// How much a query takes from each position; padding gets nothing.
#[inline(always)]
fn shares(query: &[f32], keys: &[f32], added: &[f32], length: usize, scores: &mut [f32]) {
    let scale = (query.len() as f32).sqrt().recip();
    scores.fill(0.0);
    scores[..added.len()].copy_from_slice(added);
    for (&value, keys) in query.iter().zip(keys.chunks_exact(scores.len())) {
        add(scores, value * scale, keys);
    }
    let most = scores[..length].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = exp(*score - most));
    scores[length..].fill(0.0);
    let sum: f32 = scores.iter().sum();
    let inverse = sum.recip();
    scores.iter_mut().for_each(|score| *score *= inverse);
}

#[inline(always)]
fn add(sum: &mut [f32], by: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum = by.mul_add(value, *sum));
}
