//! What is bursting now, over everybody.

use milieu_types::Action;
use milieu_world::{ItemIx, Secs, View};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How long a list of trends is good for.
const GOOD_FOR_SECS: Secs = 1;
/// How long it may be used while another query computes it anew.
const USABLE_FOR_SECS: Secs = 10;
/// By how many records the world may go on before it is computed anew within its time.
const GOOD_FOR_RECORDS: u64 = 1000;
/// How many of the newest items are kept.
const NEWEST: usize = 1000;
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

/// What everybody does.
#[derive(Debug)]
pub(crate) struct Trends {
    /// What bursts, the strongest first.
    pub(crate) bursts: Vec<Trend>,
    /// What was liked most among the latest actions, the most liked first.
    pub(crate) popular: Vec<ItemIx>,
    /// The newest items, each with how often it was shown.
    pub(crate) newest: Vec<(ItemIx, u32)>,
    now: Secs,
    applied: u64,
}

/// The trends of the latest second anybody asked, shared by all queries.
#[derive(Debug, Default)]
pub(crate) struct TrendCache {
    latest: Mutex<Option<Arc<Trends>>>,
    /// Held by who computes them anew.
    computing: Mutex<()>,
}

impl TrendCache {
    /// The trends as of the view, at most [`GOOD_FOR_SECS`] old, or older for the moment that another
    /// query computes them anew. A query that goes back in time, and one about another world, gets its
    /// own.
    pub(crate) fn get(&self, view: &View<'_>) -> Arc<Trends> {
        let within = |trends: &Trends, most: Secs| {
            trends.applied <= view.world().applied()
                && (trends.now..=trends.now.saturating_add(most)).contains(&view.now())
        };
        let good = |trends: &Trends| {
            within(trends, GOOD_FOR_SECS)
                && (view.world().applied() - trends.applied < GOOD_FOR_RECORDS || trends.now == view.now())
        };
        let known = self.latest.lock().clone();
        let computing = match known {
            Some(trends) if good(&trends) => return trends,
            Some(trends) if within(&trends, USABLE_FOR_SECS) => match self.computing.try_lock() {
                Some(computing) => computing,
                None => return trends,
            },
            _ => self.computing.lock(),
        };
        // Whoever had to wait may find that it was done meanwhile.
        if let Some(trends) = self.latest.lock().clone().filter(|trends| good(trends)) {
            return trends;
        }
        let trends = Arc::new(compute(view));
        *self.latest.lock() = Some(Arc::clone(&trends));
        drop(computing);
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
    let shown = |item: ItemIx| (item, view.facts(item).counts[Action::View as usize]);
    Trends {
        bursts,
        popular: popular.into_iter().map(|(_, item)| item).collect(),
        newest: view.newest().take(NEWEST).map(shown).collect(),
        now: view.now(),
        applied: view.world().applied(),
    }
}
