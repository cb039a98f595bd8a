//! Replay of a log through the whole feed: learn from the past, then ask for feeds as of each user's
//! next visits and look whether what the user did next was in them.

use crate::eval::{Interval, bootstrap};
use crate::learn::{Incumbent, LearnError, Learnt, learn};
use crate::{Progress, TrainConfig};
use milieu_feed::{ActionScorer, Collaborative, Engine, FeedConfig, FeedQuery, Models};
use milieu_types::{Event, Record, Seq, Timestamp};
use milieu_world::{ItemIx, Taste, UserIx, View, World, secs};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a replay goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayConfig {
    /// The share of the positive interactions, latest in the log, that is replayed; above 0 and below 1.
    pub test_share: f64,
    /// After how many positive interactions of a user a feed is asked for again, and how many of the
    /// next ones are looked for in it; at least 1.
    pub every: usize,
    /// The most feeds asked for a user.
    pub most_queries: usize,
    /// The most users; drawn by the order of their ids' hashes where there are more.
    pub users: usize,
    /// The length of a feed, 1 to 100.
    pub k: usize,
    /// The settings of training.
    pub train: TrainConfig,
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self {
            test_share: 0.2,
            every: 10,
            most_queries: 20,
            users: 2000,
            k: 20,
            train: TrainConfig::default(),
        }
    }
}

/// One way to make a feed, measured: means over users with the middle 95% of resampled means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SystemReport {
    /// `feed`, `collaborative` (the one model alone), `popularity` or `chronological`.
    pub system: &'static str,
    /// `hit_rate`, `recall` and `ndcg`.
    pub metrics: BTreeMap<&'static str, Interval>,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Users asked for.
    pub users: usize,
    /// Feeds asked for.
    pub queries: usize,
    /// Users who had no positive interaction before their first feed.
    pub cold_users: usize,
    /// The length of a feed.
    pub k: usize,
    /// What served: the collaborative model's choice and the action model's figures, or why there was none.
    pub models: BTreeMap<&'static str, String>,
    /// The systems, the whole pipeline first.
    pub systems: Vec<SystemReport>,
    /// By how much the pipeline's NDCG lies above each other system's, user by user.
    pub ndcg_gain: BTreeMap<&'static str, Interval>,
    /// Entries of the pipeline's feeds by the source that proposed them.
    pub sources: BTreeMap<&'static str, u64>,
}

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Nothing can be learnt.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A setting of the feed.
    #[error(transparent)]
    Feed(#[from] milieu_feed::ConfigError),
    /// The feed refused a query.
    #[error(transparent)]
    Query(#[from] milieu_feed::FeedError),
    /// Nobody did anything positive in the replayed part.
    #[error("the replayed part holds no positive interaction")]
    NothingToReplay,
}

const SYSTEMS: [&str; 5] = ["feed", "collaborative", "next", "popularity", "chronological"];

/// Replays records in the order of a log.
///
/// # Errors
/// [`ReplayError`].
pub fn replay(
    records: &[Record],
    config: &ReplayConfig,
    progress: impl FnMut(Progress),
) -> Result<ReplayReport, ReplayError> {
    let all = records.iter().filter_map(positive).count();
    let past = all - (all as f64 * config.test_share.clamp(0.01, 0.99)) as usize;
    let split = position(records, past, |record| positive(record).is_some());
    if records[split..].iter().filter_map(positive).next().is_none() {
        return Err(ReplayError::NothingToReplay);
    }
    let numbered =
        records[..split].iter().enumerate().map(|(place, record)| Ok((place as Seq + 1, record.clone())));
    let learnt = learn::<LearnError>(numbered, split as u64, &Incumbent::default(), &config.train, progress)?;
    let mut models_report = BTreeMap::new();
    let models = models(&learnt, &mut models_report)?;
    let engine = Engine::new(FeedConfig::default())?;
    engine.set_models(models);
    let mut run = Run::new(config, &records[split..]);
    let mut world = learnt.gathered.into_world();
    for event in records[..split].iter().filter_map(positive) {
        run.popularity.count(&world, event.object.as_str());
    }
    for (place, record) in records[split..].iter().enumerate() {
        if let Some(event) = positive(record) {
            run.before(&world, &engine, place, event.actor.as_str(), event.at)?;
        }
        world.apply((split + place) as Seq + 1, record);
        if let Some(event) = positive(record) {
            run.popularity.count(&world, event.object.as_str());
        }
    }
    Ok(run.report(models_report))
}

/// The event of a positive interaction.
fn positive(record: &Record) -> Option<&Event> {
    match record {
        Record::Event(event) => event.kind.action().filter(|action| action.is_positive()).map(|_| event),
        _ => None,
    }
}

/// The place after the first `count` records that are `wanted`.
fn position(records: &[Record], count: usize, wanted: impl Fn(&Record) -> bool) -> usize {
    let mut left = count;
    records
        .iter()
        .position(|record| {
            if left == 0 && wanted(record) {
                return true;
            }
            left -= usize::from(wanted(record));
            false
        })
        .unwrap_or(records.len())
}

fn models(learnt: &Learnt, report: &mut BTreeMap<&'static str, String>) -> Result<Models, LearnError> {
    let mut models = Models::default();
    match &learnt.collaborative {
        Ok((choice, trained)) => {
            report.insert("collaborative", choice.candidate.model.name().to_owned());
            let world = learnt.gathered.world();
            let bound = Collaborative::bind("replay".into(), trained.served.clone(), &trained.items, world);
            models.collaborative = Some(bound);
        }
        Err(reason) => drop(report.insert("collaborative", format!("none: {reason}"))),
    }
    match &learnt.next {
        Ok(trained) => {
            let [(_, ndcg), (_, bar), ..] = trained.metrics;
            report.insert("next", format!("NDCG {ndcg:.4}, popularity {bar:.4}"));
            if trained.beats_popularity {
                models.next = Some(trained.bind("replay", learnt.gathered.world())?);
            }
        }
        Err(reason) => drop(report.insert("next", format!("none: {reason}"))),
    }
    match &learnt.actions {
        Ok(trained) if trained.is_better => {
            let auc = trained.metrics.get("auc").copied().unwrap_or_default();
            report.insert("actions", format!("learnt, mean AUC {auc:.3}"));
            if let Ok(scorer) = ActionScorer::learnt("replay", trained.model.clone()) {
                models.actions = scorer;
            }
        }
        Ok(_) => drop(report.insert("actions", "prior: what was learnt was not better".to_owned())),
        Err(reason) => drop(report.insert("actions", format!("prior: {reason}"))),
    }
    Ok(models)
}

/// Positive actions of everybody on each item, kept while the log goes by.
#[derive(Default)]
struct Popularity {
    counts: FxHashMap<ItemIx, u32>,
}

impl Popularity {
    fn count(&mut self, world: &World, item: &str) {
        if let Some(item) = world.item(item) {
            *self.counts.entry(item).or_default() += 1;
        }
    }

    fn top(&self, count: usize, allowed: impl Fn(ItemIx) -> bool) -> Vec<ItemIx> {
        let mut items: Vec<(u32, ItemIx)> =
            self.counts.iter().map(|(&item, &n)| (n, item)).filter(|&(_, item)| allowed(item)).collect();
        let order = |a: &(u32, ItemIx), b: &(u32, ItemIx)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        if items.len() > count {
            items.select_nth_unstable_by(count, order);
            items.truncate(count);
        }
        items.sort_by(order);
        items.into_iter().map(|(_, item)| item).collect()
    }
}

/// What one user did in the replayed part: places in it and items, in order.
type Deeds<'r> = Vec<(usize, &'r str)>;

#[derive(Default)]
struct User {
    done: usize,
    queries: usize,
    /// Sums of hit rate, recall and NDCG, by system.
    sums: [[f64; 3]; SYSTEMS.len()],
}

struct Run<'r> {
    config: &'r ReplayConfig,
    deeds: FxHashMap<&'r str, Deeds<'r>>,
    users: BTreeMap<&'r str, User>,
    popularity: Popularity,
    cold: usize,
    sources: BTreeMap<&'static str, u64>,
}

impl<'r> Run<'r> {
    fn new(config: &'r ReplayConfig, records: &'r [Record]) -> Self {
        let mut deeds: FxHashMap<&str, Deeds<'_>> = FxHashMap::default();
        for (place, event) in records.iter().enumerate().filter_map(|(p, r)| Some((p, positive(r)?))) {
            deeds.entry(event.actor.as_str()).or_default().push((place, event.object.as_str()));
        }
        // A draw that does not depend on who came first: by a hash of the id.
        let mut ids: Vec<&str> = deeds.keys().copied().collect();
        ids.sort_unstable_by_key(|id| (hash(id), *id));
        ids.truncate(config.users);
        let users = ids.into_iter().map(|id| (id, User::default())).collect();
        Self { config, deeds, users, popularity: Popularity::default(), cold: 0, sources: BTreeMap::new() }
    }

    /// A positive interaction is about to come: the moment before it, the user opened the feed.
    fn before(
        &mut self,
        world: &World,
        engine: &Engine,
        place: usize,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), ReplayError> {
        let (Some(user), Some(deeds)) = (self.users.get_mut(actor), self.deeds.get(actor)) else {
            return Ok(());
        };
        let due = user.done.is_multiple_of(self.config.every) && user.queries < self.config.most_queries;
        user.done += 1;
        if !due {
            return Ok(());
        }
        let view = world.view(secs(at));
        let number = world.user(actor);
        let unmet =
            |item: ItemIx| view.is_visible(item) && number.is_none_or(|user| !view.has_met(user, item));
        let next = deeds.iter().skip_while(|(deed, _)| *deed < place).take(self.config.every);
        let wanted: FxHashSet<ItemIx> =
            next.filter_map(|(_, item)| world.item(item)).filter(|&item| unmet(item)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        if user.queries == 0 && number.is_none_or(|user| view.history(user).next().is_none()) {
            self.cold += 1;
        }
        user.queries += 1;
        let query = FeedQuery { limit: self.config.k, ..FeedQuery::default() };
        let page = engine.feed(&view, actor, &query, at)?;
        for entry in &page.entries {
            *self.sources.entry(entry.source.name()).or_default() += 1;
        }
        let [collaborative, next] = alone(&view, engine, number, self.config.k, unmet);
        let lists = [
            page.entries.iter().map(|entry| entry.item).collect(),
            collaborative,
            next,
            self.popularity.top(self.config.k, unmet),
            chronological(&view, self.config.k, unmet),
        ];
        for (sums, list) in user.sums.iter_mut().zip(&lists) {
            for (sum, value) in sums.iter_mut().zip(measure(list, &wanted, self.config.k)) {
                *sum += value;
            }
        }
        Ok(())
    }

    fn report(self, models: BTreeMap<&'static str, String>) -> ReplayReport {
        let users: Vec<&User> = self.users.values().filter(|user| user.queries > 0).collect();
        let values = |system: usize, metric: usize| -> Vec<f64> {
            users.iter().map(|user| user.sums[system][metric] / user.queries as f64).collect()
        };
        let metrics = |system| {
            let names = ["hit_rate", "recall", "ndcg"].into_iter().enumerate();
            names.map(|(metric, name)| (name, bootstrap(&values(system, metric), 1))).collect()
        };
        let gain = |system: usize| {
            let own = values(0, 2);
            let paired: Vec<f64> = own.iter().zip(values(system, 2)).map(|(a, b)| a - b).collect();
            (SYSTEMS[system], bootstrap(&paired, 1))
        };
        ReplayReport {
            users: users.len(),
            queries: users.iter().map(|user| user.queries).sum(),
            cold_users: self.cold,
            k: self.config.k,
            models,
            systems: (0..SYSTEMS.len())
                .map(|system| SystemReport { system: SYSTEMS[system], metrics: metrics(system) })
                .collect(),
            ndcg_gain: (1..SYSTEMS.len()).map(gain).collect(),
            sources: self.sources,
        }
    }
}

fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Each model that proposes alone: the collaborative one, by the newest of the user's history, and the next-item
/// model.
fn alone(
    view: &View<'_>,
    engine: &Engine,
    user: Option<UserIx>,
    count: usize,
    allowed: impl Fn(ItemIx) -> bool,
) -> [Vec<ItemIx>; 2] {
    let (taste, models) = (Taste::gather(view, user), engine.models());
    let collaborative = models.collaborative.as_ref().map(|model| model.recommend(&taste, count * 20));
    let next = models.next.as_ref().map(|model| model.best(&taste).iter().map(|&(item, _)| item).collect());
    [collaborative, next].map(|items: Option<Vec<ItemIx>>| {
        items.unwrap_or_default().into_iter().filter(|&item| allowed(item)).take(count).collect()
    })
}

fn chronological(view: &View<'_>, count: usize, allowed: impl Fn(ItemIx) -> bool) -> Vec<ItemIx> {
    view.newest().filter(|&item| allowed(item)).take(count).collect()
}

/// Hit rate, recall and NDCG of a list of at most `k`.
fn measure(list: &[ItemIx], wanted: &FxHashSet<ItemIx>, k: usize) -> [f64; 3] {
    let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let hits: Vec<usize> = list
        .iter()
        .take(k)
        .enumerate()
        .filter(|(_, item)| wanted.contains(item))
        .map(|(rank, _)| rank)
        .collect();
    let ideal: f64 = (0..k.min(wanted.len())).map(gain).sum();
    let found: f64 = hits.iter().map(|&rank| gain(rank)).sum();
    [
        f64::from(u8::from(!hits.is_empty())),
        hits.len() as f64 / wanted.len().max(1) as f64,
        if ideal > 0.0 { found / ideal } else { 0.0 },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_by_hand() {
        let wanted: FxHashSet<ItemIx> = [ItemIx(1), ItemIx(2)].into_iter().collect();
        let list = [ItemIx(7), ItemIx(1), ItemIx(8)];
        let [hit, recall, ndcg] = measure(&list, &wanted, 3);
        assert_eq!((hit, recall), (1.0, 0.5));
        let expected = (1.0 / 3f64.log2()) / (1.0 + 1.0 / 3f64.log2());
        assert!((ndcg - expected).abs() < 1e-12);
        assert_eq!(measure(&[], &wanted, 3), [0.0; 3]);
    }

    #[test]
    fn nothing_to_replay_is_said() {
        let error = replay(&[], &ReplayConfig::default(), |_| ());
        assert!(matches!(error, Err(ReplayError::NothingToReplay)));
    }
}
