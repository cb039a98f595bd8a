//! How right signs are: the newest part of a list, predicted from what came before.

use super::features::{FAIR_AND_GOOD, Moment, RECEIVED, Units, rows};
use super::model::LEAST_EDGES;
use super::{FEATURES, Ledger, SignConfig, SignError, SignModel, SignedEdge, check};
use crate::measures::{Bin, auc, bins_by_width, calibration_error};
use serde::Serialize;

/// Bins of the reliability tables.
const BINS: usize = 10;
/// Where what is known stands still while edges are learnt from, as shares of the training part.
const FROZEN_AT: [f64; 4] = [0.375, 0.5, 0.625, 0.75];
/// How far ahead of these is looked: the test part is a quarter of the training part.
const FROZEN_AHEAD: f64 = 0.25;

/// How right probabilities were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Area under the ROC curve; `None` where all signs are the same.
    pub auc: Option<f64>,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// That of the test part's share of good ones, which nobody knows before.
    pub log_loss_of_share: f64,
    /// Expected calibration error over the bins.
    pub calibration_error: f64,
    /// Ten bins of the same width: predicted, observed, how many.
    pub bins: Vec<Bin>,
}

/// A single number as a predictor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// Which.
    pub name: &'static str,
    /// Its area under the ROC curve.
    pub auc: Option<f64>,
}

/// What was predicted, and what came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignReport {
    /// People.
    pub nodes: usize,
    /// Edges that were learnt from, and the share of good ones.
    pub training: (usize, f64),
    /// Edges that were predicted, and the share of good ones.
    pub test: (usize, f64),
    /// Test edges of which giver and receiver were both known before the split.
    pub both_known: usize,
    /// Hidden units, step size and penalty that were chosen on the training part.
    pub chosen: (usize, f32, f32),
    /// The model as it serves: learnt before the split, features as of each edge's time.
    pub as_of_each_edge: Quality,
    /// Single numbers, as of each edge's time.
    pub baselines: Vec<Baseline>,
    /// A model that was learnt the same way for features that stand still at the split.
    pub frozen: Quality,
    /// The same on edges of which both ends were known then.
    pub frozen_both_known: Quality,
}

/// Learns from the oldest `share` (0 to 1) of the edges, which ascend by time, and predicts the others.
///
/// # Errors
/// Edges out of order or without a sign, too few of them, a setting out of range.
pub fn evaluate(
    edges: &[SignedEdge],
    nodes: usize,
    share: f64,
    config: &SignConfig,
) -> Result<SignReport, SignError> {
    check(edges, nodes)?;
    config.check()?;
    if !(share > 0.0 && share < 1.0) {
        return Err(SignError::OutOfRange("share"));
    }
    let mut cut = (edges.len() as f64 * share) as usize;
    // Edges of one moment are not parted.
    while cut > 0 && edges.get(cut).is_some_and(|edge| edge.at == edges[cut - 1].at) {
        cut += 1;
    }
    let (past, test) = edges.split_at(cut.min(edges.len()));
    if past.len() < LEAST_EDGES || test.is_empty() {
        let needed = (LEAST_EDGES as f64 / share).ceil() as usize + 1;
        return Err(SignError::TooFew { found: edges.len(), needed });
    }
    let model = SignModel::train(past, nodes, config)?;
    let features = rows(edges, nodes, cut..edges.len(), Moment::EachEdge, &model.units);
    let column = |name, place: usize| Baseline {
        name,
        auc: auc(features
            .iter()
            .skip(place)
            .step_by(FEATURES)
            .zip(test)
            .map(|(&x, edge)| (f64::from(x), edge.value > 0.0))
            .collect()),
    };
    let baselines =
        vec![column("share of good received", RECEIVED), column("fairness times goodness", FAIR_AND_GOOD)];

    let known = {
        let mut ledger = Ledger::new(nodes, &model.units);
        past.iter().for_each(|edge| ledger.add(edge));
        test.iter().map(|edge| ledger.knows(edge.from) && ledger.knows(edge.to)).collect::<Vec<bool>>()
    };
    let still = frozen(past, nodes, &model.units, config)?;
    let features_then = rows(edges, nodes, cut..edges.len(), Moment::First, &model.units);
    let predicted_then = still.probabilities(&features_then)?;
    let labelled = |predicted: Vec<f64>| -> Vec<(f64, bool)> {
        predicted.into_iter().zip(test).map(|(p, edge)| (p, edge.value > 0.0)).collect()
    };
    let then = labelled(predicted_then);
    let of_known = then.iter().zip(&known).filter(|pair| *pair.1).map(|pair| *pair.0).collect();
    Ok(SignReport {
        nodes,
        training: (past.len(), good(past)),
        test: (test.len(), good(test)),
        both_known: known.iter().filter(|known| **known).count(),
        chosen: model.chosen,
        as_of_each_edge: quality(labelled(model.probabilities(&features)?)),
        baselines,
        frozen: quality(then),
        frozen_both_known: quality(of_known),
    })
}

/// A model for what stands still: at some moments of the past, what came after them is learnt from what was known then.
fn frozen(
    past: &[SignedEdge],
    nodes: usize,
    units: &Units,
    config: &SignConfig,
) -> Result<SignModel, SignError> {
    let (mut features, mut learnt) = (Vec::new(), Vec::new());
    for at in FROZEN_AT {
        let place = |share: f64| ((past.len() as f64 * share) as usize).min(past.len());
        let range = place(at)..place(at + FROZEN_AHEAD);
        features.extend(rows(past, nodes, range.clone(), Moment::First, units));
        learnt.extend_from_slice(&past[range]);
    }
    SignModel::learn(*units, features, &learnt, config)
}

fn good(edges: &[SignedEdge]) -> f64 {
    edges.iter().filter(|edge| edge.value > 0.0).count() as f64 / edges.len().max(1) as f64
}

fn quality(labelled: Vec<(f64, bool)>) -> Quality {
    let pairs: Vec<(f64, f64)> = labelled.iter().map(|&(p, good)| (p, f64::from(u8::from(good)))).collect();
    let count = pairs.len().max(1) as f64;
    let loss = |p: f64, y: f64| {
        let p = p.clamp(1e-7, 1.0 - 1e-7);
        -(y * p.ln() + (1.0 - y) * (1.0 - p).ln())
    };
    let share = pairs.iter().map(|pair| pair.1).sum::<f64>() / count;
    let bins = bins_by_width(&pairs, BINS);
    Quality {
        auc: auc(labelled),
        log_loss: pairs.iter().map(|&(p, y)| loss(p, y)).sum::<f64>() / count,
        log_loss_of_share: pairs.iter().map(|&(_, y)| loss(share, y)).sum::<f64>() / count,
        calibration_error: calibration_error(&bins),
        bins,
    }
}
