//! What is made small.

use crate::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax, sigmoid, softmax};

/// The mean over the batch of the cross-entropy between `logits` and `targets`, both `N x C`; each row of
/// targets is a distribution. `class_weights`, `C`, weigh classes; the mean is then over weights, as in
/// PyTorch.
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>, class_weights: Option<Tensor<1>>) -> Tensor<1> {
    let weighted = match class_weights {
        Some(weights) => targets * weights.unsqueeze(),
        None => targets,
    };
    let total = weighted.clone().sum();
    (log_softmax(logits, 1) * weighted).sum().neg() / total
}

/// The mean squared difference.
#[must_use]
pub fn mean_squared<const D: usize>(found: Tensor<D>, wanted: Tensor<D>) -> Tensor<1> {
    let difference = found - wanted;
    (difference.clone() * difference).mean()
}

/// The mean logistic loss of `logits` against `targets` from 0 to 1, each for itself.
#[must_use]
pub fn logistic<const D: usize>(logits: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
    likelihood(logits, targets).mean().neg()
}

/// [`logistic`] where `known` is 1; where it is 0, the loss is 0, whatever the target. The mean is over all places.
#[must_use]
pub fn known_logistic<const D: usize>(logits: Tensor<D>, targets: Tensor<D>, known: Tensor<D>) -> Tensor<1> {
    (likelihood(logits, targets) * known).mean().neg()
}

/// The logarithm of how probable each target is by its logit.
fn likelihood<const D: usize>(logits: Tensor<D>, targets: Tensor<D>) -> Tensor<D> {
    let yes = targets.clone() * log_sigmoid(logits.clone());
    let no = (targets.neg() + 1.0) * log_sigmoid(logits.neg());
    yes + no
}

/// How far two answers to each example are apart, as a mean over the batch: half of the sum of both divergences of Kullback
/// and Leibler (Liang et al. 2021, "R-Drop"). `many` says whether each class is there or not, else shares add up to 1.
#[must_use]
pub fn divergence(one: Tensor<2>, other: Tensor<2>, many: bool) -> Tensor<1> {
    let shares = |logits: Tensor<2>| if many { sigmoid(logits) } else { softmax(logits, 1) };
    let count = one.dims()[0].max(1);
    // What is subtracted from all logits of a row to make them logarithms drops out, since shares add up to the same.
    let apart = (shares(one.clone()) - shares(other.clone())) * (one - other);
    apart.sum() / (2.0 * count as f32)
}

/// Rows of targets from classes: `1 - smoothing` for the class and `smoothing / classes` for all (Szegedy
/// et al. 2016).
#[must_use]
pub fn smooth(classes: &[usize], count: usize, smoothing: f32) -> Vec<f32> {
    let mut rows = vec![smoothing / count.max(1) as f32; classes.len() * count];
    for (row, &class) in rows.chunks_exact_mut(count.max(1)).zip(classes) {
        if let Some(place) = row.get_mut(class) {
            *place += 1.0 - smoothing;
        }
    }
    rows
}
