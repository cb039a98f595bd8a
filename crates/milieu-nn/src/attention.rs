//! Attention of the positions of a sequence to each other (Vaswani et al. 2017).

use crate::Tensor;
use burn::tensor::activation::softmax;

/// What is added to the score of a position that must not be seen. Finite, so that a position that sees none
/// has an answer, which is nobody's.
const UNSEEN: f32 = -1e9;

/// How positions see each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Parts that the width is split into, each with scores of its own; the width must be a multiple.
    pub heads: usize,
    /// Whether a position sees itself and earlier ones only.
    pub causal: bool,
}

/// The matrices of an attention, as in PyTorch's `MultiheadAttention`.
#[derive(Debug, Clone)]
pub struct AttentionWeights {
    /// Makes queries, keys and values, in this order: `3W x W`.
    pub input: Tensor<2>,
    /// Added to them: `3W`.
    pub input_bias: Tensor<1>,
    /// Mixes the heads' answers: `W x W`.
    pub output: Tensor<2>,
    /// Added to that: `W`.
    pub output_bias: Tensor<1>,
}

/// Scaled dot-product attention over `N x L x W`. `unseen`, `N * L` if it is there, says which positions are
/// padding that no position sees.
#[must_use]
pub fn attention(
    values: Tensor<3>,
    weights: &AttentionWeights,
    sight: Sight,
    unseen: Option<&[bool]>,
) -> Tensor<3> {
    let [count, length, width] = values.dims();
    let heads = sight.heads.max(1);
    let part = width / heads;
    let rows = values.clone().reshape([count * length, width]);
    let projected = rows.matmul(weights.input.clone().transpose()) + weights.input_bias.clone().unsqueeze();
    let head = |which: usize| {
        let columns = projected.clone().narrow(1, which * width, width);
        columns.reshape([count, length, heads, part]).swap_dims(1, 2)
    };
    let (queries, keys, answers) = (head(0), head(1), head(2));
    let scores: Tensor<4> = queries.matmul(keys.swap_dims(2, 3)) * (part as f32).sqrt().recip();
    let scores = match mask(count, length, sight.causal, unseen) {
        Some(mask) => {
            let shape = [mask.len() / (length * length).max(1), 1, length, length];
            scores + Tensor::<1>::from_data(mask.as_slice(), &values.device()).reshape(shape)
        }
        None => scores,
    };
    let mixed = softmax(scores, 3).matmul(answers);
    let rows = mixed.swap_dims(1, 2).reshape([count * length, width]);
    let rows = rows.matmul(weights.output.clone().transpose()) + weights.output_bias.clone().unsqueeze();
    rows.reshape([count, length, width])
}

/// What is added to scores, `1 x L x L` where it is the same for all examples, else `N x L x L`; nothing
/// where all is seen.
fn mask(count: usize, length: usize, causal: bool, unseen: Option<&[bool]>) -> Option<Vec<f32>> {
    let unseen = unseen.filter(|unseen| unseen.contains(&true) && unseen.len() == count * length);
    if !causal && unseen.is_none() {
        return None;
    }
    let examples = if unseen.is_some() { count } else { 1 };
    let mut mask = Vec::with_capacity(examples * length * length);
    for example in 0..examples {
        let padding = |key: usize| unseen.is_some_and(|unseen| unseen[example * length + key]);
        for query in 0..length {
            let hidden = |key: usize| (causal && key > query) || padding(key);
            mask.extend((0..length).map(|key| if hidden(key) { UNSEEN } else { 0.0 }));
        }
    }
    Some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        fn check(causal: bool, unseen: Option<&[bool]>, expected: Option<&[u8]>) {
            let found = mask(1, 3, causal, unseen)
                .map(|mask| mask.iter().map(|&x| u8::from(x < 0.0)).collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{causal} {unseen:?}");
        }
        check(false, None, None);
        check(false, Some(&[false; 3]), None);
        check(true, None, Some(&[0, 1, 1, 0, 0, 1, 0, 0, 0]));
        check(false, Some(&[true, false, false]), Some(&[1, 0, 0, 1, 0, 0, 1, 0, 0]));
        check(true, Some(&[true, false, false]), Some(&[1, 1, 1, 1, 0, 1, 1, 0, 0]));
    }
}
