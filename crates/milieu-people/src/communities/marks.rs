//! What marks a community: tags and topics that its members bear more often than others.

use milieu_world::{ItemIx, NameIx, UserIx, View};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// The newest own items, and the newest things done, that a user's marks are read from.
const NEWEST: usize = 64;
/// Members that bear a mark at least, so that none tells of one or two people.
const LEAST: u32 = 3;
/// The least score: what chance reaches in 1 of 40.
const CLEAR: f64 = 1.96;
/// Marks that are kept of a community.
const KEPT: usize = 10;
/// The weight of what all bear, in marks of a community.
const PRIOR: f64 = 10.0;

/// What a user bears, each once, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Declared tags, and those of own items and of items that the user reacted to.
    pub tags: Vec<NameIx>,
    /// Topics of the same items.
    pub topics: Vec<u32>,
}

impl Marks {
    /// Reads the marks of a user; `topic` gives the topic of an item.
    #[must_use]
    pub fn of(view: &View<'_>, user: UserIx, topic: impl Fn(ItemIx) -> Option<u32>) -> Self {
        let own = view.authored(user).map(|(_, item)| item).take(NEWEST);
        let liked =
            view.history(user).filter(|done| done.action.is_positive()).map(|done| done.item).take(NEWEST);
        let items: Vec<ItemIx> = own.chain(liked).filter(|item| view.is_visible(*item)).collect();
        let tags = items.iter().flat_map(|item| view.facts(*item).tags.iter().copied());
        let mut marks = Self {
            tags: tags.chain(view.declared_tags(user).iter().copied()).collect(),
            topics: items.iter().filter_map(|item| topic(*item)).collect(),
        };
        marks.tags.sort_unstable();
        marks.tags.dedup();
        marks.topics.sort_unstable();
        marks.topics.dedup();
        marks
    }
}

/// A mark of a community.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The number of the tag or topic.
    pub what: u32,
    /// How far more frequent it is than elsewhere, in standard deviations.
    pub score: f32,
    /// Members that bear it.
    pub members: u32,
}

/// For each of so many communities its marks, the best first: the log-odds ratio against all others with an informative
/// Dirichlet prior, in standard deviations (Monroe, Colaresi & Quinn 2008, "Fightin' words", Political Analysis 16, eqs. 16
/// and 22). `bearers` gives for each user the community, if any, and what they bear.
#[must_use]
pub(super) fn marks<'m>(
    communities: usize,
    bearers: impl Iterator<Item = (Option<usize>, &'m [u32])>,
) -> Vec<Vec<Mark>> {
    let mut counts: Vec<FxHashMap<u32, u32>> = vec![FxHashMap::default(); communities];
    let mut everywhere: FxHashMap<u32, u32> = FxHashMap::default();
    let mut sizes = vec![0_u32; communities];
    let mut all = 0_u32;
    for (community, borne) in bearers {
        for &what in borne {
            *everywhere.entry(what).or_default() += 1;
            all += 1;
            if let Some(community) = community.filter(|community| *community < communities) {
                *counts[community].entry(what).or_default() += 1;
                sizes[community] += 1;
            }
        }
    }
    let best = |(counts, size): (FxHashMap<u32, u32>, u32)| {
        let score = |(what, here): (u32, u32)| {
            let everywhere = everywhere.get(&what).copied().unwrap_or(here);
            let prior = PRIOR * f64::from(everywhere) / f64::from(all);
            let (inside, outside) = (f64::from(here) + prior, f64::from(everywhere - here) + prior);
            let odds = |count: f64, of: u32| (count / (f64::from(of) + PRIOR - count)).ln();
            let apart = odds(inside, size) - odds(outside, all - size);
            let score = apart / (1.0 / inside + 1.0 / outside).sqrt();
            (here >= LEAST && score >= CLEAR).then_some(Mark { what, score: score as f32, members: here })
        };
        let mut found: Vec<Mark> = counts.into_iter().filter_map(score).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.what.cmp(&b.what)));
        found.truncate(KEPT);
        found
    };
    counts.into_iter().zip(sizes).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frequent_here_and_rare_elsewhere_marks() {
        // Everybody bears 0; the first community bears 1, the second 2; one member of the first bears 3.
        let mut bearers: Vec<(Option<usize>, Vec<u32>)> = Vec::new();
        for user in 0..60_usize {
            let community = [Some(0), Some(1), None][user % 3];
            let mut borne = vec![0];
            borne.extend(community.map(|community| community as u32 + 1));
            if user == 0 {
                borne.push(3);
            }
            bearers.push((community, borne));
        }
        let found = marks(2, bearers.iter().map(|(community, borne)| (*community, borne.as_slice())));
        let whats = |marks: &[Mark]| marks.iter().map(|mark| (mark.what, mark.members)).collect::<Vec<_>>();
        assert_eq!(
            found.iter().map(|marks| whats(marks)).collect::<Vec<_>>(),
            [vec![(1, 20)], vec![(2, 20)]]
        );
        assert_eq!(marks(1, std::iter::empty()), [vec![]]);
    }
}
