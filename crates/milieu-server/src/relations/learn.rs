//! Learning the strength of ties from a data directory's own log.

use super::KeptModel;
use crate::config::LogConfig;
use crate::store::open_log;
use milieu_eventlog::LogError;
use milieu_people::ties::{FitError, HORIZON_DAYS, Later, Lesson, Past, Reliability, TieModel, reliability};
use milieu_types::{Record, Timestamp};
use milieu_world::{Secs, World, secs};
use std::path::Path;

/// The most users whose ties are learnt from.
const USERS: usize = 20_000;
/// Days before the end of the log at which is learnt; at the first of them it is measured.
const CUTS: [u32; 4] = [30, 60, 75, 90];
/// How strongly the coefficients are drawn to those that come along.
const PULL: f64 = 1.0;

/// What was learnt of the strength of ties.
#[derive(Debug, Clone)]
pub struct LearntTies {
    /// The coefficients, learnt from all times.
    pub model: KeptModel,
    /// Directions of ties that they were learnt from; one counts once for each time.
    pub ties: usize,
    /// Interactions that came after.
    pub interactions: u64,
    /// What coefficients learnt from the earlier times let one expect of the last 30 days, beside what came.
    pub measured: Reliability,
    /// The same of the coefficients that come along.
    pub before: Reliability,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log does not go back far enough.
    #[error("the log has to go back more than {least} days; it goes back {0}", least = 2 * HORIZON_DAYS)]
    TooYoung(u32),
    /// There is nothing to learn from.
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// When what a record tells of was; `None` where it tells of no time that matters.
fn time(record: &Record) -> Option<Secs> {
    let at: Timestamp = match record {
        Record::Event(event) => event.at,
        Record::PutItem(item) => item.at,
        _ => return None,
    };
    Some(secs(at))
}

/// Learns from the log, which nobody else may have open. `progress` hears how many records are done and how many there are.
///
/// Features are read as of 90, 75, 60 and 30 days before its end, as far as it goes back, and what is learnt is how much came
/// in the 30 days after each. What was learnt from the earlier times is measured at the last one.
///
/// # Errors
/// [`LearnError`].
pub fn learn_ties(
    data: &Path,
    config: &LogConfig,
    mut progress: impl FnMut(u64, u64),
) -> Result<LearntTies, LearnError> {
    let log = open_log(data, config)?;
    let (mut first, mut end) = (Secs::MAX, 0);
    for entry in log.replay(1)? {
        if let Some(at) = time(&entry?.1) {
            (first, end) = (first.min(at), end.max(at));
        }
    }
    let cuts: Vec<Secs> =
        CUTS.iter().rev().map(|days| end.saturating_sub(days * 86_400)).filter(|cut| *cut > first).collect();
    if cuts.len() < 2 {
        return Err(LearnError::TooYoung(end.saturating_sub(first) / 86_400));
    }
    let total = log.last_seq();
    let (mut world, mut open) = (World::new(), Vec::<(Past, Later)>::new());
    for entry in log.replay(1)? {
        let (seq, record) = entry?;
        while let Some(&cut) = cuts.get(open.len()).filter(|cut| time(&record) > Some(**cut)) {
            open.push((Past::of(&world.view(cut), USERS), Later::after(cut)));
        }
        open.iter_mut().for_each(|(_, later)| later.note(&world, &record));
        world.apply(seq, &record);
        if seq % 10_000 == 0 {
            progress(seq, total);
        }
    }
    let mut lessons: Vec<Lesson> = open.into_iter().map(|(past, later)| past.lesson(later)).collect();
    let last = lessons.pop().unwrap_or_default();
    let known = TieModel::default();
    let table = |model: &TieModel| {
        reliability(last.samples.iter().map(|sample| (model.expected(&sample.features), sample.count)))
    };
    let earlier = Lesson::joined(lessons);
    let measured = table(&earlier.learn(&known, PULL)?.model);
    let before = table(&known);
    let all = Lesson::joined([earlier, last.clone()]);
    let learnt = all.learn(&known, PULL)?;
    Ok(LearntTies {
        model: KeptModel::from(&learnt.model),
        ties: all.samples.len(),
        interactions: all.samples.iter().map(|sample| u64::from(sample.count)).sum(),
        measured,
        before,
    })
}
