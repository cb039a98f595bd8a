//! Sources: each proposes candidates for a user, the best first.

use crate::config::FeedConfig;
use crate::inputs::Inputs;
use crate::model::Models;
use crate::stages::{Source, SourceError};
use crate::trends::Trends;
use crate::wanted::Wanted;
use milieu_world::{ItemIx, Secs, Taste, UserIx, View};
use rustc_hash::FxHashMap;

/// How many liked items are asked for their like.
const SEEDS: usize = 8;
/// From how many liked items on a user's taste counts as known.
const KNOWN_TASTE: usize = 8;
/// How many takers of a liked item are asked what else they took.
const TAKERS: usize = 12;
/// How many interactions of each taker are looked at.
const TAKER_WINDOW: usize = 16;
/// Of how many that takers share most, for each candidate wanted, it is asked who takes them anyway.
const WEIGHED_PER_CANDIDATE: usize = 3;
/// How many newest items of a followed author are proposed.
const PER_AUTHOR: usize = 8;
/// How many of the user's tags are asked for new items.
const TAGS: usize = 8;

/// What every source may read.
pub(crate) struct Ask<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) taste: &'a Taste,
    pub(crate) config: &'a FeedConfig,
    pub(crate) models: &'a Models,
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) trends: &'a Trends,
    pub(crate) wanted: Option<Wanted<'a>>,
}

/// Asks one source.
pub(crate) fn propose(source: Source, ask: &Ask<'_>) -> Result<Vec<ItemIx>, SourceError> {
    let most = ask.config.candidates_per_source;
    // What is the same for everybody needs little depth, and less still where the user's taste is known.
    let shared = most.div_ceil(if ask.taste.liked().len() < KNOWN_TASTE { 2 } else { 8 });
    let mut items = match source {
        Source::Followed => followed(ask),
        Source::Collaborative => of_model(ask.models.collaborative.is_some(), ask.inputs.collaborative())?,
        Source::Next => of_model(ask.models.next.is_some(), ask.inputs.next())?,
        Source::Similar => similar(ask.view, ask.taste.liked(), most),
        Source::Friends => friends(ask),
        Source::Trending => ask.trends.bursts.iter().map(|trend| trend.item).take(shared).collect(),
        Source::Popular => ask.trends.popular.iter().copied().take(shared).collect(),
        Source::Topics => topics(ask),
        Source::Fresh => fresh(ask, shared),
        Source::Explore => explore(ask),
    };
    items.truncate(most);
    Ok(items)
}

fn followed(ask: &Ask<'_>) -> Vec<ItemIx> {
    let Some(user) = ask.taste.user() else { return Vec::new() };
    let view = ask.view;
    let authors: Vec<UserIx> = view.following(user).map(|tie| tie.other).collect();
    view.read_ahead_authored(&authors, PER_AUTHOR);
    let mut items: Vec<(Secs, ItemIx)> = Vec::with_capacity(authors.len() * PER_AUTHOR);
    for author in authors {
        items.extend(view.authored(author).filter(|&(_, item)| view.is_visible(item)).take(PER_AUTHOR));
    }
    largest(items, ask.config.candidates_per_source).into_iter().map(|(_, item)| item).collect()
}

/// The `most` largest, in descending order.
fn largest<T: Ord>(mut all: Vec<T>, most: usize) -> Vec<T> {
    if all.len() > most && most > 0 {
        all.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
        all.truncate(most);
    }
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

fn of_model(is_there: bool, best: impl Iterator<Item = ItemIx>) -> Result<Vec<ItemIx>, SourceError> {
    if is_there { Ok(best.collect()) } else { Err(SourceError::NotReady) }
}

/// Item-to-item from the log as it is now, without training: what else do those who took these items
/// take, relative to how many take it anyway (cosine over a sample of takers).
pub(crate) fn similar(view: &View<'_>, liked: &[(ItemIx, f32)], most: usize) -> Vec<ItemIx> {
    let mut asked: Vec<UserIx> = Vec::with_capacity(SEEDS * TAKERS);
    let mut weights: Vec<f32> = Vec::with_capacity(SEEDS * TAKERS);
    for &(seed, weight) in liked.iter().take(SEEDS) {
        let takers = view.audience(seed);
        let skip = (takers.len() / TAKERS).max(1);
        asked.extend(takers.iter().rev().step_by(skip).take(TAKERS));
        weights.resize(asked.len(), weight);
    }
    view.read_ahead_histories(&asked, TAKER_WINDOW);
    let mut scores: FxHashMap<ItemIx, f32> = FxHashMap::default();
    scores.reserve(asked.len() * TAKER_WINDOW / 4);
    for (&taker, weight) in asked.iter().zip(weights) {
        for done in view.history(taker).take(TAKER_WINDOW).filter(|done| done.action.is_positive()) {
            *scores.entry(done.item).or_default() += weight;
        }
    }
    for (known, _) in liked {
        scores.remove(known);
    }
    // How many take an item anyway is looked up only for those that the takers share most. Positive
    // numbers are in the order of their bits.
    let shared = scores.into_iter().map(|(item, score)| (score.to_bits(), item)).collect();
    let weighed = largest(shared, most * WEIGHED_PER_CANDIDATE).into_iter().map(|(score, item)| {
        let anyway = view.audience(item).len() as f32 + 1.0;
        ((f32::from_bits(score) / anyway.sqrt()).to_bits(), item)
    });
    largest(weighed.collect(), most).into_iter().map(|(_, item)| item).collect()
}

fn friends(ask: &Ask<'_>) -> Vec<ItemIx> {
    let items = ask.taste.friends_items().map(|(item, mark)| (mark.friends, mark.at, item)).collect();
    largest(items, ask.config.candidates_per_source).into_iter().map(|(.., item)| item).collect()
}

fn topics(ask: &Ask<'_>) -> Vec<ItemIx> {
    let declared = ask.taste.user().map_or(&[][..], |user| ask.view.declared_tags(user));
    let mut tags: Vec<_> = ask.taste.top_tags(TAGS).into_iter().map(|(tag, _)| tag).collect();
    tags.extend(declared.iter().filter(|tag| !tags.contains(tag)).copied().collect::<Vec<_>>());
    let each = ask.config.candidates_per_source.div_ceil(tags.len().max(1));
    tags.into_iter().flat_map(|tag| ask.view.newest_of_tag(tag).take(each)).collect()
}

/// New items; where only some labels are wanted, those that have them and that the user has not met.
fn fresh(ask: &Ask<'_>, most: usize) -> Vec<ItemIx> {
    let Some(wanted) = ask.wanted.filter(|wanted| wanted.is_only()) else {
        return ask.view.newest().take(most).collect();
    };
    let labels = wanted.gate();
    let has_met = |item| ask.taste.user().is_some_and(|user| ask.view.has_met(user, item));
    let found = ask.view.newest().filter(|&item| labels.refuse(item).is_none() && !has_met(item));
    found.take(ask.config.candidates_per_source).collect()
}

/// New items that few have seen, in an order of the user's own that changes by the day.
fn explore(ask: &Ask<'_>) -> Vec<ItemIx> {
    if ask.config.explore_every == 0 {
        return Vec::new();
    }
    let seed =
        u64::from(ask.taste.user().map_or(0, |user| user.0)) << 32 | u64::from(ask.view.now() / 86_400);
    let shuffle = |item: ItemIx| {
        let mixed = seed ^ u64::from(item.0).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
    };
    let few = ask.trends.newest.iter().filter(|(_, views)| *views < ask.config.explore_views);
    let shuffled = few.map(|&(item, _)| (shuffle(item), item)).collect();
    largest(shuffled, ask.config.candidates_per_source / 4).into_iter().map(|(_, item)| item).collect()
}
