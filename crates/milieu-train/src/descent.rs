//! What every network over texts does alike: epochs of steps down the gradient, and answers to many texts.

use milieu_dataset::mix;
use milieu_nn::losses::{cross_entropy, known_logistic};
use milieu_nn::{Average, Optimiser, OptimiserConfig, Parameters, Schedule, Tape, Tensor, clip, values};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// A network in the midst of learning.
#[derive(Serialize, Deserialize)]
pub(crate) struct Learning {
    parameters: Parameters,
    optimiser: Optimiser,
    /// The average of all steps, where that is the model.
    average: Option<Average>,
}

impl Learning {
    /// A network that is about to learn by AdamW (Loshchilov and Hutter 2019).
    pub(crate) fn new(first: &Parameters, weight_decay: f32) -> Self {
        let config = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay };
        Self { parameters: first.clone(), optimiser: Optimiser::new(config), average: None }
    }

    /// The same with the average of all steps as its model, of which a step keeps a share; 0 for the last step alone.
    pub(crate) fn with_average(self, share: f32) -> Self {
        let average = (share > 0.0).then(|| Average::new(&self.parameters, share));
        Self { average, ..self }
    }

    /// The same with a rate of its own for each parameter, by its name, as a multiple of the rate of a step.
    pub(crate) fn with_rates(self, rate: impl Fn(&str) -> f32) -> Self {
        let rates = self.parameters.iter().map(|parameter| rate(&parameter.name)).collect();
        Self { optimiser: self.optimiser.with_rates(rates), ..self }
    }

    /// The model as it is now.
    pub(crate) fn model(&self) -> &Parameters {
        self.average.as_ref().map_or(&self.parameters, Average::parameters)
    }
}

/// How a network goes down.
pub(crate) struct Descent<'a> {
    pub(crate) seed: u64,
    /// The numbers of the texts of the training part.
    pub(crate) train: &'a [usize],
    pub(crate) epochs: usize,
    /// Texts of a step.
    pub(crate) batch: usize,
    /// The highest learning rate.
    pub(crate) rate: f32,
    /// The share of all steps over which the rate rises.
    pub(crate) warm_up: f64,
    /// Longer gradients are shortened to this.
    pub(crate) longest: f32,
}

/// A step of an epoch.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The texts.
    pub(crate) numbers: &'a [usize],
    /// Which step of its epoch, from 0.
    pub(crate) number: usize,
    /// Steps of an epoch.
    pub(crate) of: usize,
    /// Decides what is drawn in the epoch.
    pub(crate) seed: u64,
}

impl Descent<'_> {
    /// One epoch, by the mean loss of the texts of a step; what is drawn depends on the seed and the epoch alone. `tell`
    /// hears how many steps are done of how many. Gives the mean loss.
    pub(crate) fn epoch(
        &self,
        learning: &mut Learning,
        epoch: usize,
        loss: impl Fn(&Tape<'_>, Step<'_>) -> Tensor<1>,
        tell: &mut dyn FnMut(usize, usize),
    ) -> f64 {
        let seed = mix(self.seed, epoch as u64 + 1);
        let mut order = self.train.to_vec();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        let of = order.len().div_ceil(self.batch);
        let schedule = Schedule::OneCycle { warm_up: self.warm_up };
        let mut sum = 0.0;
        for (number, numbers) in order.chunks(self.batch).enumerate() {
            let rate = self.rate * schedule.factor(epoch * of + number, self.epochs * of) as f32;
            let tape = Tape::training(&learning.parameters, mix(seed, number as u64));
            let loss = loss(&tape, Step { numbers, number, of, seed });
            let value = values(loss.clone()).first().copied().unwrap_or(f32::NAN);
            let (mut gradients, _) = tape.gradients(&loss);
            clip(&mut gradients, self.longest);
            learning.optimiser.step(&mut learning.parameters, &gradients, rate);
            if let Some(average) = &mut learning.average {
                average.update(&learning.parameters);
            }
            sum += f64::from(value) * numbers.len() as f64;
            tell(number + 1, of);
            if !value.is_finite() {
                break;
            }
        }
        sum / order.len().max(1) as f64
    }
}

/// The mean loss of the logits of some texts, `N x C`, beside the shares of their classes that are wanted, one text after
/// the other; `many` where a text may have any number of classes, of which those count nothing of which no number is wanted.
pub(crate) fn class_loss(tape: &Tape<'_>, logits: Tensor<2>, wanted: Vec<f32>, many: bool) -> Tensor<1> {
    let shape = logits.dims();
    if many {
        let known = wanted.iter().map(|share| f32::from(u8::from(!share.is_nan()))).collect();
        let wanted = wanted.into_iter().map(|share| if share.is_nan() { 0.0 } else { share }).collect();
        let (wanted, known) = (tape.tensor(wanted, shape), tape.tensor(known, shape));
        // The sum over classes, as in the bag: a mean would make steps of many classes small.
        known_logistic(logits, wanted, known) * shape[1] as f32
    } else {
        cross_entropy(logits, tape.tensor(wanted, shape), None)
    }
}

/// Texts in order, as many together as have no more than `most` tokens; a longer one alone.
pub(crate) fn together(
    numbers: &[usize],
    most: usize,
    tokens: impl Fn(usize) -> usize,
) -> impl Iterator<Item = &[usize]> {
    let mut rest = numbers;
    std::iter::from_fn(move || {
        let mut total = 0;
        let fits = rest.iter().take_while(|&&at| {
            total += tokens(at);
            total <= most
        });
        let count = fits.count().max(1).min(rest.len());
        let (some, after) = rest.split_at(count);
        rest = after;
        (!some.is_empty()).then_some(some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_fit_together() {
        let check = |lengths: &[usize], most: usize, expected: &[&[usize]]| {
            let numbers: Vec<usize> = (0..lengths.len()).collect();
            let found: Vec<&[usize]> = together(&numbers, most, |at| lengths[at]).collect();
            assert_eq!(found, expected);
        };
        check(&[], 4, &[]);
        check(&[1, 2, 1], 4, &[&[0, 1, 2]]);
        check(&[3, 2, 9, 1, 3], 4, &[&[0], &[1], &[2], &[3, 4]]);
        check(&[9, 9], 4, &[&[0], &[1]]);
    }

    #[test]
    fn classes_that_are_not_known_count_nothing() {
        let parameters = milieu_nn::Parameters::default();
        let tape = Tape::answering(&parameters);
        let rows = [[2.0f32, -1.0], [0.5, 3.0], [-4.0, 0.0]];
        let loss = |wanted: [[f32; 2]; 3]| {
            let logits = tape.tensor(rows.concat(), [3, 2]);
            f64::from(values(class_loss(&tape, logits, wanted.concat(), true))[0])
        };
        let of =
            |logit: f32, share: f32| f64::from(logit.max(0.0) + (-logit.abs()).exp().ln_1p() - share * logit);
        let check = |wanted: [[f32; 2]; 3]| {
            let pairs = rows.iter().flatten().zip(wanted.as_flattened()).filter(|(_, share)| !share.is_nan());
            let expected = pairs.map(|(&logit, &share)| of(logit, share)).sum::<f64>() / 3.0;
            assert!((loss(wanted) - expected).abs() < 1e-6, "{wanted:?}: {} {expected}", loss(wanted));
        };
        let nan = f32::NAN;
        check([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
        check([[1.0, nan], [nan, 0.0], [nan, nan]]);
        check([[nan; 2]; 3]);
    }
}
