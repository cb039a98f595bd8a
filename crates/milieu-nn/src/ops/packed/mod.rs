//! Operations on packed batches of sequences, `T x W`: the rows of one sequence after those of another, without
//! padding.

mod backward;
mod extension;

use crate::kernels::{Crf, LayerNorm, PackedAttention, Spans};
use crate::{ParameterId, Tape};
use burn::backend::Dispatch;
use burn::tensor::{Tensor, TensorData};
use extension::PackedExtension;

/// Rows `T x I` times a matrix `O x I` plus a row of `O`.
#[must_use]
pub fn linear(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::packed_linear(input, weight, bias))
}

/// Normalises each row, scales and shifts it.
#[must_use]
pub fn layer_norm(input: Tensor<2>, scale: Tensor<1>, shift: Tensor<1>, epsilon: f32) -> Tensor<2> {
    let like = LayerNorm { width: input.dims()[1], epsilon };
    let (input, scale, shift) = (input.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(Dispatch::packed_norm(input, scale, shift, like))
}

/// `x` times the share of a normal distribution below it.
#[must_use]
pub fn gelu(input: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::packed_gelu(input.into_dispatch()))
}

/// What each position makes of the others of its sequence, from queries, keys and answers, `T x 3W`.
#[must_use]
pub fn attend(projected: Tensor<2>, heads: usize, spans: Spans) -> Tensor<2> {
    let like = PackedAttention { heads, width: projected.dims()[1] / 3, spans };
    Tensor::from_dispatch(Dispatch::packed_attend(projected.into_dispatch(), like))
}

/// The same where a table, `buckets x heads`, says what each kind of distance adds to the scores of a head
/// ([`distance_bucket`](crate::kernels::distance_bucket)).
#[must_use]
pub fn attend_near(projected: Tensor<2>, table: Tensor<2>, spans: Spans) -> Tensor<2> {
    let like = PackedAttention { heads: table.dims()[1], width: projected.dims()[1] / 3, spans };
    let (projected, table) = (projected.into_dispatch(), table.into_dispatch());
    Tensor::from_dispatch(Dispatch::packed_attend_near(projected, table, like))
}

/// The mean of each sequence's rows, `N x W`; that of none is 0.
#[must_use]
pub fn mean(rows: Tensor<2>, spans: &Spans) -> Tensor<2> {
    let (count, total) = (spans.len(), spans.rows());
    let mut shares = vec![0.0; count * total];
    for (number, span) in spans.iter().enumerate() {
        let share = 1.0 / span.len().max(1) as f32;
        shares[number * total..][span].fill(share);
    }
    Tensor::from_data(TensorData::new(shares, [count, total]), &rows.device()).matmul(rows)
}

/// The sum of the rows of a table, `R x W`, that each sequence of numbers names, over the root of how many it names,
/// `N x W`; that of none is 0. No other rows of the table are to be looked up in this pass: its gradient is one of these.
#[must_use]
pub fn bag(tape: &Tape<'_>, table: ParameterId, numbers: &[u32], spans: &Spans) -> Tensor<2> {
    let mut known = numbers.to_vec();
    known.sort_unstable();
    known.dedup();
    let rows = tape.rows(table, known.clone());
    let [columns, width] = rows.dims();
    let count = tape.values(table).len() / width.max(1);
    known.retain(|&number| (number as usize) < count);
    let mut shares = vec![0.0; spans.len() * columns];
    for (shares, span) in shares.chunks_exact_mut(columns).zip(spans.iter()) {
        let share = 1.0 / (span.len().max(1) as f32).sqrt();
        for number in numbers.get(span).unwrap_or_default() {
            let place = known.binary_search(number).ok();
            if let Some(sum) = place.and_then(|place| shares.get_mut(place)) {
                *sum += share;
            }
        }
    }
    tape.tensor(shares, [spans.len(), columns]).matmul(rows)
}

/// Some rows, in the order of their numbers.
#[must_use]
pub fn pick(tape: &Tape<'_>, rows: Tensor<2>, numbers: &[usize]) -> Tensor<2> {
    rows.select(0, tape.numbers(numbers.iter().copied()))
}

/// The loss of the right tags of sequences, [`Crf::loss`], from the scores of [`crate::kernels::CrfScores`]: emissions,
/// `T x K`, transitions, `K x K`, and those of ends, `2 x K`.
#[must_use]
pub fn crf(emissions: Tensor<2>, transitions: Tensor<2>, ends: Tensor<2>, like: Crf) -> Tensor<1> {
    let scores = [emissions, transitions, ends].map(Tensor::into_dispatch);
    let [emissions, transitions, ends] = scores;
    Tensor::from_dispatch(Dispatch::packed_crf(emissions, transitions, ends, like).0)
}
