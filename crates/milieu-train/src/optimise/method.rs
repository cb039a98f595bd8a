//! The ways to make a model smaller.

use super::examples::Examples;
use super::measure::Engined;
use super::pictures::{PictureExamples, pictures};
use super::tune::{masked, tuned};
use super::{Optimisation, OptimiseError};
use crate::pictures::{Recipe, network};
use milieu_inference::{EngineKind, Engines};
use milieu_nn::{Layer, Parameters, Size};
use milieu_onnx::Model;
use milieu_onnx::rewrite::{
    Form, Ranges, expose, fold_batch_norm, half_weights, magnitude, mirrored, prune_channels,
    quantisable_tensors, quantise_dynamic, quantise_static, quantise_weights,
};
use milieu_registry::ModelCard;
use serde::{Deserialize, Serialize};

/// Pictures that ranges are measured with, and how many of them at a time.
const CALIBRATED: [usize; 2] = [512, 32];
/// The share of values at each end that a range leaves out.
const OUTLIERS: f32 = 1e-4;

/// What is done to a model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Method {
    /// Weights and values in between in 8 bits, with ranges measured on examples.
    Int8,
    /// Matrices in 8 bits, with ranges measured at each run.
    Int8Dynamic,
    /// Weights alone in 8 bits: smaller, not faster.
    Int8Weights,
    /// Weights as halves: smaller, not faster.
    Half,
    /// The share of the smallest weights is set to zero.
    Magnitude {
        /// The share, 0 to 1.
        share: f32,
        /// Epochs of training on after that, where the model was trained here.
        epochs: usize,
    },
    /// The share of the weakest channels is removed.
    Channels {
        /// The share, 0 to 1.
        share: f32,
        /// Epochs of training on after that, where the model was trained here.
        epochs: usize,
    },
}

/// A model that is to become smaller.
pub(super) struct Smaller<'a> {
    pub(super) wanted: &'a Optimisation,
    pub(super) card: &'a ModelCard,
    pub(super) model: &'a Model,
    /// The layers and what they learnt, where the model was trained here.
    pub(super) network: Option<&'a Vec<u8>>,
}

type Network = (Vec<Layer>, Parameters);

impl Smaller<'_> {
    /// The smaller graph, and the smaller network where one was trained on.
    pub(super) fn make(
        &self,
        engines: &Engines,
        examples: &Examples,
        recipe: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(Model, Option<Vec<u8>>), OptimiseError> {
        let folded = || fold_batch_norm(self.model);
        Ok(match self.wanted.method {
            Method::Int8 => {
                let model = folded()?;
                tell("measuring ranges");
                let ranges = self.ranges(&model, engines, self.of_pictures(examples)?)?;
                let form = match engines.kind() {
                    EngineKind::OnnxRuntime => Form::Pairs,
                    EngineKind::Rten => Form::Integer,
                };
                (quantise_static(&model, &ranges, form)?, None)
            }
            Method::Int8Dynamic => (quantise_dynamic(self.model)?, None),
            Method::Int8Weights => (quantise_weights(&folded()?)?, None),
            Method::Half => (half_weights(self.model)?, None),
            Method::Magnitude { share, epochs } => match self.network()? {
                Some(parent) => {
                    let (layers, parameters) = parent.clone();
                    let (parameters, mask) = masked(parameters, share);
                    let smaller = ((layers, parameters), Some(&mask));
                    self.trained(smaller, &parent, self.of_pictures(examples)?, (recipe, epochs), tell)?
                }
                None => (magnitude(self.model, share)?, None),
            },
            Method::Channels { share, epochs } => match self.network()? {
                Some(parent) => {
                    let examples = self.of_pictures(examples)?;
                    let smaller = milieu_models::prune(&parent.0, self.input(examples), &parent.1, share)?;
                    self.trained((smaller, None), &parent, examples, (recipe, epochs), tell)?
                }
                None => (prune_channels(&folded()?, share)?, None),
            },
        })
    }

    /// What needs pictures does not go with texts.
    fn of_pictures<'e>(&self, examples: &'e Examples) -> Result<&'e PictureExamples, OptimiseError> {
        match examples {
            Examples::Pictures(examples) => Ok(examples),
            Examples::Texts(_) => Err(OptimiseError::Unfit {
                name: self.wanted.name.clone(),
                version: self.wanted.version,
                reason: "this method is for models of pictures; int8-dynamic is for those of texts"
                    .to_owned(),
            }),
        }
    }

    fn network(&self) -> Result<Option<Network>, OptimiseError> {
        let Some(bytes) = self.network else { return Ok(None) };
        network::read(bytes).map(Some).ok_or_else(|| OptimiseError::Unfit {
            name: self.wanted.name.clone(),
            version: self.wanted.version,
            reason: "its network is damaged".to_owned(),
        })
    }

    fn input(&self, examples: &PictureExamples) -> Size {
        milieu_models::image::Image::input(examples.preparation.side as usize)
    }

    /// Trains a smaller network on, and gives its graph and itself. What the mask names stays zero.
    fn trained(
        &self,
        (network, mask): (Network, Option<&Vec<Vec<bool>>>),
        parent: &Network,
        examples: &PictureExamples,
        (recipe, epochs): (&str, usize),
        tell: &mut dyn FnMut(&str),
    ) -> Result<(Model, Option<Vec<u8>>), OptimiseError> {
        let unfit = |reason: String| OptimiseError::Unfit {
            name: self.wanted.name.clone(),
            version: self.wanted.version,
            reason,
        };
        let recipe = Recipe::read(recipe, &[]).map_err(|error| unfit(format!("its recipe: {error}")))?;
        let (layers, parameters) = if epochs == 0 {
            network
        } else {
            tuned(network, mask, parent, examples, (&recipe, epochs), &self.wanted.folder, tell)?
        };
        let model = milieu_models::onnx(&layers, self.input(examples), &parameters)?;
        let model = if recipe.answer.mirrored { mirrored(&model)? } else { model };
        let bytes = network::write(&layers, &parameters).map_err(unfit)?;
        Ok((model, Some(bytes)))
    }

    /// The ranges of what flows through the model, for pictures that it is not measured with.
    fn ranges(
        &self,
        model: &Model,
        engines: &Engines,
        examples: &PictureExamples,
    ) -> Result<Ranges, OptimiseError> {
        let names = quantisable_tensors(model);
        let exposed = expose(model, &names)?;
        let outputs: Vec<&str> = exposed.graph().output.iter().map(|output| output.name()).collect();
        let input = self.card.inputs.first().map(|input| input.name.as_str());
        let input = input.or_else(|| exposed.graph().input.first().map(|input| input.name()));
        let mut engine = Engined::load(engines, &exposed.write())?;
        let mut ranges = Ranges::default();
        let from = if examples.parts.train.is_empty() { &examples.parts.test } else { &examples.parts.train };
        let step = from.len().div_ceil(CALIBRATED[0]).max(1);
        let numbers: Vec<usize> = from.iter().copied().step_by(step).collect();
        for numbers in numbers.chunks(CALIBRATED[1]) {
            let batch = pictures(examples, numbers)?;
            if let (Some(input), Some(values)) = (input, batch.as_f32()) {
                ranges.observe(input, values, 0.0);
            }
            for (name, values) in outputs.iter().zip(engine.run(std::slice::from_ref(&batch))?) {
                ranges.observe(name, &values, OUTLIERS);
            }
        }
        Ok(ranges)
    }
}
