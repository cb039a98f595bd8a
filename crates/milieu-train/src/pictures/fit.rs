//! The loop: forward, backward, step, epoch after epoch.

use super::data::Data;
use super::recipe::Recipe;
use super::run::TrainError;
use crate::classification::softmax;
use milieu_dataset::pictures::{Batch, augment_turned, blend};
use milieu_dataset::{Loader, LoaderConfig, mix};
use milieu_nn::losses::{cross_entropy, smooth};
use milieu_nn::{Average, Gradients, Network, Optimiser, Parameters, Statistics, Tape};
use milieu_nn::{accumulate, clip, values};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

/// Pictures that are answered together.
const ANSWERED: usize = 250;

/// All that a run knows between two epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) parameters: Parameters,
    pub(crate) optimiser: Optimiser,
    pub(crate) average: Option<Average>,
    pub(crate) epochs: Vec<Epoch>,
    /// The highest accuracy on the validation part so far, and the latest parameters that are as good.
    pub(crate) best: Option<(f64, Parameters)>,
    pub(crate) seconds: f64,
}

/// What came of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Which, from 1.
    pub epoch: usize,
    /// Mean loss of the steps.
    pub loss: f64,
    /// Share of right answers on the validation part.
    pub accuracy: f64,
    /// Mean negative log probability of the right class there.
    pub log_loss: f64,
    /// Pictures learnt from in a second.
    pub pictures_per_second: f64,
}

/// What an epoch needs.
pub(crate) struct Fit<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) network: &'a Network,
    pub(crate) data: &'a Data,
    pub(crate) guide: Guide<'a>,
}

/// What holds a network that is trained on to the one it comes of.
#[derive(Clone, Copy, Default)]
pub(crate) struct Guide<'a> {
    /// Which values of each parameter stay zero; none where there is nothing for a parameter.
    pub(crate) mask: Option<&'a Vec<Vec<bool>>>,
    /// Whose answers are learnt, in place of the labels.
    pub(crate) teacher: Option<&'a Teacher>,
}

/// A network whose answers another learns, on the same views of the same pictures (Hinton et al. 2015,
/// arXiv 1503.02531; that the views are the same and no label is mixed in: Beyer et al. 2022, arXiv 2106.05237).
pub(crate) struct Teacher {
    pub(crate) network: Network,
    pub(crate) parameters: Parameters,
}

impl Teacher {
    /// The share of each class in each picture, `N x C`.
    fn shares(&self, pictures: Vec<f32>, classes: usize) -> Vec<f32> {
        let logits = values(self.network.forward(&Tape::answering(&self.parameters), pictures));
        let rows = logits.chunks_exact(classes.max(1));
        rows.flat_map(|row| softmax(row, 1.0)).map(|share| share as f32).collect()
    }
}

/// Pictures whose gradients are taken at once.
struct PartOfBatch<'a> {
    numbers: &'a [usize],
    /// Which batch it is of, and how many pictures that has.
    batch: usize,
    of: usize,
    is_last: bool,
    seed: u64,
}

/// A part as the network reads it.
struct Prepared {
    pictures: Vec<f32>,
    targets: Vec<f32>,
    count: usize,
    seed: u64,
}

impl Fit<'_> {
    /// One epoch over the training part. What is drawn depends on the seed and the epoch alone, so that a run
    /// that was cut off goes on the same. `step` is told after how many of how many pictures. Gives the mean
    /// loss.
    pub(crate) fn epoch(
        &self,
        state: &mut State,
        step: &mut dyn FnMut(usize, usize),
    ) -> Result<f64, TrainError> {
        let config = &self.recipe.train;
        let epoch = state.epochs.len();
        let mut random = Pcg64Mcg::seed_from_u64(mix(self.recipe.seed, epoch as u64));
        let mut order = self.data.parts.train.clone();
        order.shuffle(&mut random);
        // A last batch of a single picture has no moments.
        let batches: Vec<&[usize]> = order.chunks(config.batch).filter(|batch| batch.len() > 1).collect();
        let parts = self.parts(&batches, epoch);
        let mut sum = 0.0;
        std::thread::scope(|scope| {
            let make = |number: usize| Ok::<_, Infallible>(self.prepare(&parts[number], epoch));
            let mut loader = Loader::scoped(scope, parts.len(), LoaderConfig::default(), make)?;
            let (mut gradients, mut seen) = (Gradients::new(), 0);
            for part in &parts {
                let Some(prepared) = loader.next() else { break };
                let share = part.numbers.len() as f32 / part.of as f32;
                let (loss, of_part, statistics) = self.gradients(&state.parameters, prepared?);
                sum += loss * f64::from(share);
                accumulate(&mut gradients, of_part, share);
                state.parameters.assign(statistics);
                seen += part.numbers.len();
                if !part.is_last {
                    continue;
                }
                if config.clip > 0.0 {
                    clip(&mut gradients, config.clip);
                }
                let done = epoch * batches.len() + part.batch;
                let factor = config.schedule.factor(done, config.epochs * batches.len());
                state.optimiser.step(&mut state.parameters, &gradients, config.rate * factor as f32);
                gradients.clear();
                self.keep_zeros(&mut state.parameters);
                if let Some(average) = &mut state.average {
                    average.update(&state.parameters);
                }
                step(seen, order.len());
            }
            Ok::<_, TrainError>(())
        })?;
        Ok(sum / batches.len().max(1) as f64)
    }

    /// The parts of batches, as even as can be: one of a single picture would have no moments.
    fn parts<'b>(&self, batches: &[&'b [usize]], epoch: usize) -> Vec<PartOfBatch<'b>> {
        let mut parts = Vec::new();
        for (number, &batch) in batches.iter().enumerate() {
            let length = batch.len().div_ceil(self.recipe.train.parts).max(2);
            let count = (batch.len() / length).max(1);
            for at in 0..count {
                let is_last = at + 1 == count;
                let until = if is_last { batch.len() } else { (at + 1) * length };
                let seed = mix(mix(self.recipe.seed, epoch as u64), parts.len() as u64 + 1);
                let numbers = &batch[at * length..until];
                parts.push(PartOfBatch { numbers, batch: number, of: batch.len(), is_last, seed });
            }
        }
        parts
    }

    fn keep_zeros(&self, parameters: &mut Parameters) {
        for (parameter, mask) in parameters.iter_mut().zip(self.guide.mask.into_iter().flatten()) {
            let zeros = parameter.values.iter_mut().zip(mask).filter(|(_, zero)| **zero);
            zeros.for_each(|(value, _)| *value = 0.0);
        }
    }

    /// The mean loss of some pictures, its gradients, and the running moments after them.
    fn gradients(&self, parameters: &Parameters, part: Prepared) -> (f64, Gradients, Statistics) {
        let count = self.data.collection.classes.len();
        let tape = Tape::training(parameters, part.seed);
        let targets = match self.guide.teacher {
            Some(teacher) => teacher.shares(part.pictures.clone(), count),
            None => part.targets,
        };
        let targets = tape.tensor(targets, [part.count, count]);
        let loss = cross_entropy(self.network.forward(&tape, part.pictures), targets, None);
        let value = values(loss.clone()).first().copied().map_or(f64::NAN, f64::from);
        let (gradients, statistics) = tape.gradients(&loss);
        (value, gradients, statistics)
    }

    /// Pictures of a part as the network learns from them. What is drawn depends on the part alone.
    fn prepare(&self, part: &PartOfBatch<'_>, epoch: usize) -> Prepared {
        let &PartOfBatch { numbers, seed, .. } = part;
        let mut pictures = self.augmented(numbers, epoch, seed);
        let classes = self.data.collection.classes.len();
        let mut targets = smooth(&self.right(numbers), classes, self.recipe.train.smoothing);
        let side = self.data.preparation.side as usize;
        let mut batch = Batch { pixels: &mut pictures, targets: &mut targets, side, count: numbers.len() };
        if self.data.features.is_none() {
            blend(&mut batch, &self.recipe.augment, &mut Pcg64Mcg::seed_from_u64(seed));
        }
        Prepared { pictures, targets, count: numbers.len(), seed }
    }

    fn augmented(&self, batch: &[usize], epoch: usize, seed: u64) -> Vec<f32> {
        let config = &self.recipe.augment;
        let length = self.data.input().count();
        let side = self.data.preparation.side as usize;
        let mut out = vec![0.0; batch.len() * length];
        for (place, (out, &at)) in out.chunks_exact_mut(length).zip(batch).enumerate() {
            let flip = config.flips(self.recipe.seed, epoch, at);
            if let Some(features) = &self.data.features {
                out.copy_from_slice(features.of(at, flip));
                continue;
            }
            let mut random = Pcg64Mcg::seed_from_u64(mix(seed, place as u64));
            let mut pixels = vec![0; length];
            let picture = &self.data.collection.pictures[at].pixels;
            augment_turned(picture, side, config, flip, &mut random, &mut pixels);
            self.data.preparation.write(&pixels, out);
        }
        out
    }

    /// Some pictures as they are, or `turned` left to right, each as the network reads it.
    pub(crate) fn prepared(&self, numbers: &[usize], turned: bool) -> Vec<f32> {
        let length = self.data.input().count();
        let side = self.data.preparation.side as usize;
        let mut pictures = vec![0.0; numbers.len() * length];
        for (out, &at) in pictures.chunks_exact_mut(length).zip(numbers) {
            if let Some(features) = &self.data.features {
                out.copy_from_slice(features.of(at, turned));
                continue;
            }
            self.data.preparation.write(&self.data.collection.pictures[at].pixels, out);
            if turned {
                out.chunks_exact_mut(side).for_each(<[f32]>::reverse);
            }
        }
        pictures
    }

    /// The logits of some pictures by one look at each, `N x C`.
    pub(crate) fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        self.logits(parameters, numbers, false)
    }

    /// The logits of some pictures as they will be served, `N x C`.
    pub(crate) fn answer_as_served(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = self.logits(parameters, numbers, false);
        if self.recipe.answer.mirrored {
            let turned = self.logits(parameters, numbers, true);
            logits.iter_mut().zip(turned).for_each(|(one, other)| *one = 0.5 * (*one + other));
        }
        logits
    }

    fn logits(&self, parameters: &Parameters, numbers: &[usize], turned: bool) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.collection.classes.len());
        for batch in numbers.chunks(ANSWERED) {
            let pictures = self.prepared(batch, turned);
            logits.extend(values(self.network.forward(&Tape::answering(parameters), pictures)));
        }
        logits
    }

    /// The right classes of some pictures.
    pub(crate) fn right(&self, numbers: &[usize]) -> Vec<usize> {
        numbers.iter().map(|&at| self.data.collection.pictures[at].class).collect()
    }
}

impl State {
    pub(crate) fn new(recipe: &Recipe, parameters: Parameters) -> Self {
        let average = (recipe.train.average > 0.0).then(|| Average::new(&parameters, recipe.train.average));
        let optimiser = Optimiser::new(recipe.train.optimiser).with_offset_rate(recipe.train.offset_rate);
        Self { parameters, optimiser, average, epochs: Vec::new(), best: None, seconds: 0.0 }
    }

    /// What would serve now: the average, where one is kept.
    pub(crate) fn serving(&self) -> &Parameters {
        self.average.as_ref().map_or(&self.parameters, Average::parameters)
    }
}
