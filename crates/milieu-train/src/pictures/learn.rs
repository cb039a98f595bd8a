//! One run of a recipe: from first parameters, or a checkpoint, to learnt ones.

use super::data::Data;
use super::fit::{Epoch, Fit, Guide, State};
use super::network;
use super::recipe::{Recipe, Start};
use super::run::{TrainError, TrainEvent};
use crate::checkpoint;
use crate::classification::measure;
use milieu_nn::{Layer, Network, Parameters, whitening};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// The most pictures whose patches a whitening convolution is computed from.
const WHITENED: usize = 5000;
/// Added to the variance of what such a convolution gives, so that noise is not made large.
const WHITENING_EPSILON: f64 = 5e-4;

/// A network and what it learnt.
pub(crate) struct Learnt {
    pub(crate) layers: Vec<Layer>,
    pub(crate) network: Network,
    pub(crate) parameters: Parameters,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) seconds: f64,
}

impl Learnt {
    /// The best accuracy on the validation part.
    pub(crate) fn score(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.accuracy).fold(f64::NAN, f64::max)
    }
}

/// Learns; checkpoints go to `folder`.
pub(crate) fn learn(
    recipe: &Recipe,
    data: &Data,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Learnt, TrainError> {
    let layers = recipe.model.layers(data.collection.classes.len());
    let (network, parameters) = Network::new(&layers, data.input(), recipe.seed)?;
    let guide = Guide::default();
    let parameters = match &recipe.parent {
        Some(parent) => continued(&parent.path, parameters)?,
        None => started(&Fit { recipe, network: &network, data, guide }, &layers, parameters),
    };
    learn_on(recipe, data, (layers, parameters), guide, folder, tell)
}

/// Learns on from parameters; those that the guide's mask names, which are zero, stay so.
pub(crate) fn learn_on(
    recipe: &Recipe,
    data: &Data,
    (layers, parameters): (Vec<Layer>, Parameters),
    guide: Guide<'_>,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Learnt, TrainError> {
    let (network, _) = Network::new(&layers, data.input(), recipe.seed)?;
    let run = data.fingerprint(recipe, &parameters);
    let fit = Fit { recipe, network: &network, data, guide };
    let mut state = match checkpoint::load::<State>(folder, run)? {
        Some(state) => {
            tell(TrainEvent::Resumed { epochs: state.epochs.len() });
            state
        }
        None => State::new(recipe, parameters),
    };
    let config = &recipe.train;
    let right = fit.right(&data.parts.validation);
    while state.epochs.len() < config.epochs && !is_over(recipe, &state) {
        let begun = Instant::now();
        let epoch = state.epochs.len() + 1;
        let loss = fit.epoch(&mut state, &mut |done, of| tell(TrainEvent::Step { epoch, done, of }))?;
        let learning = begun.elapsed().as_secs_f64();
        if !loss.is_finite() {
            return Err(TrainError::Diverged { epoch });
        }
        let logits = fit.answer(state.serving(), &data.parts.validation);
        let figures = measure(&logits, &right, &data.collection.classes, 1.0, recipe.seed);
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(TrainError::Diverged { epoch });
        }
        let accuracy = figures.accuracy.mean;
        let highest = state.best.as_ref().map_or(accuracy, |(best, _)| best.max(accuracy));
        if is_as_good(accuracy, highest, right.len()) {
            state.best = Some((highest, state.serving().clone()));
        }
        let pictures_per_second = data.parts.train.len() as f64 / learning;
        let epoch = Epoch { epoch, loss, accuracy, log_loss: figures.log_loss, pictures_per_second };
        state.epochs.push(epoch);
        state.seconds += begun.elapsed().as_secs_f64();
        checkpoint::save(folder, run, &state)?;
        tell(TrainEvent::Epoch(epoch));
    }
    let State { best, parameters, epochs, seconds, .. } = state;
    let parameters = best.map_or(parameters, |(_, best)| best);
    Ok(Learnt { layers, network, parameters, epochs, seconds })
}

/// Parameters that go on from what the network at `path` learnt.
fn continued(path: &Path, mut parameters: Parameters) -> Result<Parameters, TrainError> {
    let unfit = |reason: String| TrainError::Parent { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| unfit(error.to_string()))?;
    network::go_on_from(&bytes, &mut parameters).map_err(unfit)?;
    Ok(parameters)
}

/// Parameters as they are before the first step.
fn started(fit: &Fit<'_>, layers: &[Layer], mut parameters: Parameters) -> Parameters {
    if fit.recipe.train.start == Start::Identity {
        parameters.start_as_identity();
    }
    if let Some(&Layer::Whiten { kernel }) = layers.first() {
        // Every so many, so that each class is there.
        let step = fit.data.parts.train.len().div_ceil(WHITENED).max(1);
        let numbers: Vec<usize> = fit.data.parts.train.iter().copied().step_by(step).collect();
        let side = fit.data.preparation.side as usize;
        if let Some(kernels) =
            whitening(&fit.prepared(&numbers, false), [3, side, side], kernel, WHITENING_EPSILON)
        {
            parameters.replace("0.weight", kernels);
        }
    }
    parameters
}

/// Whether an accuracy over so many examples is below the highest by no more than one standard error, which may be
/// by chance. The latest such epoch is taken: it has seen more, at a lower rate (after the rule of one standard
/// error, Breiman et al. 1984, section 3.4.3).
fn is_as_good(accuracy: f64, highest: f64, examples: usize) -> bool {
    highest - accuracy <= (highest * (1.0 - highest) / examples.max(1) as f64).sqrt()
}

/// Whether the time is up, or nothing better came for long enough.
fn is_over(recipe: &Recipe, state: &State) -> bool {
    let config = &recipe.train;
    let best = state.epochs.iter().rev().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    let waited = best.map_or(0, |best| state.epochs.len() - best.epoch);
    let late = config.minutes > 0.0 && state.seconds >= config.minutes * 60.0;
    late || (config.patience > 0 && waited >= config.patience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_may_have_done_is_as_good() {
        for (accuracy, highest, examples, expected) in [
            (0.9, 0.9, 1000, true),
            (0.891, 0.9, 1000, true),
            (0.89, 0.9, 1000, false),
            (0.89, 0.9, 500, true),
            (0.99, 1.0, 10, false),
            (1.0, 1.0, 10, true),
            (0.0, 0.0, 10, true),
        ] {
            assert_eq!(is_as_good(accuracy, highest, examples), expected, "{accuracy} {highest} {examples}");
        }
    }
}
