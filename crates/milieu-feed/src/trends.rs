//! What is bursting now, over everybody.

use milieu_world::{ItemIx, Secs, View};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How long a list of trends is good for.
const GOOD_FOR_SECS: Secs = 1;
/// The most trends kept.
const KEPT: usize = 512;

/// An item that gets more attention than its own days would let one expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Which.
    pub item: ItemIx,
    /// [`milieu_world::Heat::burst`] with a share of the heat itself, so that two equal bursts are
    /// ordered by their size.
    pub score: f32,
}

/// The trends of the latest second anybody asked, shared by all queries.
#[derive(Debug, Default)]
pub(crate) struct TrendCache(Mutex<Option<Computed>>);

#[derive(Debug)]
struct Computed {
    now: Secs,
    applied: u64,
    trends: Arc<Trends>,
}

/// What everybody does.
#[derive(Debug)]
pub(crate) struct Trends {
    /// What bursts, the strongest first.
    pub(crate) bursts: Vec<Trend>,
    /// What was liked most among the latest actions, the most liked first.
    pub(crate) popular: Vec<ItemIx>,
}

impl TrendCache {
    /// The trends as of the view, at most [`GOOD_FOR_SECS`] old. A query that goes back in time, and
    /// one about another world, gets its own.
    pub(crate) fn get(&self, view: &View<'_>) -> Arc<Trends> {
        let (now, applied) = (view.now(), view.world().applied());
        let mut cached = self.0.lock();
        if let Some(computed) = &*cached
            && computed.applied <= applied
            && (computed.now..=computed.now.saturating_add(GOOD_FOR_SECS)).contains(&now)
            && (applied - computed.applied < 1000 || computed.now == now)
        {
            return Arc::clone(&computed.trends);
        }
        let trends = Arc::new(compute(view));
        *cached = Some(Computed { now, applied, trends: Arc::clone(&trends) });
        trends
    }
}

fn compute(view: &View<'_>) -> Trends {
    let mut counts: FxHashMap<ItemIx, u32> = FxHashMap::default();
    for activity in view.activity() {
        *counts.entry(activity.item).or_default() += 1;
    }
    counts.retain(|&item, _| view.is_visible(item));
    let burst = |&item: &ItemIx| {
        let heat = &view.facts(item).heat;
        Trend { item, score: heat.burst(view.now()) + 0.1 * heat.long(view.now()).ln_1p() }
    };
    let mut bursts: Vec<Trend> = counts.keys().map(burst).filter(|trend| trend.score > 0.0).collect();
    bursts.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    bursts.truncate(KEPT);
    let mut popular: Vec<(u32, ItemIx)> = counts.into_iter().map(|(item, count)| (count, item)).collect();
    popular.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    popular.truncate(KEPT);
    Trends { bursts, popular: popular.into_iter().map(|(_, item)| item).collect() }
}
