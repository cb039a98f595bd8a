//! Sources: each proposes candidates for a user, the best first.

use crate::config::FeedConfig;
use crate::inputs::Inputs;
use crate::model::Collaborative;
use crate::stages::{Source, SourceError};
use crate::trends::Trends;
use milieu_world::{ItemIx, Taste, View};
use rustc_hash::FxHashMap;

/// How many liked items are asked for their like.
const SEEDS: usize = 8;
/// How many takers of a liked item are asked what else they took.
const TAKERS: usize = 40;
/// How many interactions of each taker are looked at.
const TAKER_WINDOW: usize = 20;
/// How many newest items of a followed author are proposed.
const PER_AUTHOR: usize = 8;
/// How many of the user's tags are asked for new items.
const TAGS: usize = 8;

/// What every source may read.
pub(crate) struct Ask<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) taste: &'a Taste,
    pub(crate) config: &'a FeedConfig,
    pub(crate) collaborative: Option<&'a Collaborative>,
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) trends: &'a Trends,
}

/// Asks one source.
pub(crate) fn propose(source: Source, ask: &Ask<'_>) -> Result<Vec<ItemIx>, SourceError> {
    let most = ask.config.candidates_per_source;
    let mut items = match source {
        Source::Followed => followed(ask),
        Source::Collaborative => collaborative(ask)?,
        Source::Similar => similar(ask.view, ask.taste.liked(), most),
        Source::Friends => friends(ask),
        Source::Trending => ask.trends.bursts.iter().map(|trend| trend.item).take(most).collect(),
        Source::Popular => ask.trends.popular.iter().copied().take(most).collect(),
        Source::Topics => topics(ask),
        Source::Fresh => ask.view.newest().take(most).collect(),
        Source::Explore => explore(ask),
    };
    items.truncate(most);
    Ok(items)
}

fn followed(ask: &Ask<'_>) -> Vec<ItemIx> {
    let Some(user) = ask.taste.user() else { return Vec::new() };
    let view = ask.view;
    let mut items: Vec<ItemIx> = view
        .following(user)
        .flat_map(|tie| view.authored(tie.other).filter(|&item| view.is_visible(item)).take(PER_AUTHOR))
        .collect();
    items.sort_unstable_by_key(|&item| std::cmp::Reverse((view.facts(item).at, item)));
    items
}

fn collaborative(ask: &Ask<'_>) -> Result<Vec<ItemIx>, SourceError> {
    let model = ask.collaborative.ok_or(SourceError::NotReady)?;
    // Some of the best are items the user knows; ask for as many more.
    let count = ask.config.candidates_per_source + ask.taste.liked().len();
    let mut best = Vec::new();
    ask.inputs.best(count, &mut best);
    Ok(best.iter().filter_map(|&(number, _)| model.world_item(number)).collect())
}

/// Item-to-item from the log as it is now, without training: what else do those who took these items
/// take, relative to how many take it anyway (cosine over a sample of takers).
pub(crate) fn similar(view: &View<'_>, liked: &[(ItemIx, f32)], most: usize) -> Vec<ItemIx> {
    let mut scores: FxHashMap<ItemIx, f32> = FxHashMap::default();
    for &(seed, weight) in liked.iter().take(SEEDS) {
        let takers = view.audience(seed);
        let skip = (takers.len() / TAKERS).max(1);
        for &taker in takers.iter().rev().step_by(skip).take(TAKERS) {
            for done in view.history(taker).take(TAKER_WINDOW).filter(|done| done.action.is_positive()) {
                *scores.entry(done.item).or_default() += weight;
            }
        }
    }
    let mut items: Vec<(ItemIx, f32)> = scores
        .into_iter()
        .filter(|(item, _)| liked.iter().all(|(known, _)| known != item))
        .map(|(item, score)| (item, score / (view.audience(item).len() as f32 + 1.0).sqrt()))
        .collect();
    items.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    items.truncate(most);
    items.into_iter().map(|(item, _)| item).collect()
}

fn friends(ask: &Ask<'_>) -> Vec<ItemIx> {
    let mut items = ask.taste.friends_items();
    let heat = |item: ItemIx| ask.view.facts(item).at;
    items.sort_by_key(|&(item, mark)| std::cmp::Reverse((mark.friends, heat(item), item)));
    items.into_iter().map(|(item, _)| item).collect()
}

fn topics(ask: &Ask<'_>) -> Vec<ItemIx> {
    let declared = ask.taste.user().map_or(&[][..], |user| ask.view.declared_tags(user));
    let mut tags: Vec<_> = ask.taste.top_tags(TAGS).into_iter().map(|(tag, _)| tag).collect();
    tags.extend(declared.iter().filter(|tag| !tags.contains(tag)).copied().collect::<Vec<_>>());
    let each = ask.config.candidates_per_source.div_ceil(tags.len().max(1));
    tags.into_iter().flat_map(|tag| ask.view.newest_of_tag(tag).take(each)).collect()
}

/// New items that few have seen, of authors the user does not follow, in an order of the user's own
/// that changes by the day.
fn explore(ask: &Ask<'_>) -> Vec<ItemIx> {
    if ask.config.explore_every == 0 {
        return Vec::new();
    }
    let seed =
        u64::from(ask.taste.user().map_or(0, |user| user.0)) << 32 | u64::from(ask.view.now() / 86_400);
    let shuffle = |item: ItemIx| {
        (seed ^ u64::from(item.0).wrapping_mul(0xD6E8_FEB8_6659_FD93)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    };
    let view = ask.view;
    let few = |item: &ItemIx| view.facts(*item).reception().views < ask.config.explore_views;
    let mut items: Vec<ItemIx> = view.newest().take(1000).filter(few).collect();
    items.sort_unstable_by_key(|&item| shuffle(item) >> 16);
    items.truncate(ask.config.candidates_per_source / 4);
    items
}
