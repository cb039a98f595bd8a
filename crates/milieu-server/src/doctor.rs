//! What can be learnt from the data of a directory, and what is missing.

use crate::config::LogConfig;
use crate::store::Store;
use milieu_eventlog::LogError;
use milieu_types::{Action, Record, Timestamp};
use milieu_world::{ItemIx, UserIx};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// The figures of a data directory.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Records in the log.
    pub records: u64,
    /// Described users.
    pub users: usize,
    /// Described items.
    pub items: usize,
    /// Follow ties.
    pub follows: usize,
    /// Events by type.
    pub events: HashMap<&'static str, u64>,
    /// Positive actions on items.
    pub positives: u64,
    /// Users with at least one positive action.
    pub active_users: usize,
    /// Positive actions an active user, the median.
    pub median_positives: u32,
    /// The share of described users without a positive action.
    pub cold_users: f64,
    /// The share of described items without one.
    pub cold_items: f64,
    /// The share of all positive actions that the busiest user made.
    pub busiest_share: f64,
    /// The busiest user.
    pub busiest_user: Option<String>,
    /// Events dated later than the clock of this machine.
    pub future_events: u64,
    /// Events out of order by more than a day.
    pub late_events: u64,
    /// The share of items without an author.
    pub without_author: f64,
    /// The share of items without tags.
    pub without_tags: f64,
    /// Bytes of memory this process needs with the world in it.
    pub memory_bytes: u64,
    /// What to do about it, the most useful first.
    pub advice: Vec<String>,
}

const DAY_MILLIS: i64 = 86_400_000;

/// Reads everything and counts.
///
/// # Errors
/// [`LogError`].
pub fn examine(
    data: &Path,
    config: &LogConfig,
    now: Timestamp,
    progress: impl FnMut(u64, u64),
) -> Result<Report, LogError> {
    let store = Store::open(data, config, progress)?;
    let mut events: HashMap<&'static str, u64> = HashMap::new();
    let mut positives_of: HashMap<milieu_types::Id, u32> = HashMap::new();
    let (mut future, mut late, mut newest) = (0, 0, Timestamp::from_millis(i64::MIN));
    for entry in store.log.replay(1)? {
        let (_, record) = entry?;
        let (Record::Event(event) | Record::Undo { event, .. }) = record else { continue };
        *events.entry(event.kind.name()).or_default() += 1;
        future += u64::from(event.at > now);
        late += u64::from(event.at.millis().saturating_add(DAY_MILLIS) < newest.millis());
        newest = newest.max(event.at);
        if event.kind.action().is_some_and(Action::is_positive) {
            *positives_of.entry(event.actor).or_default() += 1;
        }
    }
    let world = &store.world;
    let view = world.view(u32::MAX);
    let size = world.size();
    let items: Vec<ItemIx> =
        (0..world.item_bound() as u32).map(ItemIx).filter(|&item| view.item(item).is_some()).collect();
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
    let items_with = |test: &dyn Fn(ItemIx) -> bool| items.iter().filter(|&&item| test(item)).count();
    let active = |user: &UserIx| world.user_id(*user).is_some_and(|id| positives_of.contains_key(id));
    let described = (0..world.user_bound() as u32).map(UserIx).filter(|&user| view.user(user).is_some());
    let cold_users = described.filter(|user| !active(user)).count();
    let positives: u64 = positives_of.values().map(|&count| u64::from(count)).sum();
    let busiest = positives_of.iter().max_by_key(|&(id, count)| (*count, id));
    let mut counts: Vec<u32> = positives_of.values().copied().collect();
    counts.sort_unstable();
    let mut report = Report {
        records: store.log.last_seq(),
        users: size.users,
        items: size.items,
        follows: size.follows,
        positives,
        active_users: counts.len(),
        median_positives: counts.get(counts.len() / 2).copied().unwrap_or(0),
        cold_users: share(cold_users, size.users),
        cold_items: share(items_with(&|item| view.facts(item).reception().positives == 0), items.len()),
        busiest_share: busiest.map_or(0.0, |(_, &count)| f64::from(count) / positives.max(1) as f64),
        busiest_user: busiest.map(|(id, _)| id.to_string()),
        future_events: future,
        late_events: late,
        without_author: share(items_with(&|item| view.facts(item).author.is_none()), items.len()),
        without_tags: share(items_with(&|item| view.facts(item).tags.is_empty()), items.len()),
        memory_bytes: resident_bytes(),
        events,
        advice: Vec::new(),
    };
    report.advice = advice(&report);
    Ok(report)
}

/// What to do about the figures.
fn advice(report: &Report) -> Vec<String> {
    let views = report.events.get("view").copied().unwrap_or(0);
    let rules: [(bool, String); 9] = [
        (report.records == 0, "There is no data yet: send users and items, then events, or use `milieu import`.".into()),
        (
            report.records > 0 && report.positives < 200,
            format!("{} positive actions are too few to learn tastes from (200 is the least): feeds come from follows, tags, trends and what is new.", report.positives),
        ),
        (
            report.positives > 0 && report.median_positives < 5,
            format!("Half of the active users have {} positive actions or fewer; 5 to 10 make taste reliable. Report clicks and dwell times too.", report.median_positives),
        ),
        (
            report.positives > 0 && views == 0,
            "No views are reported: the action model cannot know what was seen and passed over. Send `view` for what was shown.".into(),
        ),
        (
            report.cold_users > 0.5 && report.users > 0,
            format!("{:.0}% of the users did nothing yet: ask for interests when they join (`tags` of a user).", report.cold_users * 100.0),
        ),
        (
            report.without_tags > 0.5 && report.items > 0,
            format!("{:.0}% of the items have no tags, so new ones reach only followers: send `tags`.", report.without_tags * 100.0),
        ),
        (report.follows == 0 && report.users > 1, "There are no follow ties: send `follow` events if the app has them.".into()),
        (
            report.busiest_share > 0.1 && report.positives >= 1000,
            format!("One account made {:.0}% of all positive actions; if it is a bot, delete it.", report.busiest_share * 100.0),
        ),
        (
            report.future_events > 0,
            format!("{} events are dated in the future: the sender's clock is ahead.", report.future_events),
        ),
    ];
    rules.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
}

/// Resident memory of this process, 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
        .map_or(0, |kb| kb * 1024)
}
