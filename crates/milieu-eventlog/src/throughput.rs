//! A measurement of durable appends, for the benchmark command.

use crate::{Entry, Log, LogError, LogOptions};
use milieu_types::{Event, EventKind, Id, IdError, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What to append.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Callers, each with one batch under way at a time.
    pub threads: usize,
    /// Events a batch.
    pub batch: usize,
    /// Events in all; rounded down to whole batches of every caller.
    pub events: usize,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// Events acknowledged.
    pub events: u64,
    /// From the first append to the last acknowledgement.
    pub elapsed: Duration,
    /// Groups committed, which is the number of syncs.
    pub groups: u64,
}

impl Throughput {
    /// Events acknowledged a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Appends likes with ids of their own to a new log in `dir`.
///
/// # Errors
/// When the log cannot be opened; an append that fails is not counted in [`Throughput::events`].
pub fn measure_throughput(dir: &Path, load: Load) -> Result<Throughput, LogError> {
    let groups = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&groups);
    let log = Log::open(dir, &LogOptions::default())?;
    let writer = log.start(Box::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    }))?;
    let batches = load.events / (load.threads * load.batch).max(1);
    let stored = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..load.threads {
            let (writer, stored) = (&writer, &stored);
            scope.spawn(move || {
                for number in 0..batches {
                    let events = (0..load.batch).map(|k| like(thread, number * load.batch + k));
                    let Ok(entries) = events.collect::<Result<Vec<_>, _>>() else { return };
                    if let Ok(outcomes) = writer.append(entries) {
                        stored.fetch_add(outcomes.len() as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let elapsed = start.elapsed();
    writer.close()?;
    Ok(Throughput { events: stored.into_inner(), elapsed, groups: groups.load(Ordering::Relaxed) })
}

fn like(thread: usize, number: usize) -> Result<Entry, IdError> {
    let event = Event {
        id: Some(Id::new(format!("e{thread}-{number}"))?),
        kind: EventKind::Like,
        actor: Id::new(format!("user{}", number % 10_007))?,
        object: Id::new(format!("item{}", number % 100_003))?,
        target: None,
        value: None,
        at: Timestamp::from_millis(1_795_507_200_000 + number as i64),
        context: None,
    };
    Ok(Entry::Event { event, at_given: true })
}
