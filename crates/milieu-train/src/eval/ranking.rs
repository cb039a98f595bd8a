//! Full ranking: every item the user has not had yet competes, none is sampled.

use milieu_factors::Interactions;
use rayon::prelude::*;

/// Users scored together; the score block of a thread is `BLOCK x items` floats.
pub(super) const BLOCK: usize = 32;

/// The best `k` items of each user, best first, without those in `masks`.
///
/// `score(users, out)` writes a row of `items` scores for each of the users given; higher is better.
/// Equal scores rank by the lower item number; an item scored NaN is never listed. A list is shorter than
/// `k` where fewer items are left.
pub fn top_lists(
    score: impl Fn(&[u32], &mut [f32]) + Sync,
    users: &[u32],
    items: usize,
    masks: &[&Interactions],
    k: usize,
) -> Vec<Vec<u32>> {
    users
        .par_chunks(BLOCK)
        .flat_map_iter(|block| {
            let mut scores = vec![0.0; block.len() * items];
            score(block, &mut scores);
            let list = |(row, &user): (usize, &u32)| {
                top_of(&mut scores[row * items..(row + 1) * items], user, masks, k)
            };
            block.iter().enumerate().map(list).collect::<Vec<_>>()
        })
        .collect()
}

/// The best `k` of one user's scores; the scores of masked items are lost.
pub(super) fn top_of(scores: &mut [f32], user: u32, masks: &[&Interactions], k: usize) -> Vec<u32> {
    for mask in masks {
        for &item in mask.row(user as usize) {
            scores[item as usize] = f32::NAN;
        }
    }
    top(scores, k)
}

/// The places of the `k` highest scores, highest first.
fn top(scores: &[f32], k: usize) -> Vec<u32> {
    let better = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    let mut kept: Vec<(f32, u32)> = Vec::with_capacity(2 * k + 1);
    let mut floor = f32::NEG_INFINITY;
    for (item, &score) in scores.iter().enumerate() {
        // A later item of the same score loses to the ones kept; NaN is above no floor.
        if score > floor || (score >= floor && kept.len() < k) {
            kept.push((score, item as u32));
            if kept.len() > 2 * k && k > 0 {
                kept.select_nth_unstable_by(k - 1, better);
                kept.truncate(k);
                floor = kept[k - 1].0;
            }
        }
    }
    kept.sort_unstable_by(better);
    kept.truncate(k);
    kept.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_sorting(scores: &[f32], k: usize) -> Vec<u32> {
        let mut all: Vec<u32> = (0..scores.len() as u32).filter(|&i| !scores[i as usize].is_nan()).collect();
        all.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
        all.truncate(k);
        all
    }

    proptest! {
        #[test]
        fn top_is_what_sorting_gives(
            scores in prop::collection::vec(prop_oneof![(-3..3i8).prop_map(f32::from), Just(f32::NAN)], 0..60),
            k in 0..9usize,
        ) {
            prop_assert_eq!(top(&scores, k), by_sorting(&scores, k));
        }
    }

    #[test]
    fn masked_items_are_not_listed() {
        let had = Interactions::from_triples(2, 4, vec![(0, 3, 1.0), (1, 0, 1.0)]).unwrap();
        let ascending = |users: &[u32], out: &mut [f32]| {
            for row in 0..users.len() {
                out[row * 4..][..4].copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
            }
        };
        let lists = top_lists(ascending, &[0, 1], 4, &[&had], 2);
        assert_eq!(lists, vec![vec![2, 1], vec![3, 2]]);
    }
}
