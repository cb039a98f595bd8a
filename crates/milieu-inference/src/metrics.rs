//! What happened to requests and batches: counters that many threads add to and anybody reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of a histogram's buckets, in microseconds; a last bucket takes what is above them all.
pub const BOUNDS_MICROSECONDS: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];
const BUCKETS: usize = BOUNDS_MICROSECONDS.len() + 1;

/// Durations in buckets.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    microseconds: AtomicU64,
}

impl Histogram {
    pub(crate) fn add(&self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS_MICROSECONDS.partition_point(|bound| *bound < microseconds);
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    fn read(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            counts: self.buckets.each_ref().map(|count| count.load(Ordering::Relaxed)),
            microseconds: self.microseconds.load(Ordering::Relaxed),
        }
    }
}

/// A histogram at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistogramSnapshot {
    /// How many durations fell into each bucket (not cumulative): at most its bound in
    /// [`BOUNDS_MICROSECONDS`] and above the one before; the last is above all.
    pub counts: [u64; BUCKETS],
    /// The sum of the durations, in microseconds.
    pub microseconds: u64,
}

impl HistogramSnapshot {
    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their mean; zero where there are none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_micros(self.microseconds.checked_div(self.count()).unwrap_or(0))
    }
}

/// The counters of one version. What is counted is in [`MetricsSnapshot`].
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) requests: AtomicU64,
    pub(crate) invalid: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) waiting: Histogram,
    pub(crate) running: Histogram,
}

/// The counters of one version at one moment. `requests` is the sum of the six after it and of those under
/// way. Shadow copies count like other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MetricsSnapshot {
    /// Requests handed in.
    pub requests: u64,
    /// Whose tensors are no input of the model.
    pub invalid: u64,
    /// Refused since all permits were taken, or the version was closed.
    pub refused: u64,
    /// That waited too long and were not run.
    pub timed_out: u64,
    /// Whose caller went away before they were run.
    pub abandoned: u64,
    /// Answered.
    pub answered: u64,
    /// On which the model failed.
    pub failed: u64,
    /// Runs of the engine.
    pub batches: u64,
    /// Rows in all runs together; divided by `batches` it is the mean size of a batch.
    pub rows: u64,
    /// How long each request that was run had waited.
    pub waiting: HistogramSnapshot,
    /// How long each run took.
    pub running: HistogramSnapshot,
}

impl Metrics {
    pub(crate) fn read(&self) -> MetricsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MetricsSnapshot {
            requests: read(&self.requests),
            invalid: read(&self.invalid),
            refused: read(&self.refused),
            timed_out: read(&self.timed_out),
            abandoned: read(&self.abandoned),
            answered: read(&self.answered),
            failed: read(&self.failed),
            batches: read(&self.batches),
            rows: read(&self.rows),
            waiting: self.waiting.read(),
            running: self.running.read(),
        }
    }

    /// How long a run takes, on average.
    pub(crate) fn mean_run(&self) -> Duration {
        self.running.read().mean()
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_buckets() {
        fn check(microseconds: u64, bucket: usize) {
            let histogram = Histogram::default();
            histogram.add(Duration::from_micros(microseconds));
            let read = histogram.read();
            assert_eq!(read.counts[bucket], 1, "{microseconds}");
            assert_eq!((read.count(), read.mean()), (1, Duration::from_micros(microseconds)));
        }
        check(0, 0);
        check(100, 0);
        check(101, 1);
        check(10_000_000, BUCKETS - 2);
        check(10_000_001, BUCKETS - 1);
        assert_eq!(HistogramSnapshot::default().mean(), Duration::ZERO);
    }
}
