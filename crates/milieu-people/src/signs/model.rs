//! Networks that learn signs, and which of them.

use super::features::{Moment, Units, names, rows};
use super::{FEATURES, SignError, SignedEdge, check};
use milieu_ranker::{ActionModel, Examples, NEGATIVE, POSITIVE, TrainConfig, train};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The task of the network.
const TASK: &str = "good";
/// Edges below which nothing is learnt.
pub(super) const LEAST_EDGES: usize = 100;
/// Settings that are tried: hidden units, step size, penalty.
const TRIED: [(usize, f32, f32); 6] = [
    (8, 1e-3, 1e-4),
    (16, 1e-3, 1e-4),
    (32, 1e-3, 1e-4),
    (16, 3e-3, 1e-5),
    (16, 3e-3, 1e-3),
    (32, 3e-3, 1e-3),
];
/// Passes at most, and without a better one.
const EPOCHS: (usize, usize) = (30, 4);

/// How signs are learnt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignConfig {
    /// Decides initial weights and orders.
    pub seed: u64,
    /// Networks of which the mean is taken, 1 to 32.
    pub networks: usize,
    /// The oldest share of the edges, 0 to .9, of which nothing is learnt, because hardly anything was known then.
    pub warm_up: f64,
    /// The newest share of the training part, .01 to .5, that settings are chosen by.
    pub validation: f64,
}

impl Default for SignConfig {
    fn default() -> Self {
        Self { seed: 0, networks: 5, warm_up: 0.1, validation: 0.2 }
    }
}

impl SignConfig {
    pub(super) fn check(&self) -> Result<(), SignError> {
        if !(1..=32).contains(&self.networks) {
            return Err(SignError::OutOfRange("networks"));
        }
        if !(0.0..=0.9).contains(&self.warm_up) {
            return Err(SignError::OutOfRange("warm_up"));
        }
        if !(0.01..=0.5).contains(&self.validation) {
            return Err(SignError::OutOfRange("validation"));
        }
        Ok(())
    }
}

/// A trained model of signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignModel {
    /// What its features are measured in.
    pub units: Units,
    /// Hidden units, step size and penalty that were chosen.
    pub chosen: (usize, f32, f32),
    networks: Vec<ActionModel>,
}

impl SignModel {
    /// Learns from edges, ascending by time, between `nodes` people; each is looked at with what was known when it was made.
    ///
    /// # Errors
    /// Edges out of order or without a sign, too few of them, a setting out of range.
    pub fn train(edges: &[SignedEdge], nodes: usize, config: &SignConfig) -> Result<Self, SignError> {
        check(edges, nodes)?;
        config.check()?;
        if edges.len() < LEAST_EDGES {
            return Err(SignError::TooFew { found: edges.len(), needed: LEAST_EDGES });
        }
        let units = Units::of(edges);
        let first = (edges.len() as f64 * config.warm_up) as usize;
        let features = rows(edges, nodes, first..edges.len(), Moment::EachEdge, &units);
        Self::learn(units, features, &edges[first..], config)
    }

    /// Learns from rows of features, oldest first, and the edges they belong to.
    pub(super) fn learn(
        units: Units,
        features: Vec<f32>,
        edges: &[SignedEdge],
        config: &SignConfig,
    ) -> Result<Self, SignError> {
        let labels = edges.iter().map(|edge| if edge.value > 0.0 { POSITIVE } else { NEGATIVE }).collect();
        let examples = Examples { features, labels, ..Examples::new(names(), vec![TASK.to_owned()]) };
        let cut = edges.len() - (edges.len() as f64 * config.validation) as usize;
        let (old, new) = (part(&examples, 0, cut), part(&examples, cut, edges.len()));
        let mut best = (f64::INFINITY, TRIED[0]);
        for tried in TRIED {
            let (model, _) = train(&old, &settings(tried, config.seed))?;
            let measured = model.evaluate(&new)?;
            let loss = measured.first().and_then(|head| head.log_loss).unwrap_or(f64::INFINITY);
            if loss < best.0 {
                best = (loss, tried);
            }
        }
        let networks = (0..config.networks as u64)
            .into_par_iter()
            .map(|number| Ok(train(&examples, &settings(best.1, config.seed.wrapping_add(number)))?.0))
            .collect::<Result<_, SignError>>()?;
        Ok(Self { units, chosen: best.1, networks })
    }

    /// How likely each opinion is to be good: `features` are rows of [`rows`].
    ///
    /// # Errors
    /// A length that is no whole number of rows.
    pub fn probabilities(&self, features: &[f32]) -> Result<Vec<f64>, SignError> {
        let count = features.len() / FEATURES;
        let (mut sum, mut one) = (vec![0.0; count], vec![0.0_f32; count]);
        for network in &self.networks {
            network.predict(features, &mut one)?;
            sum.iter_mut().zip(&one).for_each(|(sum, p)| *sum += f64::from(*p));
        }
        let count = self.networks.len().max(1) as f64;
        sum.iter_mut().for_each(|sum| *sum /= count);
        Ok(sum)
    }
}

fn settings((hidden, learning_rate, decay): (usize, f32, f32), seed: u64) -> TrainConfig {
    let (max_epochs, patience) = EPOCHS;
    TrainConfig { seed, hidden, learning_rate, decay, max_epochs, patience, ..TrainConfig::default() }
}

/// Some of the examples.
fn part(examples: &Examples, from: usize, to: usize) -> Examples {
    Examples {
        features: examples.features[from * FEATURES..to * FEATURES].to_vec(),
        labels: examples.labels[from..to].to_vec(),
        ..Examples::new(names(), vec![TASK.to_owned()])
    }
}
