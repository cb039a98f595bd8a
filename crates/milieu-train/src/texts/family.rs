//! What the families of models have in common: how a run sees them.

use super::data::Data;
use super::recipe::{Choice, Recipe};
use crate::classification::{
    Figures, fit_temperature, fit_thresholds, fit_unknown, measure, measure_many, measure_unknown,
};
use crate::epochs::Epochs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A family of models over texts.
pub(super) trait Family {
    /// What a model has learnt.
    type Model: Clone + Serialize + DeserializeOwned;
    /// A model and what its learning needs beside it.
    type State: Serialize + DeserializeOwned;

    /// A model that is about to learn.
    fn begin(&self) -> Self::State;

    /// One epoch over the training part; what is drawn depends on the seed and the epoch alone. `tell` hears how many
    /// steps are done of how many. Gives the mean loss.
    fn epoch(&self, state: &mut Self::State, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64;

    /// The model as it is now.
    fn model<'s>(&self, state: &'s Self::State) -> &'s Self::Model;

    /// The logits of some texts, `N x C`.
    fn answer(&self, model: &Self::Model, numbers: &[usize]) -> Vec<f32>;

    /// How many values a model has.
    fn parameters(&self, model: &Self::Model) -> usize;
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
    /// Mean F1 of the classes there; where texts have any number of labels, at the thresholds that are best there.
    pub macro_f1: f64,
    /// Mean negative log probability of what is right there.
    pub log_loss: f64,
    /// Texts learnt from in a second.
    pub texts_per_second: f64,
}

impl Epoch {
    /// The greater, the better.
    pub(super) fn worth(&self, choice: Choice) -> f64 {
        match choice {
            Choice::LogLoss => -self.log_loss,
            Choice::Accuracy => self.accuracy,
            Choice::MacroF1 => self.macro_f1,
        }
    }
}

/// All that a run knows between two epochs.
pub(super) type State<F> = Epochs<<F as Family>::State, <F as Family>::Model, Epoch>;

/// How logits become answers, found on the validation part.
pub(super) struct Reading {
    temperature: f64,
    thresholds: Vec<f64>,
    /// The threshold under which a text is of no class.
    unknown: Option<f64>,
}

impl Reading {
    pub(super) fn fit(recipe: &Recipe, data: &Data, logits: &[f32], numbers: &[usize]) -> Self {
        let count = data.classes.len();
        if data.many {
            let (thresholds, temperature) =
                fit_thresholds(logits, &told(data, numbers), count, recipe.train.threshold);
            return Self { temperature, thresholds, unknown: None };
        }
        let right = firsts(&data.right(numbers));
        let temperature = fit_temperature(logits, &right, count);
        let unknown = data.unknown.map(|unknown| {
            fit_unknown((logits, &right), count, unknown, temperature, recipe.data.unknown_cost)
        });
        Self { temperature, thresholds: Vec::new(), unknown }
    }

    /// The same without a temperature, for the run of an epoch.
    pub(super) fn plain(recipe: &Recipe, data: &Data, logits: &[f32], numbers: &[usize]) -> Self {
        let thresholds =
            if data.many { Self::fit(recipe, data, logits, numbers).thresholds } else { Vec::new() };
        Self { temperature: 1.0, thresholds, unknown: None }
    }

    pub(super) fn measure(&self, data: &Data, logits: &[f32], numbers: &[usize], seed: u64) -> Figures {
        if data.many {
            let like = (self.thresholds.as_slice(), self.temperature);
            return measure_many(logits, &told(data, numbers), &data.classes, like, seed);
        }
        let right = firsts(&data.right(numbers));
        let unknown = data.unknown.zip(self.unknown).map(|(unknown, threshold)| {
            measure_unknown((logits, &right), &data.classes, unknown, self.temperature, threshold)
        });
        Figures { unknown, ..measure(logits, &right, &data.classes, self.temperature, seed) }
    }
}

fn told(data: &Data, numbers: &[usize]) -> Vec<Vec<Option<bool>>> {
    numbers.iter().map(|&at| data.told(at)).collect()
}

fn firsts(right: &[&[usize]]) -> Vec<usize> {
    right.iter().map(|classes| classes.first().copied().unwrap_or(0)).collect()
}
