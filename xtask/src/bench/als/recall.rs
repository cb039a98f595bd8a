//! Recall over the full ranking, the same code for both sides.

use milieu_factors::Interactions;
use rayon::prelude::*;

/// Vectors of users and items, row-major.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors<'a> {
    pub(super) users: &'a [f32],
    pub(super) items: &'a [f32],
    pub(super) width: usize,
}

/// The mean share of a tested user's held-out items among the best `depth` of all items that are not in the
/// user's training row.
pub(super) fn recall(
    factors: Factors<'_>,
    train: &Interactions,
    held_out: &[(u32, Vec<u32>)],
    depth: usize,
) -> f64 {
    let of_user = |scores: &mut Vec<(f32, u32)>, (user, wanted): &(u32, Vec<u32>)| {
        let user = *user as usize;
        let vector = &factors.users[user * factors.width..][..factors.width];
        scores.clear();
        let mut known = train.row(user).iter().peekable();
        for (item, other) in (0..).zip(factors.items.chunks_exact(factors.width)) {
            if known.next_if(|&&known| known == item).is_none() {
                scores.push((dot(vector, other), item));
            }
        }
        let depth = depth.min(scores.len());
        if depth < scores.len() {
            scores.select_nth_unstable_by(depth, |a, b| b.0.total_cmp(&a.0));
        }
        let hits = scores[..depth].iter().filter(|(_, item)| wanted.contains(item)).count();
        hits as f64 / wanted.len() as f64
    };
    let shares: Vec<f64> = held_out.par_iter().map_init(Vec::new, of_user).collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

/// Eight sums side by side, so that the compiler may use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}
