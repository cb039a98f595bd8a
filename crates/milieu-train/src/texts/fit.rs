//! The loop: step after step, epoch after epoch.

use super::bag::{Bag, Step, Wanted};
use super::data::Data;
use super::recipe::Recipe;
use milieu_dataset::mix;
use milieu_nn::losses::smooth;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// All that a run knows between two epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) bag: Bag,
    pub(super) epochs: Vec<Epoch>,
    /// The bag with the best validation so far, and its mean negative log probability.
    pub(super) best: Option<(f64, Bag)>,
    pub(super) seconds: f64,
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
    /// Mean F1 of the classes there.
    pub macro_f1: f64,
    /// Mean negative log probability of the right class there.
    pub log_loss: f64,
    /// Texts learnt from in a second.
    pub texts_per_second: f64,
}

/// What an epoch needs.
pub(super) struct Fit<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) data: &'a Data,
}

impl Fit<'_> {
    /// One epoch over the training part; what is drawn depends on the seed and the epoch alone. Gives the mean loss.
    pub(super) fn epoch(&self, state: &mut State, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let config = &self.recipe.train;
        let epoch = state.epochs.len();
        let seed = mix(self.recipe.seed, epoch as u64 + 1);
        let mut order = self.data.parts.train.clone();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        let steps = order.len().div_ceil(config.batch);
        let mut sum = 0.0;
        for (number, numbers) in order.chunks(config.batch).enumerate() {
            let done = (epoch * steps + number) as f32 / (config.epochs * steps) as f32;
            let batch: Vec<Wanted> = numbers.par_iter().map(|&at| self.wanted(at, seed)).collect();
            let step = Step { rate: config.rate * (1.0 - done), decay: config.decay };
            sum += state.bag.step(&batch, step);
            tell(number + 1, steps);
        }
        sum / order.len().max(1) as f64
    }

    fn wanted(&self, at: usize, seed: u64) -> Wanted {
        let config = &self.recipe.train;
        let mut rows = self.data.rows[at].clone();
        if config.dropout > 0.0 {
            let mut random = Pcg64Mcg::seed_from_u64(mix(seed, at as u64));
            rows.retain(|_| random.random::<f32>() >= config.dropout);
        }
        let shares = smooth(&[self.data.right[at]], self.data.classes.len(), config.smoothing);
        Wanted { rows, shares }
    }

    /// The logits of some texts, `N x C`.
    pub(super) fn answer(&self, bag: &Bag, numbers: &[usize]) -> Vec<f32> {
        let rows: Vec<Vec<f32>> = numbers.par_iter().map(|&at| bag.logits(&self.data.rows[at])).collect();
        rows.concat()
    }
}
