//! Which pictures are learnt from, chosen by and measured with.

use super::collect::Collection;
use crate::split::{Parts, Shares, SplitRule};

/// Keeps the parts that folders name. What is missing of validation and test is taken out of the rest,
/// `share` of each class, 0 to 0.45, drawn by `seed`.
#[must_use]
pub fn split(collection: &Collection, share: f64, seed: u64) -> Parts {
    let share = if share.is_finite() { share.clamp(0.0, 0.45) } else { 0.0 };
    let shares = Shares { validation: share, test: share };
    crate::split::split(&collection.facts(), shares, SplitRule::Stratified { seed }).unwrap_or_default()
}
