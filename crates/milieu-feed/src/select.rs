//! The selector: arranges scored candidates into a list.

use crate::config::FeedConfig;
use crate::rank::Scored;
use crate::stages::{Filter, Source, Stage, StageCounts};
use milieu_world::{NameIx, UserIx, View};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// How many places back a repeated topic counts.
const TOPIC_WINDOW: usize = 5;

/// Arranges the candidates greedily: at each place the one with the best score after the discounts
/// for authors and topics that stand above it; every `explore_every`-th place goes to the best of
/// the explored. Fills `diversity_factor` and leaves out what says the same as one above.
///
/// Scores themselves are not changed, and the order of equal ones is that of the items' numbers.
pub(crate) fn arrange(
    view: &View<'_>,
    mut scored: Vec<Scored>,
    config: &FeedConfig,
    disabled: &[Stage],
    counts: &StageCounts,
) -> Vec<Scored> {
    let diverse = !disabled.contains(&Stage::Diversity);
    let drop_duplicates = !disabled.contains(&Stage::Filter(Filter::Duplicate));
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    let mut left: Vec<Option<Scored>> = scored.into_iter().map(Some).collect();
    let mut authors: FxHashMap<UserIx, u32> = FxHashMap::default();
    let mut topics: VecDeque<NameIx> = VecDeque::new();
    let mut texts: FxHashSet<u64> = FxHashSet::default();
    let mut list: Vec<Scored> = Vec::new();
    let mut first_left = 0;
    while list.len() < config.reserve {
        while left.get(first_left).is_some_and(Option::is_none) {
            first_left += 1;
        }
        let explore_now = config.explore_every > 0 && (list.len() + 1).is_multiple_of(config.explore_every);
        let explored = || {
            left.iter()
                .position(|c| c.as_ref().is_some_and(|c| c.source == Source::Explore))
                .map(|place| (place, 1.0))
        };
        let best = || {
            best_place(&left, first_left, |item| {
                if diverse { factor(view, item, &authors, &topics, config) } else { 1.0 }
            })
        };
        let Some((place, diversity)) = explore_now.then(explored).flatten().or_else(best) else { break };
        let Some(mut chosen) = left[place].take() else { break };
        let facts = view.facts(chosen.item);
        if drop_duplicates && facts.text_hash != 0 && !texts.insert(facts.text_hash) {
            counts.refused(Filter::Duplicate);
            continue;
        }
        if let Some(author) = facts.author {
            *authors.entry(author).or_default() += 1;
        }
        if let Some(&topic) = facts.tags.first() {
            topics.push_back(topic);
            if topics.len() > TOPIC_WINDOW {
                topics.pop_front();
            }
        }
        chosen.diversity_factor = diversity;
        list.push(chosen);
    }
    list
}

/// The place with the best discounted score. Candidates come in descending order of their own
/// score, so the search ends where no discount could help the rest.
fn best_place(left: &[Option<Scored>], from: usize, factor: impl Fn(&Scored) -> f32) -> Option<(usize, f32)> {
    let mut best: Option<(usize, f32, f32)> = None;
    for (place, candidate) in left.iter().enumerate().skip(from) {
        let Some(candidate) = candidate else { continue };
        if best.is_some_and(|(_, value, _)| candidate.score <= value) {
            break;
        }
        let discount = factor(candidate);
        let value = if candidate.score > 0.0 { candidate.score * discount } else { candidate.score };
        if best.is_none_or(|(_, other, _)| value > other) {
            best = Some((place, value, discount));
        }
    }
    best.map(|(place, _, discount)| (place, discount))
}

fn factor(
    view: &View<'_>,
    candidate: &Scored,
    authors: &FxHashMap<UserIx, u32>,
    topics: &VecDeque<NameIx>,
    config: &FeedConfig,
) -> f32 {
    let facts = view.facts(candidate.item);
    let repeats = facts.author.and_then(|author| authors.get(&author)).copied().unwrap_or(0);
    let same = facts.tags.first().map_or(0, |tag| topics.iter().filter(|topic| *topic == tag).count());
    config.author_repeat.powi(repeats as i32) * config.topic_repeat.powi(same as i32)
}
