//! How right strengths are: the last part of a list of contacts, predicted from what came before it.

use super::history::History;
use super::{Contact, StrengthConfig, StrengthError, StrengthModel, before, check};
use crate::measures::{Bin, auc, bins_by_count, bins_by_sum, calibration_error};
use crate::poisson::deviance;
use serde::Serialize;

/// Bins of the tables.
const BINS: usize = 10;

/// What was predicted, and what came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrengthReport {
    /// Contacts before the split.
    pub contacts: usize,
    /// The time of the split, as in the contacts.
    pub split: i64,
    /// How far ahead was predicted, in seconds.
    pub horizon: i64,
    /// Pairs who met before the split.
    pub pairs: usize,
    /// Those of them who met in the horizon.
    pub met: usize,
    /// Contacts of these pairs that were expected.
    pub expected: f64,
    /// Contacts of these pairs that came.
    pub observed: f64,
    /// Mean deviance of the model.
    pub deviance: f64,
    /// That of the mean of the test part for each pair, which nobody knows before.
    pub deviance_of_mean: f64,
    /// The area under the ROC curve of whether a pair meets at all; `None` where all do or none does.
    pub auc: Option<f64>,
    /// Tenths of the pairs by what was expected.
    pub by_pairs: Vec<Bin>,
    /// Groups of pairs that hold a tenth each of what was expected.
    pub by_expected: Vec<Bin>,
    /// The mean distance of expected and observed over the pairs' tenths, in contacts a pair.
    pub calibration_error: f64,
}

/// Learns from the contacts before the moment that lies `share` (0 to 1) of the way from the first to the last, and predicts
/// the horizon after it. Contacts ascend by time.
///
/// # Errors
/// Contacts out of order, a setting out of range, too short a past; a horizon that reaches beyond the last contact.
pub fn evaluate(
    contacts: &[Contact],
    share: f64,
    config: &StrengthConfig,
) -> Result<StrengthReport, StrengthError> {
    check(contacts, config)?;
    if !(share > 0.0 && share < 1.0) {
        return Err(StrengthError::OutOfRange("share"));
    }
    let (begin, end) = match (contacts.first(), contacts.last()) {
        (Some(first), Some(last)) => (first.at, last.at),
        _ => return Err(StrengthError::TooShort { found: 0, needed: config.horizon }),
    };
    let split = begin + ((end - begin) as f64 * share).round() as i64;
    if split.saturating_add(config.horizon) > end {
        let needed = (config.horizon as f64 / (1.0 - share)).ceil() as i64;
        return Err(StrengthError::TooShort { found: end - begin, needed });
    }
    let model = StrengthModel::fit(contacts, split, config)?;
    let expected: Vec<f64> = model.expected(contacts, split)?.iter().map(|pair| pair.contacts).collect();
    let known = before(contacts, split);
    let history = History::new(known, split, config.horizon);
    let observed = history.counts(&contacts[known.len()..]);
    let pairs: Vec<(f64, f64)> =
        expected.iter().zip(&observed).map(|(&expected, &came)| (expected, f64::from(came))).collect();
    let total = observed.iter().map(|&count| f64::from(count)).sum::<f64>();
    let mean = total / observed.len().max(1) as f64;
    let by_pairs = bins_by_count(&pairs, BINS);
    Ok(StrengthReport {
        contacts: known.len(),
        split,
        horizon: config.horizon,
        pairs: pairs.len(),
        met: observed.iter().filter(|count| **count > 0.0).count(),
        expected: expected.iter().sum(),
        observed: total,
        deviance: deviance(&expected, &observed),
        deviance_of_mean: deviance(&vec![mean; observed.len()], &observed),
        auc: auc(pairs.iter().map(|pair| (pair.0, pair.1 > 0.0)).collect()),
        calibration_error: calibration_error(&by_pairs),
        by_pairs,
        by_expected: bins_by_sum(&pairs, BINS),
    })
}
