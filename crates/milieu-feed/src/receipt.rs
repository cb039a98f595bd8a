//! Receipts: every number a decision was made of.

use crate::actions::ActionScorer;
use crate::config::ActionWeights;
use crate::inputs::INPUTS;
use crate::prior::PREDICTED;
use crate::stages::Source;
use milieu_types::{Seq, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// One entry's decision, complete enough to be made again without the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its id.
    pub id: String,
    /// For whom.
    pub user: String,
    /// What was shown.
    pub item: String,
    /// When.
    pub at: Timestamp,
    /// The last log record the world had applied.
    pub applied: Seq,
    /// Which source proposed it first.
    pub source: Source,
    /// What the action model read, in the order of [`crate::input_names`].
    pub inputs: Vec<f32>,
    /// Which collaborative model.
    pub collaborative_version: Option<String>,
    /// Which next-item model.
    pub next_version: Option<String>,
    /// Which action model.
    pub action_version: String,
    /// P(action), in the order of [`PREDICTED`].
    pub probabilities: [f32; PREDICTED.len()],
    /// What actions were worth.
    pub weights: ActionWeights,
    /// The factor for an author who is not followed, 1 for a followed one.
    pub network_factor: f32,
    /// The score: expected worth times the network factor.
    pub score: f32,
    /// The factor for repeated authors and topics at its place.
    pub diversity_factor: f32,
    /// Its place, 0 for the first.
    pub rank: usize,
}

impl Receipt {
    /// Makes the decision again from the inputs: probabilities and score. `None` where the model is
    /// another than the receipt's.
    #[must_use]
    pub fn replay(&self, actions: &ActionScorer) -> Option<([f32; PREDICTED.len()], f32)> {
        if *actions.version() != *self.action_version {
            return None;
        }
        let mut inputs = [0.0; INPUTS];
        // A model from before one more input was given does not read that one.
        inputs.get_mut(..self.inputs.len())?.copy_from_slice(&self.inputs);
        let probabilities = *actions.predict(&[inputs]).first()?;
        Some((probabilities, score(&probabilities, &self.weights, self.network_factor)))
    }
}

/// Expected worth; a negative one is not made better by a discount.
pub(crate) fn score(
    probabilities: &[f32; PREDICTED.len()],
    weights: &ActionWeights,
    network_factor: f32,
) -> f32 {
    let worth: f32 = probabilities.iter().zip(weights.in_order()).map(|(p, weight)| p * weight).sum();
    if worth > 0.0 { worth * network_factor } else { worth }
}

/// The number of the page in the id of a receipt, and the place in the page.
#[must_use]
pub fn receipt_place(id: &str) -> Option<(u64, usize)> {
    let (page, place) = id.strip_prefix('r')?.split_once('-')?;
    Some((u64::from_str_radix(page, 16).ok()?, usize::from_str_radix(place, 16).ok()?))
}

/// The receipts of the latest pages.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    /// The number of the oldest page kept.
    first: u64,
    pages: VecDeque<Arc<[Receipt]>>,
}

impl Receipts {
    /// Numbers the pages from `first` on. Only before the first page.
    pub(crate) fn begin_at(&mut self, first: u64) {
        if self.pages.is_empty() {
            self.first = first;
        }
    }

    /// Keeps a page's receipts and gives each its id.
    pub(crate) fn keep(&mut self, mut page: Vec<Receipt>, most: usize) -> Vec<String> {
        let number = self.first + self.pages.len() as u64;
        for (place, receipt) in page.iter_mut().enumerate() {
            receipt.id = format!("r{number:x}-{place:x}");
        }
        let ids = page.iter().map(|receipt| receipt.id.clone()).collect();
        self.pages.push_back(page.into());
        while self.pages.len() > most {
            self.pages.pop_front();
            self.first += 1;
        }
        ids
    }

    /// The receipts of a page.
    pub(crate) fn page(&self, number: u64) -> Option<Arc<[Receipt]>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.pages.get(at).map(Arc::clone)
    }
}
