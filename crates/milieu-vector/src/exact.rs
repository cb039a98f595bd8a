//! The exact scan.

use crate::kernels::{dot, matvec};
use crate::scratch::Candidates;

/// Rows whose scores are computed before they are compared.
pub(crate) const BLOCK: usize = 256;

/// Offers every row to `candidates`: scores first, then the filter for those that could get in.
pub(crate) fn scan(
    rows: &[f32],
    ids: &[u32],
    query: &[f32],
    filter: &impl Fn(u32) -> bool,
    scores: &mut Vec<f32>,
    candidates: &mut Candidates,
) {
    scores.resize(BLOCK, 0.0);
    for (rows, ids) in rows.chunks(BLOCK * query.len()).zip(ids.chunks(BLOCK)) {
        let scores = &mut scores[..ids.len()];
        matvec(rows, query, scores);
        for (score, id) in scores.iter().zip(ids) {
            if *score >= candidates.threshold() && filter(*id) {
                candidates.push(*score, *id);
            }
        }
    }
}

/// The same where the filter keeps few: the filter first, then the scores of what it keeps.
pub(crate) fn scan_filtered(
    rows: &[f32],
    ids: &[u32],
    query: &[f32],
    filter: &impl Fn(u32) -> bool,
    candidates: &mut Candidates,
) {
    for (row, id) in rows.chunks_exact(query.len()).zip(ids) {
        if filter(*id) {
            let score = dot(row, query);
            if score >= candidates.threshold() {
                candidates.push(score, *id);
            }
        }
    }
}
