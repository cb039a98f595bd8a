//! Normalisation by fixed moments, folded into the convolution before it.

use super::view::{View, sweep};
use crate::proto::Tensor;
use crate::{Element, Model, OnnxError};
use std::collections::HashSet;

/// Folds each `BatchNormalization` whose moments are constant into the `Conv` before it, where nothing else
/// takes what comes out of the convolution: `w' = w s / sqrt(v + e)`, `b' = (b - m) s / sqrt(v + e) + t`
/// (Jacob et al. 2018, section 3.2). A `MaxPool` in between changes nothing where every factor is positive: the
/// largest stays the largest. Others stay.
///
/// # Errors
/// [`OnnxError::Invalid`] for moments that are not as many as there are channels.
pub fn fold_batch_norm(model: &Model) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    let mut folded = HashSet::new();
    for (place, normalise) in model.graph().node.iter().enumerate() {
        if !normalise.is("BatchNormalization") || normalise.int("training_mode").unwrap_or(0) != 0 {
            continue;
        }
        let Some((mut before, mut convolution)) = view.producer(normalise.input_name(0)) else { continue };
        let pooling =
            (convolution.is("MaxPool") && convolution.output.len() == 1).then_some((before, convolution));
        if let Some((_, pooling)) = pooling {
            if view.only_consumer(pooling.output_name(0)).is_none() {
                continue;
            }
            let Some(found) = view.producer(pooling.input_name(0)) else { continue };
            (before, convolution) = found;
        }
        if !convolution.is("Conv") || view.only_consumer(convolution.output_name(0)).is_none() {
            continue;
        }
        let constants: Option<Vec<&Tensor>> =
            (1..5).map(|i| view.constant(normalise.input_name(i))).collect();
        let (Some(constants), Some(weight)) = (constants, view.constant(convolution.input_name(1))) else {
            continue;
        };
        if constants.iter().chain([&weight]).any(|constant| constant.element() != Some(Element::F32)) {
            continue;
        }
        let bias = match convolution.input_name(2) {
            "" => None,
            name => match view.constant(name) {
                Some(bias) => Some(bias.f32s()?),
                None => continue,
            },
        };
        let [scale, shift, mean, variance] = constants.as_slice() else { continue };
        let (scale, shift, mean, variance) = (scale.f32s()?, shift.f32s()?, mean.f32s()?, variance.f32s()?);
        let mut values = weight.f32s()?;
        let shape = weight.shape();
        let channels = shape.first().copied().unwrap_or(0);
        let bias = bias.unwrap_or_else(|| vec![0.0; channels]);
        let lengths = [scale.len(), shift.len(), mean.len(), variance.len(), bias.len()];
        if channels == 0 || lengths.iter().any(|length| *length != channels) {
            return Err(OnnxError::invalid(normalise.describe(), format!("{channels} channels come in")));
        }
        let epsilon = normalise.float("epsilon").unwrap_or(1e-5);
        if pooling.is_some() && !scale.iter().all(|&scale| scale > 0.0) {
            continue;
        }
        let each = values.len() / channels;
        let mut offsets = Vec::with_capacity(channels);
        for channel in 0..channels {
            let factor = scale[channel] / (variance[channel] + epsilon).sqrt();
            values[channel * each..(channel + 1) * each].iter_mut().for_each(|w| *w *= factor);
            offsets.push((bias[channel] - mean[channel]) * factor + shift[channel]);
        }
        // The weights may serve another convolution too, so these get names of their own.
        let weight_name = view.fresh(&format!("{}_folded_weight", normalise.output_name(0)));
        let bias_name = view.fresh(&format!("{}_folded_bias", normalise.output_name(0)));
        graph.initializer.push(Tensor::of_f32(&weight_name, &shape, &values));
        graph.initializer.push(Tensor::of_f32(&bias_name, &[channels], &offsets));
        if let Some(node) = graph.node.get_mut(before) {
            node.input.truncate(1);
            node.input.extend([weight_name, bias_name]);
        }
        let last = pooling.map_or(before, |(place, _)| place);
        if let Some(node) = graph.node.get_mut(last) {
            node.output = vec![normalise.output_name(0).to_owned()];
        }
        folded.insert(place);
    }
    let mut place = 0;
    graph.node.retain(|_| {
        place += 1;
        !folded.contains(&(place - 1))
    });
    sweep(&mut graph);
    model.with_graph(graph)
}
