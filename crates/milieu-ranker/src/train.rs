//! Training: the newest part of the examples is held out for early stopping and calibration.

use crate::examples::{POSITIVE, UNLABELLED, check_length, check_size};
use crate::model::{MAX_HIDDEN, Parameters, VERSION};
use crate::network::{Adam, Batch, Network, Shape};
use crate::{ActionModel, Examples, HeadMetrics, RankerError, calibration};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Seeds initial weights, order and choice of negatives.
    pub seed: u64,
    /// Hidden units, 1 to 128.
    pub hidden: usize,
    /// Step size of Adam.
    pub learning_rate: f32,
    /// Examples a step.
    pub batch: usize,
    /// Passes over the training part at most.
    pub max_epochs: usize,
    /// Passes without a better validation loss before stopping.
    pub patience: usize,
    /// Strength of the penalty on squared weights.
    pub decay: f32,
    /// Share of the examples, the newest, that is held out.
    pub validation_share: f32,
    /// At most this many examples without a positive label for each one with a positive label are used, chosen by
    /// chance; the heads' bias makes up for it.
    pub negatives_per_positive: f32,
    /// Standard scores are cut to this magnitude.
    pub clamp: f32,
    /// How much each task counts in the loss; none at all stands for 1 each.
    pub task_weights: Vec<f32>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            hidden: 32,
            learning_rate: 3e-3,
            batch: 256,
            max_epochs: 20,
            patience: 3,
            decay: 1e-5,
            validation_share: 0.15,
            negatives_per_positive: 10.0,
            clamp: 8.0,
            task_weights: Vec::new(),
        }
    }
}

impl TrainConfig {
    fn check(&self, tasks: usize) -> Result<(), RankerError> {
        check_size("hidden units", self.hidden, MAX_HIDDEN)?;
        check_size("examples a batch", self.batch, 1 << 20)?;
        check_size("epochs", self.max_epochs, 10_000)?;
        if !self.task_weights.is_empty() {
            check_length("task weights", tasks, self.task_weights.len())?;
        }
        let ranges: [(&'static str, f32, f32, f32); 5] = [
            ("learning_rate", self.learning_rate, 1e-9, 1.0),
            ("decay", self.decay, 0.0, 1.0),
            ("validation_share", self.validation_share, 0.0, 0.9),
            ("negatives_per_positive", self.negatives_per_positive, 0.01, f32::MAX),
            ("clamp", self.clamp, 0.1, 100.0),
        ];
        for (name, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(RankerError::OutOfRange(name));
            }
        }
        if self.task_weights.iter().any(|w| !(0.0..=1e6).contains(w)) {
            return Err(RankerError::OutOfRange("task_weights"));
        }
        Ok(())
    }
}

/// What happened in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Examples of the training part.
    pub training_examples: usize,
    /// Those of them that were used, after negatives were left out.
    pub used_examples: usize,
    /// Examples held out.
    pub validation_examples: usize,
    /// Passes made.
    pub epochs: usize,
    /// The pass whose weights were kept, from 1.
    pub best_epoch: usize,
    /// Mean training loss of each pass, before the bias correction.
    pub training_loss: Vec<f32>,
    /// Mean over heads of validation log loss divided by that of the base rate, after each pass.
    pub validation_loss: Vec<f64>,
    /// Measures on the held-out part after calibration on the same part: a little too good. Ask
    /// [`ActionModel::evaluate`] with later examples for unbiased ones.
    pub heads: Vec<HeadMetrics>,
}

/// Trains a model on examples ordered by time, oldest first. Equal examples and configuration give an equal model on the
/// same kind of processor.
///
/// # Errors
/// Malformed examples, a configuration out of range, or nothing to learn from.
pub fn train(examples: &Examples, config: &TrainConfig) -> Result<(ActionModel, TrainReport), RankerError> {
    examples.check()?;
    let tasks = examples.task_names.len();
    config.check(tasks)?;
    let count = examples.len();
    let held_out = (count as f32 * config.validation_share) as usize;
    let training = count - held_out.min(count.saturating_sub(1));
    let mut random = Pcg64Mcg::seed_from_u64(config.seed);

    let chosen = choose(examples, training, config.negatives_per_positive, &mut random);
    let shape = Shape { features: examples.feature_names.len(), hidden: config.hidden, tasks };
    let all = Rates::count(examples, 0..training);
    let used = Rates::count(examples, chosen.iter().copied());
    if used.positive.iter().chain(&used.negative).sum::<f64>() <= 0.0 {
        return Err(RankerError::NoExamples);
    }
    let correction: Vec<f32> = (0..tasks).map(|task| all.correction(&used, task)).collect();
    let start: Vec<f32> = (0..tasks).map(|task| used.logit(task)).collect();

    let scaling = Scaling::fit(examples, training, config.clamp);
    let task_weights =
        if config.task_weights.is_empty() { vec![1.0; tasks] } else { config.task_weights.clone() };
    let mut fit = Fit {
        examples,
        config,
        scaling: &scaling,
        task_weights: &task_weights,
        network: Network::new(shape, &start, &mut random),
        chosen,
    };
    let mut report = TrainReport {
        training_examples: training,
        used_examples: fit.chosen.len(),
        validation_examples: count - training,
        epochs: 0,
        best_epoch: 0,
        training_loss: Vec::new(),
        validation_loss: Vec::new(),
        heads: Vec::new(),
    };
    let model = fit.run(training, &correction, &mut random, &mut report)?;
    let model = calibrated(model, examples, training)?;
    report.heads = model.evaluate(&tail(examples, training))?;
    Ok((model, report))
}

/// The examples used, in the order of time: all with a positive label, and of those without, a share by chance.
fn choose(examples: &Examples, training: usize, ratio: f32, random: &mut Pcg64Mcg) -> Vec<usize> {
    let is_positive = |example: &usize| examples.labels_of(*example).contains(&POSITIVE);
    let positives = (0..training).filter(is_positive).count();
    let negatives = training - positives;
    let share = f64::from(ratio) * positives as f64 / negatives.max(1) as f64;
    // Without any positive the base rates are all there is to learn.
    if positives == 0 || share >= 1.0 {
        return (0..training).collect();
    }
    (0..training).filter(|example| is_positive(example) || random.random_bool(share)).collect()
}

/// Weighted labels of each task.
struct Rates {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Rates {
    fn count(examples: &Examples, which: impl Iterator<Item = usize>) -> Self {
        let tasks = examples.task_names.len();
        let (mut positive, mut negative) = (vec![0.0; tasks], vec![0.0; tasks]);
        for example in which {
            let weight = f64::from(examples.weight(example));
            for (task, label) in examples.labels_of(example).iter().enumerate() {
                match *label {
                    UNLABELLED => {}
                    POSITIVE => positive[task] += weight,
                    _ => negative[task] += weight,
                }
            }
        }
        Self { positive, negative }
    }

    /// The logit of the base rate, pulled towards a small rate where there are few labels.
    fn logit(&self, task: usize) -> f32 {
        ((self.positive[task] + 0.1) / (self.negative[task] + 10.0)).ln() as f32
    }

    /// What is added to the logit of a head that learnt from `used` in place of all (King and Zeng, "Logistic regression
    /// in rare events data", Political Analysis 9, 2001): positives are all used, negatives in part.
    fn correction(&self, used: &Self, task: usize) -> f32 {
        if used.negative[task] > 0.0 && self.negative[task] > 0.0 {
            (used.negative[task] / self.negative[task]).ln() as f32
        } else {
            0.0
        }
    }
}

/// Mean and deviation of each feature.
struct Scaling {
    mean: Vec<f32>,
    deviation: Vec<f32>,
    clamp: f32,
}

impl Scaling {
    /// From the finite values of the training part.
    fn fit(examples: &Examples, training: usize, clamp: f32) -> Self {
        let features = examples.feature_names.len();
        let (mut count, mut mean, mut square) =
            (vec![0.0f64; features], vec![0.0f64; features], vec![0.0f64; features]);
        for example in 0..training {
            for (feature, x) in examples.row(example).iter().enumerate() {
                // Magnitudes beyond this are cut anyway and would drown everything else in the deviation.
                if x.abs() <= 1e6 {
                    // Welford's running mean and sum of squared differences.
                    count[feature] += 1.0;
                    let difference = f64::from(*x) - mean[feature];
                    mean[feature] += difference / count[feature];
                    square[feature] += difference * (f64::from(*x) - mean[feature]);
                }
            }
        }
        let deviation = square.iter().zip(&count).map(|(square, count)| {
            let deviation = (square / count.max(1.0)).sqrt() as f32;
            if deviation > 1e-6 { deviation } else { 0.0 }
        });
        Self { deviation: deviation.collect(), mean: mean.iter().map(|m| *m as f32).collect(), clamp }
    }

    /// The same arithmetic as the forward pass.
    fn apply(&self, row: &[f32], out: &mut Vec<f32>) {
        let scales = self.mean.iter().zip(&self.deviation);
        out.extend(row.iter().zip(scales).map(|(x, (mean, deviation))| {
            let inverse = if *deviation > 0.0 { 1.0 / deviation } else { 0.0 };
            let z = (x - mean) * inverse;
            if z.is_nan() { 0.0 } else { z.clamp(-self.clamp, self.clamp) }
        }));
    }
}

struct Fit<'a> {
    examples: &'a Examples,
    config: &'a TrainConfig,
    scaling: &'a Scaling,
    task_weights: &'a [f32],
    network: Network,
    chosen: Vec<usize>,
}

impl Fit<'_> {
    /// Passes until the validation loss stops falling; returns the best model, not yet calibrated.
    fn run(
        &mut self,
        training: usize,
        correction: &[f32],
        random: &mut Pcg64Mcg,
        report: &mut TrainReport,
    ) -> Result<ActionModel, RankerError> {
        let held_out = tail(self.examples, training);
        let mut adam = Adam::new(self.config.learning_rate, self.network.values.len());
        let mut best: Option<(f64, ActionModel)> = None;
        for epoch in 1..=self.config.max_epochs {
            self.chosen.shuffle(random);
            let training_loss = self.epoch(&mut adam);
            let model = self.model(correction)?;
            let measured = model.evaluate(&held_out)?;
            // Without anything held out the last pass is the best.
            let loss = relative_loss(&measured).unwrap_or(1.0 / epoch as f64);
            report.epochs = epoch;
            report.training_loss.push(training_loss);
            report.validation_loss.push(loss);
            if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                report.best_epoch = epoch;
                best = Some((loss, model));
            } else if epoch - report.best_epoch >= self.config.patience {
                break;
            }
        }
        best.map(|(_, model)| model).ok_or(RankerError::NoExamples)
    }

    /// One pass; returns the mean loss.
    fn epoch(&mut self, adam: &mut Adam) -> f32 {
        let mut gradient = vec![0.0; self.network.values.len()];
        let (mut rows, mut labels, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let (mut sum, mut batches) = (0.0, 0);
        for chosen in self.chosen.chunks(self.config.batch) {
            rows.clear();
            labels.clear();
            weights.clear();
            for example in chosen {
                self.scaling.apply(self.examples.row(*example), &mut rows);
                labels.extend_from_slice(self.examples.labels_of(*example));
                weights.push(self.examples.weight(*example));
            }
            let batch = Batch { rows: &rows, labels: &labels, weights: &weights };
            let decay = self.config.decay;
            sum += self.network.loss_and_gradient(&batch, self.task_weights, decay, &mut gradient);
            batches += 1;
            adam.step(&mut self.network.values, &gradient);
        }
        sum / batches.max(1) as f32
    }

    fn model(&self, correction: &[f32]) -> Result<ActionModel, RankerError> {
        let mut network = self.network.clone();
        for (bias, correction) in network.head_bias_mut().iter_mut().zip(correction) {
            *bias += correction;
        }
        let parts = network.parts();
        let tasks = network.shape.tasks;
        ActionModel::try_from(Parameters {
            version: VERSION,
            feature_names: self.examples.feature_names.clone(),
            task_names: self.examples.task_names.clone(),
            mean: self.scaling.mean.clone(),
            deviation: self.scaling.deviation.clone(),
            clamp: self.scaling.clamp,
            hidden_weights: parts.hidden_weights.to_vec(),
            hidden_bias: parts.hidden_bias.to_vec(),
            head_weights: parts.head_weights.to_vec(),
            head_bias: parts.head_bias.to_vec(),
            calibration_slope: vec![1.0; tasks],
            calibration_offset: vec![0.0; tasks],
        })
    }
}

/// The mean over heads with both classes of log loss by that of the base rate.
fn relative_loss(heads: &[HeadMetrics]) -> Option<f64> {
    let ratios: Vec<f64> = heads
        .iter()
        .filter_map(|head| Some(head.log_loss? / head.base_log_loss.filter(|base| *base > 0.0)?))
        .collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
}

/// The examples from `first` on.
fn tail(examples: &Examples, first: usize) -> Examples {
    let (features, tasks) = (examples.feature_names.len(), examples.task_names.len());
    Examples {
        feature_names: examples.feature_names.clone(),
        task_names: examples.task_names.clone(),
        features: examples.features[first * features..].to_vec(),
        labels: examples.labels[first * tasks..].to_vec(),
        weights: examples.weights.get(first..).unwrap_or_default().to_vec(),
    }
}

/// The model with each head calibrated on the examples from `first` on.
fn calibrated(model: ActionModel, examples: &Examples, first: usize) -> Result<ActionModel, RankerError> {
    let held_out = tail(examples, first);
    let tasks = held_out.task_names.len();
    let mut predicted = vec![0.0; held_out.labels.len()];
    model.predict(&held_out.features, &mut predicted)?;
    let mut parameters = Parameters::from(model);
    for task in 0..tasks {
        let pairs = predicted.iter().zip(&held_out.labels).skip(task).step_by(tasks);
        let labelled: Vec<(f64, bool)> = pairs
            .filter(|(_, label)| **label != UNLABELLED)
            .map(|(p, label)| {
                let p = f64::from(*p).clamp(1e-7, 1.0 - 1e-7);
                ((p / (1.0 - p)).ln(), *label == POSITIVE)
            })
            .collect();
        let (slope, offset) = calibration::fit(&labelled);
        parameters.calibration_slope[task] = slope;
        parameters.calibration_offset[task] = offset;
    }
    ActionModel::try_from(parameters)
}
