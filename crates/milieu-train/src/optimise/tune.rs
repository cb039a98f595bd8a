//! Training a smaller network on, until it knows again what it lost.

use super::pictures::PictureExamples;
use crate::pictures::data::Data;
use crate::pictures::fit::{Guide, Teacher};
use crate::pictures::learn::learn_on;
use crate::pictures::{Epoch, Recipe, TrainError, TrainEvent};
use milieu_nn::{Layer, Network, ParameterKind, Parameters, Schedule};
use std::path::Path;

/// How much lower than the recipe's the learning rate is where weights are set to zero: what is left still knows most.
/// A network without half its channels has to learn anew, and lost less at the full rate (cats, dogs and birds, half
/// the channels, 6 epochs: 3.7 points, and 5.2 at this one; half the weights, 3 epochs: .6, and .2 at this one).
const GENTLER: f32 = 0.3;

/// Parameters with the share of the smallest of each weight set to zero, and which those are.
pub(super) fn masked(mut parameters: Parameters, share: f32) -> (Parameters, Vec<Vec<bool>>) {
    let mask = parameters
        .iter_mut()
        .map(|parameter| {
            if parameter.kind != ParameterKind::Weight || parameter.shape.len() < 2 {
                return Vec::new();
            }
            let mut sizes: Vec<f32> = parameter.values.iter().map(|value| value.abs()).collect();
            let count = (sizes.len() as f32 * share.clamp(0.0, 1.0)) as usize;
            if count == 0 {
                return Vec::new();
            }
            let most = *sizes.select_nth_unstable_by(count - 1, f32::total_cmp).1;
            let mask: Vec<bool> = parameter.values.iter().map(|value| value.abs() <= most).collect();
            let zeros = parameter.values.iter_mut().zip(&mask).filter(|(_, zero)| **zero);
            zeros.for_each(|(value, _)| *value = 0.0);
            mask
        })
        .collect();
    (parameters, mask)
}

/// Trains the smaller network on by the recipe that the larger one was trained by, whose answers it learns. What `mask`
/// names stays zero. That the learning rate rises again as in training is after Renda et al. 2020 (arXiv 2003.02389).
pub(super) fn tuned(
    (layers, parameters): (Vec<Layer>, Parameters),
    mask: Option<&Vec<Vec<bool>>>,
    parent: &(Vec<Layer>, Parameters),
    examples: &PictureExamples,
    (recipe, epochs): (&Recipe, usize),
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<(Vec<Layer>, Parameters), TrainError> {
    let mut recipe = recipe.clone();
    recipe.train.epochs = epochs;
    recipe.train.schedule = Schedule::OneCycle { warm_up: 0.1 };
    if mask.is_some() {
        recipe.train.rate *= GENTLER;
    }
    recipe.train.minutes = 0.0;
    recipe.train.patience = 0;
    let data = Data {
        collection: examples.collection.clone(),
        parts: examples.parts.clone(),
        preparation: examples.preparation.clone(),
        features: None,
        encoder: None,
    };
    let (network, _) = Network::new(&parent.0, data.input(), recipe.seed)?;
    let teacher = Teacher { network, parameters: parent.1.clone() };
    let guide = Guide { mask, teacher: Some(&teacher) };
    let learnt = learn_on(&recipe, &data, (layers, parameters), guide, folder, &mut |event| {
        if let TrainEvent::Epoch(Epoch { epoch, loss, accuracy, .. }) = event {
            tell(&format!("training on, epoch {epoch}: loss {loss:.4}, validation accuracy {accuracy:.4}"));
        }
    })?;
    Ok((learnt.layers, learnt.parameters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_nn::Parameter;

    #[test]
    fn the_smallest_weights_go() {
        let mut parameters = Parameters::default();
        for (shape, kind) in [(vec![2, 2], ParameterKind::Weight), (vec![4], ParameterKind::Offset)] {
            let values = vec![3.0, -0.5, 1.0, -2.0];
            parameters.add(Parameter { name: String::new(), shape, kind, values });
        }
        let (found, mask) = masked(parameters, 0.5);
        let values: Vec<&[f32]> = found.iter().map(|parameter| parameter.values.as_slice()).collect();
        assert_eq!(values, [[3.0, 0.0, 0.0, -2.0], [3.0, -0.5, 1.0, -2.0]]);
        assert_eq!(mask, [vec![false, true, true, false], vec![]]);
    }
}
