//! The bounded queue of one version.

use super::pending::Reply;
use crate::Tensor;
use crate::join::same_shapes;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request that waits.
pub(super) struct Job {
    pub(super) inputs: Arc<Vec<Tensor>>,
    pub(super) rows: usize,
    pub(super) since: Instant,
    pub(super) deadline: Option<Instant>,
    pub(super) reply: Reply,
}

/// Why a request is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Full,
    Closed,
}

/// Requests in the order in which they came, each holding a permit until it is answered.
pub(super) struct Queue {
    permits: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// Requests that were taken out and are not answered yet.
    running: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(permits: NonZeroUsize) -> Self {
        let state = State { jobs: VecDeque::new(), running: 0, closed: false };
        Self { permits: permits.get(), state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn push(&self, job: Job) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refusal::Closed);
        }
        if state.jobs.len() + state.running >= self.permits {
            return Err(Refusal::Full);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes no more requests; those that wait can still be taken out.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }

    /// Gives back the permit of a request that was taken out.
    pub(super) fn release(&self) {
        let mut state = self.state.lock();
        state.running = state.running.saturating_sub(1);
    }

    /// Waits for requests and takes those of the next run out: the oldest, and others of its shape that fit
    /// into `most_rows` with it. Waits until `most_wait` after the oldest came for the batch to fill,
    /// unless requests of another shape, which this run does not help, wait too. `None` when the queue is
    /// closed and empty.
    pub(super) fn take(&self, most_rows: usize, most_wait: Duration) -> Option<Vec<Job>> {
        let mut state = self.state.lock();
        loop {
            let Some(oldest) = state.jobs.front() else {
                if state.closed {
                    return None;
                }
                self.changed.wait(&mut state);
                continue;
            };
            let until = oldest.since.checked_add(most_wait);
            let (rows, alike) = state.alike();
            let waits = rows < most_rows && alike == state.jobs.len() && !state.closed;
            match until {
                Some(until) if waits && Instant::now() < until => {
                    self.changed.wait_until(&mut state, until);
                }
                _ => return Some(state.take(most_rows)),
            }
        }
    }
}

impl State {
    /// Rows and number of the requests that have the oldest one's shape.
    fn alike(&self) -> (usize, usize) {
        let Some(oldest) = self.jobs.front() else { return (0, 0) };
        let alike = self.jobs.iter().filter(|job| same_shapes(&job.inputs, &oldest.inputs));
        alike.fold((0, 0), |(rows, count), job| (rows + job.rows, count + 1))
    }

    fn take(&mut self, most_rows: usize) -> Vec<Job> {
        let mut taken: Vec<Job> = Vec::new();
        let mut rows = 0;
        let mut left = VecDeque::with_capacity(self.jobs.len());
        for job in self.jobs.drain(..) {
            let fits = match taken.first() {
                None => true,
                Some(oldest) => rows + job.rows <= most_rows && same_shapes(&job.inputs, &oldest.inputs),
            };
            if fits {
                rows += job.rows;
                taken.push(job);
            } else {
                left.push_back(job);
            }
        }
        self.jobs = left;
        self.running += taken.len();
        taken
    }
}
